"""Devices: PortAudio and its thread, the system's notifications, and the watchdog."""
