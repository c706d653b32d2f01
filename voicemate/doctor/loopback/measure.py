"""Measures the echo: plays a short test sound with the speaker and finds it in the microphone's recording."""

from dataclasses import dataclass

import numpy as np

from voicemate.audio.devices.device import is_headphones
from voicemate.audio.interfaces import Microphone, Speaker
from voicemate.core.pcm import CLOCK_HZ, AudioClip, level_dbfs, to_ms, to_samples
from voicemate.doctor.loopback.chirp import ChirpEcho, chirps, find_echo
from voicemate.doctor.loopback.play_and_record import RecordingWindow, play_and_record

WINDOW = RecordingWindow(before=to_samples(600), after=to_samples(2_600), max_length=to_samples(20_000))

TOO_LOUD_DB = -3.0
"""An echo above this is as loud as the user's voice."""

EASY_DELAY_MS = (0.0, 200.0)
"""Delays that the echo canceller handles without correction (``audio/aec/delay_estimator.py``)."""


@dataclass(frozen=True, slots=True)
class LoopbackResult:
    """The test sound in the microphone's recording.

    Attributes:
        microphone, speaker: names of the devices.
        echo: the test sound in the recording.
        noise_dbfs: the microphone's level before the sound.
        peak: the microphone's largest sample; 0 for digital silence, 1 for full scale.
    """

    microphone: str
    speaker: str
    echo: ChirpEcho
    noise_dbfs: float
    peak: float

    @property
    def delay_ms(self) -> float:
        """The delay of the echo."""
        return to_ms(self.echo.delay)

    @property
    def has_signal(self) -> bool:
        """The microphone delivers sound."""
        return self.peak > 0

    @property
    def is_good(self) -> bool:
        """The echo was found, and can be cancelled."""
        return self.has_signal and self.echo.detected and not self._warnings()

    def advice(self) -> list[str]:
        """What the result means and what to do, one sentence each, the most important first."""
        if not self.has_signal:
            return ["The microphone delivers only digital silence: check that it is allowed and not muted."]
        if not self.echo.detected:
            return [_NOT_DETECTED_HEADPHONES if is_headphones(self.speaker) else _NOT_DETECTED]
        return self._warnings() or ["The echo is found and will be cancelled."]

    def _warnings(self) -> list[str]:
        warnings: list[str] = []
        if self.peak >= 0.99:
            warnings.append("The microphone clips: turn its input level down.")
        if self.echo.gain_db > TOO_LOUD_DB:
            warnings.append("The echo is as loud as a voice: turn the speaker down, or move the microphone away.")
        if not EASY_DELAY_MS[0] <= self.delay_ms <= EASY_DELAY_MS[1]:
            warnings.append(
                "A device reports a wrong latency: this is corrected while the character speaks, from the third "
                "second on."
            )
        return warnings


_NOT_DETECTED_HEADPHONES = "The microphone does not pick up the headphones, as expected: there is no echo to cancel."
_NOT_DETECTED = (
    "The microphone does not pick up the speaker. This is normal with headphones; otherwise check that the "
    "speaker is on, and that both devices are the ones you want (`voicemate devices`)."
)


async def measure_loopback(microphone: Microphone, speaker: Speaker) -> LoopbackResult:
    """Play the chirps and find them in the recording; takes about six seconds. Opens and closes both devices.

    The delay is measured on the sample clock, from ``Speaker.aec_reference`` to the microphone's blocks. So it is
    what remains after the latency that the devices report.

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
