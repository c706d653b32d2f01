"""The two protocols behind which sound comes in and goes out.

Each has two implementations from the first day: the real device (``microphone.py``, ``speaker.py``) and the
simulated room (``simulated_room.py``). The conversation knows only these.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from voicemate.core.errors import AudioError
from voicemate.core.pcm import CLOCK_HZ, AudioClip, Pcm

BLOCK_MS = 32
"""Length of a microphone block: one Silero frame (512 samples at 16 kHz)."""
BLOCK_SAMPLES = CLOCK_HZ * BLOCK_MS // 1000

BLOCKS_PER_GROUP = 8
"""Blocks that come together while nobody speaks: a voice is noticed at most 224 ms later, its end as early as ever,
since no turn is over sooner after its first sample."""

AEC_REFERENCE_S = 5.0
"""How far back a loudspeaker knows what it played."""


@dataclass(frozen=True, slots=True)
class Block:
    """Sound from the microphone.

    Attributes:
        at: clock position of its first sample.
        pcm: 16 kHz mono float32, shape ``[BLOCK_SAMPLES]``.
    """

    at: int
    pcm: Pcm

    @property
    def end(self) -> int:
        return self.at + len(self.pcm)


HealthListener = Callable[[AudioError | None], None]
"""Told on the conversation's thread what is wrong with a device, and None once it works again."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where some queued sound lies in all that was ever queued, in samples at the loudspeaker's rate.

    Sound that ``stop`` drops keeps its place, so that spans never overlap.
    """

    start: int
    end: int


class Microphone(Protocol):
    """Delivers the room's sound in blocks, on the conversation's thread."""

    @property
    def name(self) -> str: ...

    def add_health_listener(self, listener: HealthListener) -> None:
        """Have ``listener`` told of faults while the microphone is open (it keeps trying to come back)."""
        ...

    async def open(self) -> None:
        """Open the device.

        Raises:
            AudioError: there is none, it was refused, or it is busy.
        """
        ...

    def blocks(self) -> AsyncIterator[Block]:
        """Blocks without gaps in ``at``; ends when the microphone is closed or its sound is used up.

        What a faulty device does not deliver is filled with silence, so that time never stands still.

        Raises:
            AudioError: while iterating, when the device died and could not be brought back.
        """
        ...

    def set_grouping(self, relaxed: bool) -> None:
        """Nobody speaks, so that blocks may come in groups of ``GROUP``: fewer wake-ups; or again one by one.

        What is delivered stays the same, and only comes later.
        """
        ...

    async def close(self) -> None: ...


class Speaker(Protocol):
    """Plays queued sound without gaps and knows which sample is in the air.

    Positions count samples of queued sound only (never the silence between), at ``rate`` Hz. All methods but
    ``open`` and ``close`` return at once, and all are called on the conversation's thread.
    """

    @property
    def name(self) -> str: ...

    @property
    def rate(self) -> int:
        """Samples a second, fixed from the first ``open`` on."""
        ...

    def add_health_listener(self, listener: HealthListener) -> None:
        """Have ``listener`` told of faults while the loudspeaker is open (it keeps trying to come back)."""
        ...

    async def open(self) -> None:
        """Open the device.

        Raises:
            AudioError: there is none, or it is busy.
        """
        ...

    async def close(self) -> None: ...

    def wake(self) -> None:
        """Sound is about to come: leave the rest that long silence brings, so that ``play`` is heard at once."""
        ...

    def play(self, clip: AudioClip) -> Span:
        """Queue ``sound`` (resampled to ``rate``) behind what is queued already."""
        ...

    def position(self) -> int:
        """The sample that is leaving the loudspeaker now; everything before it that was not dropped has been heard.

        After ``stop`` it rests where the sound ended, and goes on from the ``start`` of what is played next.
        """
        ...

    def idle(self) -> bool:
        """Nothing is queued and the last sample has left the loudspeaker."""
        ...

    def stop(self, fade_ms: float = 20) -> None:
        """Fall silent with a short fade and drop what is queued."""
        ...

    def pause(self, fade_ms: float = 20) -> None:
        """Fall silent with a short fade and keep what is queued."""
        ...

    def resume(self, fade_ms: float = 20) -> None:
        """Go on at the very sample where ``pause`` stopped."""
        ...

    def duck(self, db: float, ramp_ms: float = 30) -> None:
        """Play ``db`` quieter (0 for full level) until told otherwise."""
        ...

    def aec_reference(self, begin: int, end: int) -> Pcm:
        """What really left the loudspeaker from clock position ``begin`` to ``end``, all fades and gains in it.

        Best asked for each microphone block in order, which gives one stream without seams however the devices'
        own clocks differ. The last ``FAR_KEPT_S`` are kept.

        Returns:
            16 kHz mono, shape ``[end - begin]``; zeros where it was silent, and where it is not known (any more).
        """
        ...
