"""The hall where recognition, the language model and speech meet: session, turn, playback."""
