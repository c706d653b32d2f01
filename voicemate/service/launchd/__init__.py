"""The login service on macOS: launchd, Voicemate.app, the microphone permission."""
