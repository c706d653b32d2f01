"""Blocks of sound in, utterances out: what the conversation calls for every block of the microphone.

Synchronous, deterministic and cheap (well under 1% of a core in silence, about 1% while somebody speaks), so it
runs on the conversation's own thread. Whisper is not in here: ``audio.py`` gives it the pieces.
"""

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.config.schema import VadSettings
from voicemate.core.pcm import Pcm, level_dbfs, to_samples
from voicemate.core.ring_buffer import RingBuffer
from voicemate.vad import chunker
from voicemate.vad.chunker import BlockLevel
from voicemate.vad.state_machine import VadStateMachine, VoicePaused, VoiceResumed, VoiceStarted, VoiceState

_LONGEST_PAUSE = to_samples(2_000)
"""A pause that lasts longer ends the piece, so that its sound is not kept for ever."""

_SLACK = _LONGEST_PAUSE + to_samples(2_000)
"""Sound kept beyond the longest piece: that pause, the onset, and what lies around a cut."""

_PLAIN = 0.85
"""Probability of a voice from which a block's level is one of the voice."""

_DECAY_DB = 0.3
"""By which the level that is remembered falls with each such block: 9 dB a second."""


class VoiceActivityDetector(Protocol):
    """How likely a block holds a voice: ``voice_activity.VoiceActivity``, or a script in tests."""

    def probability(self, pcm: Pcm, dbfs: float, voice_on: bool) -> float: ...


@dataclass(frozen=True, slots=True)
class UtteranceChunk:
    """A stretch of an utterance for whisper, with what speaks for or against words in it.

    Attributes:
        began, ended: clock positions of its first sample and of the one after its last.
        pcm: 16 kHz mono float32, shape ``[ended - began]``.
        voiced: samples in which Silero heard a voice.
        dbfs: mean level of those; of the whole piece when there are none.
        overlaps: it begins inside a voice and shares its first words with the piece before.
    """

    began: int
    ended: int
    pcm: Pcm
    voiced: int
    dbfs: float
    overlaps: bool


@dataclass(frozen=True, slots=True)
class ChunkEnded:
    """A piece of an utterance that goes on is complete and can be transcribed already."""

    chunk: UtteranceChunk


SegmenterEvent = VoiceStarted | VoicePaused | VoiceResumed | ChunkEnded


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


