"""A pyttsx3 driver on a system without a speech engine."""


def buildDriver(proxy):
    raise RuntimeError("This means you probably do not have eSpeak or eSpeak-ng installed!")
