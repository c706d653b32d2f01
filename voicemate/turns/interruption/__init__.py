"""Is a sound over the character's voice an interruption?"""
