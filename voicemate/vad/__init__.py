"""From sound to words: voice activity, utterances, whisper, evidence, end of turn."""
