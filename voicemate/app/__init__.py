"""Puts a conversation together from settings and runs it; single jobs (ask, say, transcribe)."""
