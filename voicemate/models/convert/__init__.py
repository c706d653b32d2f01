"""Converts whisper weights to whisper.cpp's format."""
