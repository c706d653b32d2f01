"""Cuts long utterances into chunks for whisper, where no word is lost.

Whisper takes at most 30 s, and its run time grows with the audio. So chunks are cut off and transcribed while the
person is still speaking; when they stop, only the rest is left to transcribe. A chunk ends:

- at a pause, once it is long enough to give whisper context;
- otherwise, before it gets too long, in the longest silence near its end;
- otherwise in the quietest place near its end. Whisper garbles words that are cut in half, so both chunks then
  contain the audio around the cut, and ``stt.chunk_merge`` merges their words.
"""

from dataclasses import dataclass
from itertools import groupby

from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.pcm import to_samples

_COMFORTABLE = to_samples(8_000)
"""Samples: a chunk this long is cut off at the next pause."""

_WINDOW = to_samples(6_000)
"""Samples at the end of a chunk that are searched for a cut; never more than its second half."""

_SHORTEST_SILENCE = to_samples(64)
"""Samples without a voice that count as a silence to cut in: two blocks."""

_OVERLAP = to_samples(1_000)
"""Samples that two chunks share when a voice was cut through: about three words."""


@dataclass(frozen=True, slots=True)
class BlockLevel:
    """The voice probability and the level of one block.

    Attributes:
        ended: clock position after the block's last sample.
        voice: probability of a voice, 0 to 1.
        dbfs: the block's level.
    """

    ended: int
    voice: float
    dbfs: float


@dataclass(frozen=True, slots=True)
class Cut:
    """A chunk ends at ``ended`` and the next begins at ``began``, which is earlier where a voice was cut through."""

    ended: int
    began: int

    @property
    def is_through_voice(self) -> bool:
        """Whether the cut went through a voice, so that both chunks contain the audio around it."""
        """Whether the cut went through a voice, so that both chunks contain the audio around it."""
        return self.began < self.ended


def is_worth_cutting(length: int) -> bool:
    """Return whether a chunk of ``length`` samples that ends in a pause is long enough."""
    return length >= _COMFORTABLE


def find_cut(blocks: list[BlockLevel], silence: float) -> Cut:
    """Return where to cut a chunk that has become too long.

    Args:
        blocks: the chunk's blocks in order, at least a few seconds of them.
        silence: probability below which a block contains no voice.
    """
    window = blocks[-min(_WINDOW // BLOCK_SAMPLES, len(blocks) // 2) :]
    silences = [list(run) for quiet, run in groupby(window, lambda block: block.voice < silence) if quiet]
    longest = max(silences, key=len, default=[])
    if len(longest) * BLOCK_SAMPLES >= _SHORTEST_SILENCE:
        middle = longest[(len(longest) - 1) // 2].ended
        return Cut(middle, middle)
    middle = _quietest(window)
    return Cut(middle + _OVERLAP // 2, middle - _OVERLAP // 2)


def _quietest(window: list[BlockLevel]) -> int:
    """Return the middle of the quietest three blocks that leave room for half the overlap before the window's end."""
    margin = -(-_OVERLAP // 2 // BLOCK_SAMPLES)
    inner = window[:-margin]
    triples = zip(inner, inner[1:], inner[2:], strict=False)
    _, middle, _ = min(triples, key=lambda triple: sum(block.dbfs for block in triple))
    return middle.ended - BLOCK_SAMPLES // 2
