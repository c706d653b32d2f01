"""``voicemate run``: the conversation without a terminal, kept up through whatever happens to the machine."""
