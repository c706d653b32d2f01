"""The login service on Linux: the systemd user unit."""