class SpeechSegmenter:
    """Voice activity, the speech tracker and the sound of the current utterance, put together.

    Args:
        activity: hears voices; not shared with anybody.
        settings: when sound counts as a voice.
        longest_piece_s: utterances longer than this are cut in pieces.

    Attributes:
        voice: probability of a voice in the last block, 0 to 1.
        dbfs: level of the last block.
        fallen_db: how much quieter than the voice it ended.
    """

    def __init__(self, detector: VoiceActivityDetector, settings: VadSettings, max_chunk_s: float) -> None:
        self.voice = 0.0
        self.dbfs = -120.0
        self.fallen_db = 0.0
        self._release = settings.release
        self._preroll = to_samples(settings.preroll_ms)
        self._pause = to_samples(settings.pause_ms)
        self._max_chunk = to_samples(max_chunk_s * 1000)
        self._detector = detector
        self._state_machine = VadStateMachine(settings)
        self._level = VoiceLevel()
        self._ring = RingBuffer(self._max_chunk + self._preroll + _SLACK)
        self._blocks: deque[BlockLevel] = deque(maxlen=(self._max_chunk + self._preroll + _SLACK) // BLOCK_SAMPLES)
        self._used = 0  # sound before this belongs to an utterance that is over
        self._chunk_began: int | None = None
        self._overlaps = False
        self._draft_ended: int | None = None  # where the tail ends while the voice pauses

    @property
    def state(self) -> VoiceState:
        return self._state_machine.state

    @property
    def speaking(self) -> bool:
        """A voice is plainly there, and no pause of it has been told."""
        return self._state_machine.state is VoiceState.SPEAKING

    @property
    def voice_on(self) -> bool:
        """A voice is there now, or may be: it is starting, speaking, fading, or coming back after a pause.

        While this is so no turn should be ended, whatever the time since ``Paused``.
        """
        return self._state_machine.voice_on

    @property
    def position(self) -> int:
        """The clock position up to which it has heard."""
        return self._ring.end

    def push(self, block: Block) -> list[SegmenterEvent]:
        """Hear the next block; returns what is known now that was not known before, in order."""
        if block.at != self._ring.end:  # it does not follow the block before
            self._ring.restart(block.at)
        self._ring.write(block.pcm)
        self.dbfs = level_dbfs(block.pcm)
        self.voice = self._detector.probability(block.pcm, self.dbfs, self.state is not VoiceState.QUIET)
        self._blocks.append(BlockLevel(block.end, self.voice, self.dbfs))
        self.fallen_db = self._level.drop_db(block.pcm, self.dbfs, self.voice)
        match self._state_machine.push(block.at, block.end, self.voice, self.fallen_db):
            case VoiceStarted(began) as started:
                self._chunk_began = max(self._used, began - self._preroll, self._ring.begin)
                return [started]
            case VoicePaused() as paused:
                self._draft_ended = block.end
                return [paused]
            case VoiceResumed() as resumed:
                return [*self._resume(resumed), resumed]
        return self._cut_if_too_long()

    def end_speech(self) -> VoicePaused | None:
        """Take the voice for paused now; None when there is none, or it pauses already."""
        paused = self._state_machine.end_speech(self._ring.end)
        if paused is not None:
            self._draft_ended = self._ring.end
        return paused

    def audio(self, began: int, ended: int) -> Pcm:
        """The sound from ``began`` up to ``ended``, as far as it is kept (the longest piece and a few seconds)."""
        return self._ring.read(began, ended)

    def tail(self) -> UtteranceChunk | None:
        """The utterance since its last finished piece; None while there is no utterance.

        While the voice pauses it ends where ``Paused`` was told, and stays the same until the voice goes on.
        """
        if self._chunk_began is None:
            return None
        return self._chunk(self._chunk_began, self._tail_ended)

    def close(self) -> None:
        """The utterance is over (its turn was taken, or it was dismissed): the next voice starts a new one."""
        if self._chunk_began is not None:
            self._used = self._tail_ended
        self._state_machine.reset()
        self._level.reset()
        self._chunk_began = self._draft_ended = None
        self._overlaps = False

    @property
    def _tail_ended(self) -> int:
        return self._ring.end if self._draft_ended is None else self._draft_ended

    def _resume(self, resumed: VoiceResumed) -> list[ChunkEnded]:
        """After a pause: in a new piece, if the one before it is long enough."""
        ended, self._draft_ended = self._draft_ended, None
        if self._chunk_began is None:
            self._chunk_began = max(self._used, resumed.began - self._preroll)
        elif ended is not None and chunker.is_worth_cutting(ended - self._chunk_began):
            # The next piece shares the end of the silence: the voice may have come back before it was told.
            return [self._end_chunk(ended, resumed.paused + self._pause // 2)]
        return []

    def _cut_if_too_long(self) -> list[SegmenterEvent]:
        if self._chunk_began is None:
            return []
        if self._draft_ended is not None:
            if self._ring.end - self._draft_ended < _LONGEST_PAUSE:
                return []
            self._used = self._draft_ended
            return [self._end_chunk(self._draft_ended, None)]
        if self._ring.end - self._chunk_began < self._max_chunk:
            return []
        cut = chunker.find_cut(self._blocks_since(self._chunk_began), self._release)
        return [self._end_chunk(cut.ended, cut.began, cut.is_through_voice)]

    def _end_chunk(self, ended: int, next_began: int | None, next_overlaps: bool = False) -> ChunkEnded:
        assert self._chunk_began is not None
        piece = self._chunk(self._chunk_began, ended)
        self._chunk_began, self._overlaps = next_began, next_overlaps
        return ChunkEnded(piece)

    def _blocks_since(self, began: int) -> list[BlockLevel]:
        return [moment for moment in self._blocks if moment.ended > began]

    def _chunk(self, began: int, ended: int) -> UtteranceChunk:
        moments = [moment for moment in self._blocks_since(began) if moment.ended <= ended]
        voiced = [moment.dbfs for moment in moments if moment.voice >= self._release]
        pcm = self._ring.read(began, ended)
        dbfs = 10 * float(np.log10(np.mean(np.power(10, np.divide(voiced, 10))))) if voiced else level_dbfs(pcm)
        return UtteranceChunk(began, ended, pcm, len(voiced) * BLOCK_SAMPLES, dbfs, self._overlaps)
