"""Test sounds played by the speaker and recorded by the microphone."""
