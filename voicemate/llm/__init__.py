"""The language model: prompts, the context window, and replies."""
