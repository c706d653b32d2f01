"""Replays a recording: the same decisions again, or with other settings."""
