"""PortAudio, ALSA and what the system reports about sound devices."""
