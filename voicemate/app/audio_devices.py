"""The microphone and the speaker of a conversation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from voicemate.audio.devices.portaudio import PortAudio
from voicemate.audio.input.microphone import LONG_BUFFERS_AFTER_S, WATCHDOG_LIMITS, DeviceMicrophone
from voicemate.audio.interfaces import Microphone, Speaker
from voicemate.audio.output.speaker import DeviceSpeaker
from voicemate.config.schema import Settings
from voicemate.core.clock import SampleClock


@dataclass(frozen=True, slots=True)
class AudioDevices:
    """The devices of a conversation, and the clock that they share.

    Attributes:
        host: owns PortAudio; None where the devices are not this machine's.
    """

    microphone: Microphone
    speaker: Speaker
    clock: SampleClock
    host: PortAudio | None = None

    def retry_missing(self) -> None:
        """Try to open a device again that is missing, since devices have come or gone."""
        for device in (self.microphone, self.speaker):
            if isinstance(device, DeviceMicrophone | DeviceSpeaker):
                device.retry()

    async def reopen(self) -> None:
        """Look for devices anew and open them again, since the system uses others now.

        Raises:
            AudioError: one of them is missing, refused or busy.
        """
        if self.host:
            await self.host.refresh_devices()


def audio_devices(settings: Settings, wait_for_devices: bool = False) -> AudioDevices:
    """Return this machine's own devices, not open yet.

    Args:
        wait_for_devices: wait without end for a microphone that was lost to come back.
    """
    host, clock = PortAudio(), SampleClock()
    limits = replace(WATCHDOG_LIMITS, max_attempts=None) if wait_for_devices else WATCHDOG_LIMITS
    # With the key alone the microphone is open for minutes at most, and each press must be recognized at once.
    long_buffers_after_s = LONG_BUFFERS_AFTER_S if settings.push_to_talk.hands_free else None
    microphone = DeviceMicrophone(host, clock, settings.audio.input, limits, long_buffers_after_s)
    return AudioDevices(microphone, DeviceSpeaker(host, clock, settings.audio.output), clock, host)


@asynccontextmanager
async def open_devices(devices: AudioDevices) -> AsyncIterator[None]:
    """Keep ``devices`` open while the body runs.

    Raises:
        AudioError: one of them is missing, refused or busy.
    """
    await devices.speaker.open()
    try:
        await devices.microphone.open()
        try:
            yield
        finally:
            await devices.microphone.close()
    finally:
        await devices.speaker.close()
