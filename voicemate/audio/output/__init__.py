"""From a reply's PCM to the speaker's callback, and what of it is in the air when."""
