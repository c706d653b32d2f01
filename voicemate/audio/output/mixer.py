"""The mixer between the conversation and the speaker's callback: queue, fades, exact positions.

Two threads meet here without a lock. The *producer* (the conversation) queues audio and sets the target; the
*consumer* (the audio callback, or the simulated room) fills buffers. That is safe because nothing is written by both:

- the producer appends to ``_chunks``, the consumer takes from its other end, and the reverse for ``_played`` (a
  deque's ends may be used by two threads at once);
- everything the producer wants is one immutable ``_Target``; the producer replaces it whole, the consumer reads it
  once a buffer;
- gains, offset and position belong to the consumer, which publishes one integer, ``_done_to``.

``rewind`` and ``apply_stop`` act as the consumer: they may only be called while nothing fills.
"""

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from voicemate.audio.interfaces import Span
from voicemate.core.pcm import Pcm

MAX_RAMP = 1 << 15
"""Samples of the ramp that is kept ready, so that a callback allocates little; longer buffers make their own."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    start: int
    pcm: Pcm

    @property
    def end(self) -> int:
        return self.start + len(self.pcm)


@dataclass(frozen=True, slots=True)
class _Target:
    """What the producer wants. Gains are factors; a ``step`` is their change in one sample."""

    drop_before: int = 0
    drop_step: float = 1.0
    gate: float = 1.0
    gate_step: float = 1.0
    level: float = 1.0
    level_frames: int = 1


class Mixer:
    """Queued audio on its way out, in mono samples at ``rate``.

    Positions count all audio that was ever queued. ``stop`` skips what is left of it: that keeps its positions and is
    never played.

    Args:
        rate: samples a second.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        # the producer's
        self._queued = 0
        self._target = _Target()
        # shared
        self._chunks: deque[_Chunk] = deque()
        self._played: deque[_Chunk] = deque()
        # the consumer's
        self._done_to = 0  # everything before it was played or dropped
        self._position = 0  # the end of what was played last
        self._offset = 0  # samples of the first chunk that were played
        self._mid_sound = False  # the last buffer ended in the middle of queued audio
        self._gate = 1.0
        self._level = 1.0
        self._level_step = 0.0
        self._adopted_target = self._target
        self._steps = np.arange(1, MAX_RAMP + 1, dtype=np.float32)

    # ------------------------------------------------------------ the producer's side

    def queue(self, pcm: Pcm) -> Span:
        """Put ``pcm`` behind what is queued. It is not copied and must not change any more."""
        span = Span(self._queued, self._queued + len(pcm))
        if len(pcm):
            self._queued = span.end
            self._chunks.append(_Chunk(span.start, pcm))
        return span

    def drained(self) -> bool:
        """Whether all that was queued has been played or dropped."""
        return self._done_to >= self._queued

    def stop(self, fade_ms: float) -> None:
        """Fade out and drop what is queued. What is queued afterwards plays at once, paused or not before."""
        self._target = replace(
            self._target, drop_before=self._queued, drop_step=self._gain_step(fade_ms), gate=1.0, gate_step=1.0
        )

    def pause(self, fade_ms: float) -> None:
        """Fade out and keep what is queued. The faded samples count as played."""
        self._target = replace(self._target, gate=0.0, gate_step=self._gain_step(fade_ms))

    def resume(self, fade_ms: float) -> None:
        """Fade in from the sample after the last that ``pause`` let out."""
        self._target = replace(self._target, gate=1.0, gate_step=self._gain_step(fade_ms))

    def duck(self, db: float, ramp_ms: float) -> None:
        """Go to ``db`` below full level within ``ramp_ms``, and stay there."""
        frames = max(1, round(ramp_ms * self._rate / 1000))
        self._target = replace(self._target, level=10 ** (-abs(db) / 20), level_frames=frames)

    def discard_played(self, before: int) -> None:
        """Free the audio before a position; ``rewind`` never goes back that far."""
        while self._played and self._played[0].end <= before:
            self._played.popleft()

    def _gain_step(self, ms: float) -> float:
        return 1 / max(1, round(ms * self._rate / 1000))

    # ------------------------------------------------------------ the consumer's side

    @property
    def position(self) -> int:
        """Where what was played last ended."""
        return self._position

    def fill(self, out: Pcm) -> tuple[int, int]:
        """Write the next samples to ``out``, and silence behind them where there are none.

        Returns:
            The position of ``out[0]``, and how many samples of queued audio ``out`` begins with.
        """
        target = self._adopt_target()
        stopping = self._has_audio_before(target.drop_before)
        if not self._mid_sound and (stopping or target.gate == 0):
            self._gate = 0.0  # there is nothing to fade
        if stopping and self._gate == 0:
            self._drop(target)
            stopping = False
        if stopping:
            start, played = self._play(out, target.drop_before, 0.0, target.drop_step)
            if self._gate == 0 or not self._has_audio_before(target.drop_before):
                self._drop(target)
        else:
            start, played = self._play(out, None, target.gate, target.gate_step)
        out[played:] = 0
        self._advance_level(len(out))
        return start, played

    def rewind(self, position: int) -> None:
        """Play again from ``position`` on, faded in; never what was dropped. Only while nothing fills."""
        target = self._adopt_target()
        while self._played and self._played[-1].end > position and self._played[-1].start >= target.drop_before:
            self._chunks.appendleft(self._played.pop())
            self._offset = 0
        if self._chunks and self._chunks[0].start >= target.drop_before:
            first = self._chunks[0]
            self._offset = min(max(0, position - first.start), len(first.pcm))
            self._done_to = self._position = first.start + self._offset
            self._mid_sound, self._gate = False, 0.0

    def apply_stop(self) -> None:
        """Let a ``stop`` take effect without a callback. Only while nothing fills."""
        target = self._adopt_target()
        if self._has_audio_before(target.drop_before):
            self._drop(target)

    def _adopt_target(self) -> _Target:
        target = self._target
        if target.level != self._adopted_target.level:
            self._level_step = (target.level - self._level) / target.level_frames
        self._adopted_target = target
        return target

    def _has_audio_before(self, position: int) -> bool:
        return bool(self._chunks) and self._chunks[0].start < position

    def _drop(self, target: _Target) -> None:
        """Skip what ``stop`` dropped; what was queued after it begins at full level, or paused."""
        while self._has_audio_before(target.drop_before):
            self._chunks.popleft()
        self._offset = 0
        self._done_to = max(self._done_to, target.drop_before)
        self._mid_sound, self._gate = False, target.gate

    def _play(self, out: Pcm, before: int | None, gate: float, step: float) -> tuple[int, int]:
        """Copy audio that starts ``before`` a position and let its gain go to ``gate``; stops where that is 0."""
        room = len(out)
        if gate == 0:
            room = min(room, int(np.ceil(self._gate / step - 1e-6)))
        start, played = self._copy(out[:room], before)
        if played and (self._gate != gate or self._level != self._adopted_target.level):
            out[:played] *= self._ramp(self._gate, gate, step, played)
            out[:played] *= self._ramp(self._level, self._adopted_target.level, abs(self._level_step), played)
        elif played and self._level != 1:
            out[:played] *= self._level
        self._gate = self._step_toward(self._gate, gate, step * played)
        self._mid_sound = played == len(out) and self._gate > 0
        return start, played

    def _copy(self, out: Pcm, before: int | None) -> tuple[int, int]:
        done = 0
        if self._chunks and len(out):
            self._position = self._chunks[0].start + self._offset
        start = self._position
        while done < len(out) and self._chunks and (before is None or self._chunks[0].start < before):
            chunk = self._chunks[0]
            n = min(len(out) - done, len(chunk.pcm) - self._offset)
            out[done : done + n] = chunk.pcm[self._offset : self._offset + n]
            done += n
            self._offset += n
            self._position = self._done_to = chunk.start + self._offset
            if self._offset == len(chunk.pcm):
                self._played.append(self._chunks.popleft())
                self._offset = 0
        return start, done

    def _advance_level(self, frames: int) -> None:
        self._level = self._step_toward(self._level, self._adopted_target.level, abs(self._level_step) * frames)

    def _ramp(self, gain: float, target: float, step: float, frames: int) -> Pcm:
        """Gains of the next ``frames`` samples on a straight line from ``gain`` that ends at ``target``."""
        steps = self._steps[:frames] if frames <= MAX_RAMP else np.arange(1, frames + 1, dtype=np.float32)
        line = gain + steps * (step if target >= gain else -step)
        return np.minimum(line, target) if target >= gain else np.maximum(line, target)

    @staticmethod
    def _step_toward(gain: float, target: float, distance: float) -> float:
        if abs(target - gain) <= distance + 1e-6:
            return target
        return gain + distance if target > gain else gain - distance
