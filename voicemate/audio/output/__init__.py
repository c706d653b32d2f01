"""The speaker: the mixer, PortAudio's output callback, and the echo canceller's reference."""
