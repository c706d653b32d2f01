"""Whether a conversation can be heard and spoken on this machine, asked before anything else is loaded."""

from voicemate.audio.devices.device import Device, Direction
from voicemate.audio.devices.portaudio import PortAudio
from voicemate.config.schema import AudioSettings


def check_devices(wanted: AudioSettings) -> tuple[Device, Device]:
    """The microphone and the loudspeaker that a conversation would open. Waits for PortAudio.

    Raises:
        AudioError: there is no such microphone or loudspeaker, or no sound system at all.
    """
    host = PortAudio()
    return host.check(Direction.INPUT, wanted.input), host.check(Direction.OUTPUT, wanted.output)
