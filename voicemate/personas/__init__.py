"""Characters: what they are, how they sound, where they are found."""
