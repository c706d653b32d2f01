"""Splits a streaming reply into phrases: markup, sentence boundaries, stage directions."""
