"""The two protocols through which audio comes in and goes out.

Each has two implementations: the real device (``DeviceMicrophone``, ``DeviceSpeaker``) and the simulated room
(``voicemate.testing.simulated_room``). The conversation knows only these protocols.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from voicemate.core.errors import AudioError
from voicemate.core.pcm import CLOCK_HZ, AudioClip, Pcm

BLOCK_MS = 32
"""Length of a microphone block (ms): one Silero frame (512 samples at 16 kHz)."""
BLOCK_SAMPLES = CLOCK_HZ * BLOCK_MS // 1000

BLOCKS_PER_GROUP = 8
"""Blocks that come together while nobody speaks: a voice is noticed at most 224 ms later, its end as early as ever,
since no turn is over sooner after its first sample."""

AEC_REFERENCE_S = 5.0
"""For how long a speaker keeps what it played (s)."""


@dataclass(frozen=True, slots=True)
class Block:
    """Audio from the microphone.

    Attributes:
        at: clock position of its first sample.
        pcm: 16 kHz mono float32, shape ``[BLOCK_SAMPLES]``.
    """

    at: int
    pcm: Pcm

    @property
    def end(self) -> int:
        """Clock position behind its last sample."""
        return self.at + len(self.pcm)


HealthListener = Callable[[AudioError | None], None]
"""Called on the conversation's thread with a device's fault, and with None once the device works again."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where some queued audio lies in all that was ever queued, in samples at the speaker's rate.

    Audio that ``stop`` drops keeps its place, so that spans never overlap.
    """

    start: int
    end: int


class Microphone(Protocol):
    """Delivers the room's sound in blocks, on the conversation's thread."""

    @property
    def name(self) -> str:
        """The device's name."""
        ...

    def add_health_listener(self, listener: HealthListener) -> None:
        """Report faults to ``listener`` while the microphone is open. It keeps trying to come back."""
        ...

    async def open(self) -> None:
        """Open the device.

        Raises:
            AudioError: there is none, it was refused, or it is busy.
        """
        ...

    def blocks(self) -> AsyncIterator[Block]:
        """Blocks without gaps in ``at``; ends when the microphone is closed or its input has ended.

        What a faulty device does not deliver is filled with silence, so that time never stands still.

        Raises:
            AudioError: while iterating, when the device died and could not be brought back.
        """
        ...

    def set_grouping(self, grouped: bool) -> None:
        """Let blocks come in groups of ``BLOCKS_PER_GROUP``, for fewer wake-ups while nobody speaks; or one by one.

        What is delivered stays the same, and only comes later.
        """
        ...

    async def close(self) -> None:
        """Free the device; ``blocks`` ends."""
        ...


class Speaker(Protocol):
    """Plays queued audio without gaps and knows which sample is in the air.

    Positions count samples of queued audio only (never the silence between), at ``rate`` Hz. All methods but ``open``
    and ``close`` return at once, and all are called on the conversation's thread.
    """

    @property
    def name(self) -> str:
        """The device's name."""
        ...

    @property
    def rate(self) -> int:
        """Samples a second (Hz), fixed from the first ``open`` on."""
        ...

    def add_health_listener(self, listener: HealthListener) -> None:
        """Report faults to ``listener`` while the speaker is open. It keeps trying to come back."""
        ...

    async def open(self) -> None:
        """Open the device.

        Raises:
            AudioError: there is none, or it is busy.
        """
        ...

    async def close(self) -> None:
        """Free the device."""
        ...

    def wake(self) -> None:
        """End the suspension that a long silence brings: audio is about to come, and shall be heard at once."""
        ...

    def play(self, clip: AudioClip) -> Span:
        """Queue ``clip`` (resampled to ``rate``) behind what is queued already."""
        ...

    def position(self) -> int:
        """The sample that is leaving the speaker now; everything before it that was not dropped has been heard.

        After ``stop`` it stays where the audio ended, and goes on from the ``start`` of what is played next.
        """
        ...

    def idle(self) -> bool:
        """Whether nothing is queued and the last sample has left the speaker."""
        ...

    def stop(self, fade_ms: float = 20) -> None:
        """Fade out quickly and drop what is queued."""
        ...

    def pause(self, fade_ms: float = 20) -> None:
        """Fade out quickly and keep what is queued."""
        ...

    def resume(self, fade_ms: float = 20) -> None:
        """Go on at the very sample where ``pause`` stopped."""
        ...

    def duck(self, db: float, ramp_ms: float = 30) -> None:
        """Play ``db`` quieter (0 for full level) until the next call."""
        ...

    def aec_reference(self, begin: int, end: int) -> Pcm:
        """What really left the speaker from clock position ``begin`` to ``end``, all fades and gains in it.

        Best asked for each microphone block in order, which gives one stream without seams however the devices' own
        clocks differ. The last ``AEC_REFERENCE_S`` are kept.

        Returns:
            16 kHz mono, shape ``[end - begin]``; zeros where it was silent, and where it is not known (any more).
        """
        ...
