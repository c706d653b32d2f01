"""Text to speech: phrases, text normalization, and speech synthesizers."""
