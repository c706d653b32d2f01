"""The microphone: PortAudio's input callback, streams that take turns, and blocks on the sample clock."""
