"""The mixer between the conversation and the loudspeaker's callback: queue, fades, exact positions.

Two threads meet here without a lock. The *producer* (the conversation) queues sound and says what it wishes; the
*consumer* (the audio callback, or the simulated room) fills buffers. It is safe because nothing is written by both:

- the producer appends to ``_chunks``, the consumer takes from its other end, and the reverse for ``_spent`` (a
  deque's ends may be used by two threads at once);
- all wishes are one immutable ``_Wish``; the producer replaces it whole, the consumer reads it once a buffer;
- gains, offset and position belong to the consumer, which publishes one integer, ``_through``.

``rewind`` and ``settle`` act as the consumer: they may only be called while nobody fills.
"""

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from voicemate.audio.interfaces import Span
from voicemate.core.pcm import Pcm

LONGEST_RAMP = 1 << 15
"""Samples of the ramp that is kept ready, so that a callback allocates little; longer buffers make their own."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    start: int
    pcm: Pcm

    @property
    def end(self) -> int:
        return self.start + len(self.pcm)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the producer wants. Gains are factors; ``step`` is their change in one sample."""

    drop_before: int = 0
    drop_step: float = 1.0
    gate: float = 1.0
    gate_step: float = 1.0
    level: float = 1.0
    level_frames: int = 1


class Mixer:
    """Queued sound on its way out, in mono samples at ``rate``.

    Positions count all sound that was ever queued. ``stop`` skips what is left of it: that keeps its positions and
    never sounds.

    Args:
        rate: samples a second.
    """

    def __init__(self, rate: int):
        self._rate = rate
        # the producer's
        self._queued = 0
        self._wish = _Wish()
        # shared
        self._chunks: deque[_Chunk] = deque()
        self._spent: deque[_Chunk] = deque()
        # the consumer's
        self._through = 0  # everything before it was played or dropped
        self._position = 0  # the end of what was played last
        self._offset = 0  # samples of the first chunk that were played
        self._sounding = False  # the last buffer ended in the middle of sound
        self._gate = 1.0
        self._level = 1.0
        self._level_step = 0.0
        self._adopted = self._wish
        self._steps = np.arange(1, LONGEST_RAMP + 1, dtype=np.float32)

    # ------------------------------------------------------------ the producer's side

    def queue(self, pcm: Pcm) -> Span:
        """Put ``pcm`` behind what is queued. It is not copied and must not change any more."""
        span = Span(self._queued, self._queued + len(pcm))
        if len(pcm):
            self._queued = span.end
            self._chunks.append(_Chunk(span.start, pcm))
        return span

    def drained(self) -> bool:
        """Nothing is queued any more: all of it was handed out or dropped."""
        return self._through >= self._queued

    def stop(self, fade_ms: float) -> None:
        """Fade out and drop what is queued. What is queued afterwards plays at once, paused or not before."""
        self._wish = replace(
            self._wish, drop_before=self._queued, drop_step=self._step(fade_ms), gate=1.0, gate_step=1.0
        )

    def pause(self, fade_ms: float) -> None:
        """Fade out and keep what is queued. The faded samples count as played."""
        self._wish = replace(self._wish, gate=0.0, gate_step=self._step(fade_ms))

    def resume(self, fade_ms: float) -> None:
        """Fade in from the sample after the last that ``pause`` let out."""
        self._wish = replace(self._wish, gate=1.0, gate_step=self._step(fade_ms))

    def duck(self, db: float, ramp_ms: float) -> None:
        """Go to ``db`` below full level in ``ramp_ms``, and stay there."""
        frames = max(1, round(ramp_ms * self._rate / 1000))
        self._wish = replace(self._wish, level=10 ** (-abs(db) / 20), level_frames=frames)

    def discard_played(self, before: int) -> None:
        """Sound before this position will never be rewound to; its memory may go."""
        while self._spent and self._spent[0].end <= before:
            self._spent.popleft()

    def _step(self, ms: float) -> float:
        return 1 / max(1, round(ms * self._rate / 1000))

    # ------------------------------------------------------------ the consumer's side

    @property
    def position(self) -> int:
        """Where what was played last ended."""
        return self._position

    def fill(self, out: Pcm) -> tuple[int, int]:
        """Write the next samples to ``out``, and silence behind them where there are none.

        Returns:
            The position of ``out[0]``, and how many samples of queued sound ``out`` begins with.
        """
        wish = self._adopt()
        stopping = self._has_sound_before(wish.drop_before)
        if not self._sounding and (stopping or wish.gate == 0):
            self._gate = 0.0  # there is nothing to fade
        if stopping and self._gate == 0:
            self._drop(wish)
            stopping = False
        if stopping:
            start, played = self._play(out, wish.drop_before, 0.0, wish.drop_step)
            if self._gate == 0 or not self._has_sound_before(wish.drop_before):
                self._drop(wish)
        else:
            start, played = self._play(out, None, wish.gate, wish.gate_step)
        out[played:] = 0
        self._advance_level(len(out))
        return start, played

    def rewind(self, position: int) -> None:
        """Play again from ``position`` on, faded in; never what was dropped. Only while nobody fills."""
        wish = self._adopt()
        while self._spent and self._spent[-1].end > position and self._spent[-1].start >= wish.drop_before:
            self._chunks.appendleft(self._spent.pop())
            self._offset = 0
        if self._chunks and self._chunks[0].start >= wish.drop_before:
            first = self._chunks[0]
            self._offset = min(max(0, position - first.start), len(first.pcm))
            self._through = self._position = first.start + self._offset
            self._sounding, self._gate = False, 0.0

    def apply_stop(self) -> None:
        """Let a ``stop`` take effect without a callback. Only while nobody fills."""
        wish = self._adopt()
        if self._has_sound_before(wish.drop_before):
            self._drop(wish)

    def _adopt(self) -> _Wish:
        wish = self._wish
        if wish.level != self._adopted.level:
            self._level_step = (wish.level - self._level) / wish.level_frames
        self._adopted = wish
        return wish

    def _has_sound_before(self, position: int) -> bool:
        return bool(self._chunks) and self._chunks[0].start < position

    def _drop(self, wish: _Wish) -> None:
        """Skip what ``stop`` dropped; what was queued after it begins at full level, or paused."""
        while self._has_sound_before(wish.drop_before):
            self._chunks.popleft()
        self._offset = 0
        self._through = max(self._through, wish.drop_before)
        self._sounding, self._gate = False, wish.gate

    def _play(self, out: Pcm, before: int | None, gate: float, step: float) -> tuple[int, int]:
        """Copy sound that starts ``before`` a position and let its gain go to ``gate``; stops where that is 0."""
        room = len(out)
        if gate == 0:
            room = min(room, int(np.ceil(self._gate / step - 1e-6)))
        start, played = self._copy(out[:room], before)
        if played and (self._gate != gate or self._level != self._adopted.level):
            out[:played] *= self._ramp(self._gate, gate, step, played)
            out[:played] *= self._ramp(self._level, self._adopted.level, abs(self._level_step), played)
        elif played and self._level != 1:
            out[:played] *= self._level
        self._gate = self._toward(self._gate, gate, step * played)
        self._sounding = played == len(out) and self._gate > 0
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
            self._position = self._through = chunk.start + self._offset
            if self._offset == len(chunk.pcm):
                self._spent.append(self._chunks.popleft())
                self._offset = 0
        return start, done

    def _advance_level(self, frames: int) -> None:
        self._level = self._toward(self._level, self._adopted.level, abs(self._level_step) * frames)

    def _ramp(self, gain: float, target: float, step: float, frames: int) -> Pcm:
        """Gains of the next ``frames`` samples on a straight line from ``gain`` that ends at ``target``."""
        steps = self._steps[:frames] if frames <= LONGEST_RAMP else np.arange(1, frames + 1, dtype=np.float32)
        line = gain + steps * (step if target >= gain else -step)
        return np.minimum(line, target) if target >= gain else np.maximum(line, target)

    @staticmethod
    def _toward(gain: float, target: float, distance: float) -> float:
        if abs(target - gain) <= distance + 1e-6:
            return target
        return gain + distance if target > gain else gain - distance
