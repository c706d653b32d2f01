"""From the microphone's callback to gap-free blocks on the sample clock."""
