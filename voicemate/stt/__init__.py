"""Speech to text: whisper.cpp, its decoding, and the filter for what is not speech."""
