"""Long utterances in pieces that whisper can take, cut where no word is lost.

Whisper hears 30 s at most, and the time it takes grows with the sound. So while somebody speaks on, finished
pieces are cut off and transcribed already, and when they stop only the tail is left to do:

- at a pause, once the piece is long enough to give whisper a context (nothing is lost in a pause);
- else before it becomes too long, in the longest silence near its end;
- else, when there is none, at the quietest moment, and then both pieces hold the sound around the cut: whisper
  garbles words that are cut in half, so the words of the two are merged (``seams.join``).
"""

from dataclasses import dataclass
from itertools import groupby

from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.pcm import to_samples

_COMFORTABLE = to_samples(8_000)
"""A piece this long is cut off at the next pause."""

_WINDOW = to_samples(6_000)
"""The end of a piece that is searched for a place to cut it; never more than its second half."""

_SHORTEST_SILENCE = to_samples(64)
"""Blocks without a voice that count as a silence to cut in: two."""

_OVERLAP = to_samples(1_000)
"""Sound that two pieces share on each other when a voice was cut through: about three words."""


@dataclass(frozen=True, slots=True)
class BlockLevel:
    """What is known of one block.

    Attributes:
        ended: clock position of the sample after its last.
        voice: probability of a voice, 0 to 1.
        dbfs: its level.
    """

    ended: int
    voice: float
    dbfs: float


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece ends at ``ended`` and the next begins at ``began``: earlier, where a voice was cut through."""

    ended: int
    began: int

    @property
    def is_through_voice(self) -> bool:
        return self.began < self.ended


def is_worth_cutting(length: int) -> bool:
    """A piece of ``length`` samples that ends in a pause need not grow any longer."""
    return length >= _COMFORTABLE


def find_cut(blocks: list[BlockLevel], silence: float) -> Cut:
    """Where to cut a piece that became too long.

    Args:
        moments: the piece's blocks in order, at least a few seconds of them.
        silence: probability below which a block holds no voice.
    """
    window = blocks[-min(_WINDOW // BLOCK_SAMPLES, len(blocks) // 2) :]
    silences = [list(run) for quiet, run in groupby(window, lambda moment: moment.voice < silence) if quiet]
    longest = max(silences, key=len, default=[])
    if len(longest) * BLOCK_SAMPLES >= _SHORTEST_SILENCE:
        middle = longest[(len(longest) - 1) // 2].ended
        return Cut(middle, middle)
    middle = _quietest(window)
    return Cut(middle + _OVERLAP // 2, middle - _OVERLAP // 2)


def _quietest(window: list[BlockLevel]) -> int:
    """Middle of the quietest three blocks, far enough from the window's end for half the overlap to follow."""
    margin = -(-_OVERLAP // 2 // BLOCK_SAMPLES)
    inner = window[:-margin]
    triples = zip(inner, inner[1:], inner[2:], strict=False)
    _, middle, _ = min(triples, key=lambda triple: sum(moment.dbfs for moment in triple))
    return middle.ended - BLOCK_SAMPLES // 2
