"""Voice activity detection: where a voice starts and pauses, and the audio of the current utterance."""
