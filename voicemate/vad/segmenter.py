"""Segments microphone audio into utterances.

Synchronous, deterministic and cheap (well under 1% of a core in silence, about 1% during speech), so it runs on the
conversation's thread. ``conversation.recognizer`` passes the chunks to whisper.
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
"""Samples: a longer pause ends the chunk, so that its audio need not be kept."""

_SLACK = _LONGEST_PAUSE + to_samples(2_000)
"""Samples kept beyond the longest chunk: that pause, the onset, and the audio around a cut."""

_PLAIN = 0.85
"""Voice probability from which a block's level counts as the level of the voice."""

_DECAY_DB = 0.3
"""By how much the remembered peak decays with each such block: 9 dB a second."""


class VoiceActivityDetector(Protocol):
    """Estimates how likely a block contains a voice. Implemented by ``silero.SileroDetector``."""

    def probability(self, pcm: Pcm, dbfs: float, voice_on: bool) -> float:
        """Return the probability of a voice in the next block, 0 to 1.

        Args:
            pcm: 16 kHz mono, shape ``[BLOCK_SAMPLES]``.
            dbfs: the block's level.
            voice_on: a voice may be present already.
        """
        ...


@dataclass(frozen=True, slots=True)
class UtteranceChunk:
    """A part of an utterance for whisper, with the evidence for words in it.

    Attributes:
        began, ended: clock positions of the first sample and after the last.
        pcm: 16 kHz mono float32, shape ``[ended - began]``.
        voiced: samples in which Silero detected a voice.
        dbfs: mean level of those; of the whole chunk when there are none.
        overlaps: the chunk begins within a voice and shares its first words with the previous chunk.
    """

    began: int
    ended: int
    pcm: Pcm
    voiced: int
    dbfs: float
    overlaps: bool


@dataclass(frozen=True, slots=True)
class ChunkEnded:
    """A chunk of an utterance that continues is complete and can be transcribed."""

    chunk: UtteranceChunk


SegmenterEvent = VoiceStarted | VoicePaused | VoiceResumed | ChunkEnded


class VoiceLevel:
    """Measures how far a block falls below the peak of the current voice."""

    def __init__(self) -> None:
        self._peak: float | None = None

    def drop_db(self, pcm: Pcm, dbfs: float, probability: float) -> float:
        """Return by how many dB the second half of the next block is below the peak; 0 before there is a voice.

        Args:
            pcm: the block.
            dbfs: the block's level.
            probability: that it contains a voice, 0 to 1.
        """
        if probability >= _PLAIN:
            self._peak = dbfs if self._peak is None else max(self._peak - _DECAY_DB, dbfs)
        return 0.0 if self._peak is None else max(0.0, self._peak - level_dbfs(pcm[len(pcm) // 2 :]))

    def reset(self) -> None:
        """Forget the voice at the end of an utterance: the next one may be louder or further away."""
        self._peak = None


class SpeechSegmenter:
    """Combines the voice detector, the VAD state machine and the audio of the current utterance.

    Args:
        detector: not shared with another segmenter.
        settings: when audio counts as a voice.
        max_chunk_s: longer utterances are cut into chunks.

    Attributes:
        voice: probability of a voice in the last block, 0 to 1.
        dbfs: level of the last block.
        fallen_db: by how many dB the last block's end was below the voice's peak.
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
        self._used = 0  # audio before this belongs to an utterance that has ended
        self._chunk_began: int | None = None
        self._overlaps = False
        self._draft_ended: int | None = None  # where the tail ends while the voice pauses

    @property
    def state(self) -> VoiceState:
        """The state of the VAD state machine."""
        """The state of the VAD state machine."""
        return self._state_machine.state

    @property
    def speaking(self) -> bool:
        """Whether a voice is confirmed and no pause of it has been reported."""
        return self._state_machine.state is VoiceState.SPEAKING

    @property
    def voice_on(self) -> bool:
        """Whether a voice is present or may be: starting, speaking, fading, or resuming after a pause.

        No turn should end while this is true, however long ago ``VoicePaused`` was.
        """
        return self._state_machine.voice_on

    @property
    def position(self) -> int:
        """The clock position after the last block."""
        return self._ring.end

    def push(self, block: Block) -> list[SegmenterEvent]:
        """Process the next block; return the events it causes, in order."""
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
        """Report a pause of the voice now; None if there is no voice, or it has paused already."""
        paused = self._state_machine.end_speech(self._ring.end)
        if paused is not None:
            self._draft_ended = self._ring.end
        return paused

    def audio(self, began: int, ended: int) -> Pcm:
        """Return the audio from ``began`` to ``ended``, as far as it is kept (a chunk and a few seconds)."""
        return self._ring.read(began, ended)

    def tail(self) -> UtteranceChunk | None:
        """Return the utterance since its last complete chunk; None while there is no utterance.

        During a pause it ends at the block that reported ``VoicePaused``, until the voice resumes.
        """
        if self._chunk_began is None:
            return None
        return self._chunk(self._chunk_began, self._tail_ended)

    def close(self) -> None:
        """End the utterance (its turn was taken, or it was rejected): the next voice starts a new one."""
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
        """Continue after a pause, in a new chunk if the one before the pause is long enough."""
        ended, self._draft_ended = self._draft_ended, None
        if self._chunk_began is None:
            self._chunk_began = max(self._used, resumed.began - self._preroll)
        elif ended is not None and chunker.is_worth_cutting(ended - self._chunk_began):
            # The next chunk includes the end of the silence: the voice may have resumed before it was confirmed.
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
        chunk = self._chunk(self._chunk_began, ended)
        self._chunk_began, self._overlaps = next_began, next_overlaps
        return ChunkEnded(chunk)

    def _blocks_since(self, began: int) -> list[BlockLevel]:
        return [block for block in self._blocks if block.ended > began]

    def _chunk(self, began: int, ended: int) -> UtteranceChunk:
        blocks = [block for block in self._blocks_since(began) if block.ended <= ended]
        voiced = [block.dbfs for block in blocks if block.voice >= self._release]
        pcm = self._ring.read(began, ended)
        dbfs = 10 * float(np.log10(np.mean(np.power(10, np.divide(voiced, 10))))) if voiced else level_dbfs(pcm)
        return UtteranceChunk(began, ended, pcm, len(voiced) * BLOCK_SAMPLES, dbfs, self._overlaps)
