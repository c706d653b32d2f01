"""From the microphone's rate to 16 kHz, with as little delay as the filter allows.

A streaming soxr resampler returns its output in batches and so adds 6 to 36 ms (see docs/measurements/audio.md), all
of which would be heard as a longer gap before each reply. This polyphase filter adds ``delay`` (about 1 ms) and
nothing else. Whole clips, where nothing waits for the next sample, go through soxr.
"""

from math import gcd

import numpy as np

from voicemate.core.pcm import CLOCK_HZ, Pcm

STOPBAND_DB = 70.0
TRANSITION_WIDTH = 0.25
"""Width of the transition band as a part of the lower Nyquist frequency, centred there: flat to 7 kHz at 16 kHz."""

CHUNK_OUTPUTS = 160
"""Output samples computed at once. Their inputs fit a small cache, which matters for work that is done thirty times a
second on a machine that does other things in between."""


class StreamResampler:
    """Resamples a stream chunk by chunk; the chunks' lengths make no difference to the result.

    A windowed-sinc low-pass filter (Kaiser window; Oppenheim and Schafer, Discrete-Time Signal Processing, 7.5) is
    evaluated only where an output sample lies: output ``n`` is centred on input ``n * rate / 16000``.

    Args:
        rate: samples a second of the input.

    Attributes:
        delay: input samples by which the input must be ahead of an output sample.
    """

    def __init__(self, rate: int) -> None:
        common = gcd(rate, CLOCK_HZ)
        self._up, self._down = CLOCK_HZ // common, rate // common
        taps = low_pass(rate, self._up)
        self._width = taps.shape[1]
        in_order = taps[np.arange(self._up) * self._down % self._up]  # row r serves outputs r, r + up, r + 2 up, ...
        self._taps = in_order[np.arange(self._up + CHUNK_OUTPUTS) % self._up]
        self.delay = 0 if rate == CLOCK_HZ else self._width // 2
        self._pending = np.zeros(self.delay, dtype=np.float32)  # input from sample ``_first`` on
        self._first = -self.delay
        self._next = 0  # index of the next output sample

    def push(self, pcm: Pcm) -> Pcm:
        """The next output samples that ``pcm``, the next input samples, make possible."""
        if self._up == self._down:
            return np.array(pcm, dtype=np.float32)
        self._pending = np.concatenate([self._pending, pcm])
        complete = self._first + len(self._pending) - self.delay  # outputs centred before this have all their input
        count = max(0, (complete * self._up - 1) // self._down + 1 - self._next)
        if count == 0:
            return np.zeros(0, dtype=np.float32)
        out = self._evenly(count) if self._up == 1 else self._by_phases(count)
        self._next += count
        used = self._next * self._down // self._up - self.delay - self._first
        self._pending = self._pending[used:]
        self._first += used
        return out

    def _evenly(self, count: int) -> Pcm:
        """The next outputs of a whole-number ratio: one filter, moved on by ``down`` samples each time."""
        begin = self._next * self._down - self.delay - self._first
        windows = np.ndarray(
            (count, self._width), np.float32, self._pending, offset=4 * begin, strides=(4 * self._down, 4)
        )
        return np.einsum("nt,t->n", windows, self._taps[0])

    def _by_phases(self, count: int) -> Pcm:
        """The next outputs of any other ratio: each with the filter of its phase."""
        out = np.empty(count, dtype=np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self._pending, self._width)
        for done in range(0, count, CHUNK_OUTPUTS):
            chunk = out[done : done + CHUNK_OUTPUTS]
            first = self._next + done
            starts = np.arange(first, first + len(chunk)) * self._down // self._up - self.delay - self._first
            row = first % self._up
            np.einsum("nt,nt->n", windows[starts], self._taps[row : row + len(chunk)], out=chunk)
        return out


def low_pass(rate: int, phases: int) -> Pcm:
    """Filters that take audio at ``rate`` Hz to 16 kHz, one for each phase of an output between two inputs.

    Row ``p`` gives the output that lies ``p / phases`` of an input sample behind its middle tap's input.

    Returns:
        Shape ``[phases, taps]``, the number of taps odd.
    """
    nyquist = min(rate, CLOCK_HZ) / 2
    transition = TRANSITION_WIDTH * nyquist / rate  # cycles an input sample
    half = int(np.ceil((STOPBAND_DB - 7.95) / (14.36 * transition) / 2))
    beta = 0.1102 * (STOPBAND_DB - 8.7)
    phase = np.arange(phases)[:, None] / phases
    x = np.arange(-half, half + 1)[None, :] - phase  # distance of each tap's input from the output, in samples
    window = np.i0(beta * np.sqrt(np.clip(1 - (x / (half + 1)) ** 2, 0, None))) / np.i0(beta)
    cutoff = 2 * nyquist / rate  # of the low-pass, as a part of the input's Nyquist frequency
    taps = cutoff * np.sinc(cutoff * x) * window
    return (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)
