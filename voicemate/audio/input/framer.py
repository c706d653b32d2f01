"""From a device's samples to gap-free blocks on the sample clock.

A framer lives as long as one opening of the microphone, over however many streams that takes: each stream that is
opened after a fault continues where the last one ended, and the time between them is filled with silence.
"""

import math
from dataclasses import dataclass

import numpy as np

from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.audio.resampler import StreamResampler
from voicemate.core.clock import SampleClock
from voicemate.core.pcm import CLOCK_HZ, Pcm


@dataclass(frozen=True, slots=True)
class StreamPosition:
    """How far a stream had come at some time.

    Attributes:
        frames: device frames since the stream was opened.
        time: when the last of them was in the air, in seconds on the clock's ``time``.
    """

    frames: int
    time: float


class ArrivalTimeFilter:
    """Estimates when a stream's frames would have come if all callbacks had been punctual.

    Callbacks are late in bursts (a busy machine, a sound server that hands over several buffers at once) and never
    early, so the earliest of the last ``WINDOW_S`` to twice that is right; a device whose rate is a little off is
    followed.

    Args:
        rate: frames a second.
    """

    WINDOW_S = 1.0

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self.reset()

    def reset(self) -> None:
        """Frames were lost: earlier positions no longer count."""
        self._previous_min = self._current_min = math.inf
        self._window_ends = -math.inf

    def punctual_time(self, position: StreamPosition) -> float:
        """When ``position`` would have been reached (s); never later than it was."""
        began = position.time - position.frames / self._rate
        if position.time >= self._window_ends:
            self._previous_min, self._current_min = self._current_min, math.inf
            self._window_ends = position.time + self.WINDOW_S
        self._current_min = min(self._current_min, began)
        return min(self._previous_min, self._current_min) + position.frames / self._rate


class Framer:
    """Cuts streams into blocks. Belongs to the conversation's thread.

    Args:
        clock: anchored at every ``push``.
        at: clock position of the first block, or later if the first stream begins later.
    """

    def __init__(self, clock: SampleClock, at: int) -> None:
        self._clock = clock
        self._at = at  # position of the first sample in ``_ready``
        self._ready = np.zeros(0, dtype=np.float32)
        self.new_stream(CLOCK_HZ)
        self._origin = 0.0  # clock position of the stream's frame 0
        self._stream_is_new = False  # it has not delivered anything yet
        self._first_stream = True  # no stream has

    def new_stream(self, rate: int) -> None:
        """A stream was opened at ``rate`` Hz; what is left of its predecessor is dropped."""
        self._rate = rate
        self._resampler = StreamResampler(rate)
        self._arrival_times = ArrivalTimeFilter(rate)
        self._ready = self._ready[:0]
        self._stream_is_new = True

    def push(self, pcm: Pcm, position: StreamPosition, lost: bool = False) -> None:
        """Add the stream's next frames.

        Args:
            pcm: mono samples at the stream's rate.
            position: of the stream with these frames; counts only frames that were pushed.
            lost: the device dropped some frames before or within them.
        """
        if self._stream_is_new:
            self._align_stream(position)
        elif lost:
            self._arrival_times.reset()
            behind = self._clock.sample_at(position.time) - self._clock_position(position.frames)
            self._origin += self._fill(behind)
        self._ready = np.concatenate([self._ready, self._resampler.push(pcm)])
        self._clock.anchor(self._clock_position(position.frames), self._arrival_times.punctual_time(position))

    def pop(self) -> Block | None:
        """The next block, if it is complete."""
        if len(self._ready) < BLOCK_SAMPLES:
            return None
        pcm, self._ready = self._ready[:BLOCK_SAMPLES], self._ready[BLOCK_SAMPLES:]
        block = Block(self._at, np.ascontiguousarray(pcm))
        self._at = block.end
        return block

    def missing_frames(self, blocks: int = 1) -> int:
        """Device frames until this many ``blocks`` are complete; at least 1."""
        missing = max(0, blocks * BLOCK_SAMPLES - len(self._ready))
        return max(1, -(-missing * self._rate // CLOCK_HZ))

    def fill_to(self, position: int) -> None:
        """Add silence up to clock position ``position``, in whole blocks: no stream delivers anything."""
        self._fill(position - self._at - len(self._ready))

    def _clock_position(self, frames: int) -> float:
        return self._origin + frames * CLOCK_HZ / self._rate

    def _align_stream(self, position: StreamPosition) -> None:
        """Find where on the clock the stream's first frame lies.

        The resampler returns a sample only ``delay`` frames after it came in. That much silence goes before the first
        one: then a block is complete at the very callback that brings its last frame, and not at the next.
        """
        lag = -(-self._resampler.delay * CLOCK_HZ // self._rate)
        self._stream_is_new = False
        begin = self._clock.sample_at(position.time) - position.frames * CLOCK_HZ / self._rate - lag
        if self._first_stream:
            self._at = max(self._at, round(begin))
            self._first_stream = False
        self._fill(begin - self._at)
        self._origin = self._at + len(self._ready) + lag
        self._ready = np.concatenate([self._ready, np.zeros(lag, dtype=np.float32)])

    def _fill(self, count: float) -> int:
        """Add up to ``count`` samples of silence, in whole blocks; returns how many samples that is."""
        n = max(0, int(count) // BLOCK_SAMPLES) * BLOCK_SAMPLES
        if n:
            self._ready = np.concatenate([self._ready, np.zeros(n, dtype=np.float32)])
        return n
