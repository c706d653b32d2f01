"""Where the time of each turn went: numbers only, never a word."""
