"""Test sounds from the speaker through the air to the microphone."""
