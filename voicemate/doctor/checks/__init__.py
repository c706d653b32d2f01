"""What `voicemate doctor` checks, one subject a module."""
