"""The login service that launchd or systemd starts, and Voicemate.app, to which macOS grants the microphone."""
