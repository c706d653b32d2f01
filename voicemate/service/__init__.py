"""Login: the service that launchd or systemd starts, and Voicemate.app, to which macOS gives the microphone.

What is to be done is decided by pure procedures (``launchctl``, ``systemctl``) that a ``Machine`` carries out; what
is put on the disk goes through ``changes``, all of it or nothing.
"""
