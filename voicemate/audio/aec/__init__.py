"""Acoustic echo cancellation: AEC3, the echo's delay and its level."""
