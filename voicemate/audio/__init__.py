"""Microphone, speaker, echo cancellation and devices."""
