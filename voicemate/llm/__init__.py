"""From words to a reply: the prompt, the context, the language model."""
