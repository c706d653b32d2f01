"""The system's voices through pyttsx3, in a worker process."""
