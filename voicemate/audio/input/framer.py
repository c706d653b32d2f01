"""From a device's samples to gap-free blocks on the conversation's clock.

A framer lives as long as one opening of the microphone, over however many streams it takes: each stream that is
opened after a fault continues where the last one ended, and the time between is filled with silence.
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
    """How far a stream had come at some moment.

    Attributes:
        frames: device frames since the stream was opened.
        moment: when the last of them was in the air, in seconds on the clock's ``time``.
    """

    frames: int
    time: float


class ArrivalTimeFilter:
    """Tells the moment at which a stream's frames would have come, had all callbacks been punctual.

    Callbacks are late in bursts (a busy machine, a sound server that hands on several buffers at once) and never
    early, so the earliest of the last ``WINDOW_S`` to twice that tells the truth; a device whose rate is a little
    off is followed.
    """

    WINDOW_S = 1.0

    def __init__(self, rate: int):
        self._rate = rate
        self.reset()

    def reset(self) -> None:
        """Frames were lost: what came before tells nothing any more."""
        self._former = self._present = math.inf
        self._window_ends = -math.inf

    def punctual_time(self, mark: StreamPosition) -> float:
        """When ``mark`` would have been reached, in seconds; never later than it was."""
        began = mark.time - mark.frames / self._rate
        if mark.time >= self._window_ends:
            self._former, self._present = self._present, math.inf
            self._window_ends = mark.time + self.WINDOW_S
        self._present = min(self._present, began)
        return min(self._former, self._present) + mark.frames / self._rate


class Framer:
    """Cuts streams into blocks. Belongs to the conversation's thread.

    Args:
        clock: told after every piece where the microphone stands.
        at: clock position of the first block, or later if the first stream begins later.
    """

    def __init__(self, clock: SampleClock, at: int):
        self._clock = clock
        self._at = at  # position of the first sample in ``_ready``
        self._ready = np.zeros(0, dtype=np.float32)
        self.new_stream(CLOCK_HZ)
        self._origin = 0.0  # clock position of the stream's frame 0
        self._starting = False  # the stream has not delivered anything yet
        self._fresh = True  # no stream has

    def new_stream(self, rate: int) -> None:
        """A stream was opened at ``rate`` Hz; what is left of the one before is dropped."""
        self._rate = rate
        self._resampler = StreamResampler(rate)
        self._punctuality = ArrivalTimeFilter(rate)
        self._ready = self._ready[:0]
        self._starting = True

    def push(self, pcm: Pcm, mark: StreamPosition, lost: bool = False) -> None:
        """Take the stream's next frames.

        Args:
            pcm: mono samples at the stream's rate.
            mark: how far the stream is with them; counts only frames that were pushed.
            lost: the device dropped some frames before or within them.
        """
        if self._starting:
            self._place(mark)
        elif lost:
            self._punctuality.reset()
            behind = self._clock.sample_at(mark.time) - self._position(mark.frames)
            self._origin += self._fill(behind)
        self._ready = np.concatenate([self._ready, self._resampler.push(pcm)])
        self._clock.anchor(self._position(mark.frames), self._punctuality.punctual_time(mark))

    def pop(self) -> Block | None:
        """The next block, if it is complete."""
        if len(self._ready) < BLOCK_SAMPLES:
            return None
        pcm, self._ready = self._ready[:BLOCK_SAMPLES], self._ready[BLOCK_SAMPLES:]
        block = Block(self._at, np.ascontiguousarray(pcm))
        self._at = block.end
        return block

    def missing_frames(self, blocks: int = 1) -> int:
        """Device frames until so many ``blocks`` are complete; at least 1."""
        missing = max(0, blocks * BLOCK_SAMPLES - len(self._ready))
        return max(1, -(-missing * self._rate // CLOCK_HZ))

    def fill_to(self, position: int) -> None:
        """Silence up to ``position``, in whole blocks: no stream delivers anything."""
        self._fill(position - self._at - len(self._ready))

    def _position(self, frames: int) -> float:
        return self._origin + frames * CLOCK_HZ / self._rate

    def _place(self, mark: StreamPosition) -> None:
        """Find where on the clock the stream's first frame lies.

        The resampler hands a sample out only ``delay`` frames after it came in. So much silence goes before the
        first one: then a block is complete at the very callback that brings its last frame, and not at the next.
        """
        lag = -(-self._resampler.delay * CLOCK_HZ // self._rate)
        self._starting = False
        begin = self._clock.sample_at(mark.time) - mark.frames * CLOCK_HZ / self._rate - lag
        if self._fresh:
            self._at = max(self._at, round(begin))
            self._fresh = False
        self._fill(begin - self._at)
        self._origin = self._at + len(self._ready) + lag
        self._ready = np.concatenate([self._ready, np.zeros(lag, dtype=np.float32)])

    def _fill(self, samples: float) -> int:
        """Whole blocks of silence behind what is ready; returns how many samples that is."""
        n = max(0, int(samples) // BLOCK_SAMPLES) * BLOCK_SAMPLES
        if n:
            self._ready = np.concatenate([self._ready, np.zeros(n, dtype=np.float32)])
        return n
