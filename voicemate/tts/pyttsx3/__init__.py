"""The system's voices by pyttsx3, in a helper process."""
