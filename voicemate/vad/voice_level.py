"""How loud a voice is, and how far below that a block ends: what tells a voice that fades from a faint one."""

from voicemate.core.pcm import Pcm, level_dbfs

_PLAIN = 0.85
"""Probability of a voice from which a block's level is one of the voice."""

_DECAY_DB = 0.3
"""By which the level that is remembered falls with each such block: 9 dB a second."""


class VoiceLevel:
    """Follows the peaks of one voice. Deterministic."""

    def __init__(self) -> None:
        self._peak: float | None = None

    def drop_db(self, pcm: Pcm, dbfs: float, probability: float) -> float:
        """By how many dB the second half of the next block is below the voice's peaks; 0 before there is a voice.

        Args:
            pcm: the block.
            dbfs: its level.
            probability: of a voice in it.
        """
        if probability >= _PLAIN:
            self._peak = dbfs if self._peak is None else max(self._peak - _DECAY_DB, dbfs)
        return 0.0 if self._peak is None else max(0.0, self._peak - level_dbfs(pcm[len(pcm) // 2 :]))

    def reset(self) -> None:
        """The utterance is over: whoever speaks next may be louder or further away."""
        self._peak = None
