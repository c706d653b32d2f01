"""Rooms with an echo of the character."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from voicemate.testing.acoustics import AcousticPath, Acoustics

NOISE_DBFS = -60.0
"""A quiet room."""


@dataclass(frozen=True)
class Place:
    """A room and its devices' faults.

    Attributes:
        jump_ms: change of the delay every minute, back and forth.
    """

    name: str
    acoustics: Acoustics
    jump_ms: float = 0.0

    @property
    def echo(self) -> AcousticPath:
        assert self.acoustics.echo, "every place has an echo"
        return self.acoustics.echo

    def after(self, minutes: int) -> Acoustics:
        """Return the room after ``minutes``."""
        late = self.jump_ms if minutes % 2 else 0.0
        return replace(self.acoustics, echo=replace(self.echo, delay_ms=self.echo.delay_ms + late))


def places(levels: Iterable[float]) -> Iterator[Place]:
    """Return all rooms.

    Args:
        levels: of the echo at the microphone relative to what was played (dB).
    """
    for level in levels:
        room = AcousticPath(level, delay_ms=60, rt60_s=0.3, seed=1)
        yield Place("living room", Acoustics(room))
        yield Place("loudspeaker that saturates", Acoustics(room, clip=0.25))
        yield Place("bare room", Acoustics(replace(room, rt60_s=0.7, direct_db=-3)))
        yield Place("delay jumps by 40 ms each minute", Acoustics(room), jump_ms=40)
    room = AcousticPath(-20, delay_ms=60, rt60_s=0.3, seed=1)
    yield Place("clocks 50 ppm apart", Acoustics(room, drift_ppm=50))
