"""voicemate: talk, hands-free, to a character of your own on your own machine."""

__version__ = "0.1.0"
