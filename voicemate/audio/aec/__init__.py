"""Acoustic echo cancellation: takes the character's own voice out of the microphone."""
