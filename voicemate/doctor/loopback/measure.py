"""From the loudspeaker through the air to the microphone: plays a short test sound and listens for it."""

from dataclasses import dataclass

import numpy as np

from voicemate.audio.devices.headphones import is_headphones
from voicemate.audio.interfaces import Microphone, Speaker
from voicemate.core.pcm import CLOCK_HZ, AudioClip, level_dbfs, to_ms, to_samples
from voicemate.doctor.loopback.chirp import ChirpEcho, chirps, find_echo
from voicemate.doctor.loopback.play_and_record import RecordingWindow, play_and_record

WINDOW = RecordingWindow(before=to_samples(600), after=to_samples(2_600), max_length=to_samples(20_000))

TOO_LOUD_DB = -3.0
"""An echo that loud leaves a person little room."""

EASY_MS = (0.0, 200.0)
"""Delays that the echo canceller takes without correction (``delay_estimator.py``)."""


@dataclass(frozen=True, slots=True)
class LoopbackResult:
    """What the microphone heard of the loudspeaker.

    Attributes:
        microphone, loudspeaker: names of the devices.
        echo: the test sound in the recording.
        noise_dbfs: the microphone's level before the sound.
        peak: the largest sample the microphone delivered; 0 for digital silence, 1 for the end of its range.
    """

    microphone: str
    speaker: str
    echo: ChirpEcho
    noise_dbfs: float
    peak: float

    @property
    def delay_ms(self) -> float:
        return to_ms(self.echo.delay)

    @property
    def has_signal(self) -> bool:
        """The microphone delivers sound."""
        return self.peak > 0

    def advice(self) -> list[str]:
        """What it means and what to do, one sentence each, the most important first."""
        if not self.has_signal:
            return ["The microphone delivers only digital silence: check that it is allowed and not muted."]
        if not self.echo.detected:
            return [_NOT_HEARD_BY_DESIGN if is_headphones(self.speaker) else _NOT_HEARD]
        told = []
        if self.peak >= 0.99:
            told.append("The microphone is driven beyond its range: turn its input level down.")
        if self.echo.gain_db > TOO_LOUD_DB:
            told.append("The echo is as loud as a voice: turn the loudspeaker down, or move the microphone away.")
        if not EASY_MS[0] <= self.delay_ms <= EASY_MS[1]:
            told.append(
                "A device is mistaken about its delay: that is corrected while the character speaks, from the third "
                "second on."
            )
        return told or ["All is well: the echo is found and will be taken out."]


_NOT_HEARD_BY_DESIGN = "The microphone does not hear the headphones, as it should be: no echo is taken out."
_NOT_HEARD = (
    "The microphone does not hear the loudspeaker. With headphones that is as it should be; otherwise check that the "
    "loudspeaker is on, and that both devices are the ones you mean (`voicemate devices`)."
)


async def measure_loopback(microphone: Microphone, speaker: Speaker) -> LoopbackResult:
    """Play the chirps and listen; takes about six seconds. Opens and closes both devices.

    The delay is counted on the conversation's clock, from ``Loudspeaker.far`` to the microphone's blocks: what is
    left of it after both devices' own account of their latency.

    Raises:
        AudioError: a device is missing, refused or broken.
    """
    await speaker.open()
    try:
        await microphone.open()
        try:
            near, far = await play_and_record(microphone, speaker, AudioClip(chirps(), CLOCK_HZ), WINDOW)
        finally:
            await microphone.close()
    finally:
        await speaker.close()
    noise = near[to_samples(100) : WINDOW.before]
    return LoopbackResult(
        microphone.name,
        speaker.name,
        find_echo(far, near),
        level_dbfs(noise),
        float(np.max(np.abs(near))),
    )
