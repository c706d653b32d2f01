"""One input stream's samples on their way from PortAudio's thread to the conversation's.

One thread writes, one reads, neither waits. It is safe without a lock because each side changes only its own
counter, and the writer publishes how far it is (one tuple) after the samples are in place.
"""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from voicemate.audio.devices.portaudio import OpenStream
from voicemate.audio.input.framer import StreamPosition
from voicemate.core.clock import SampleClock
from voicemate.core.pcm import Pcm

RING_S = 8
"""The conversation's thread may be busy for half of this before sound is lost."""


class CaptureRing:
    """The last seconds of a stream, mono.

    Args:
        frames: how many it holds; a reader that falls further behind loses the oldest.

    Attributes:
        consumed: frames that the reader is done with.
        mark: frames written so far, and the moment at which the last of them came (s).
    """

    def __init__(self, frames: int):
        self._samples = np.zeros(frames, dtype=np.float32)
        self.read_frames = 0
        self.position = (0, 0.0)

    def write(self, pcm: Pcm, time: float) -> None:
        """Append a callback's samples (the callback's thread)."""
        written = self.position[0]
        size = len(self._samples)
        begin = written % size
        if begin + len(pcm) <= size:
            self._samples[begin : begin + len(pcm)] = pcm
        else:
            head = size - begin
            self._samples[begin:] = pcm[:head]
            self._samples[: len(pcm) - head] = pcm[head:]
        self.position = (written + len(pcm), time)

    def read(self) -> tuple[Pcm, float, bool]:
        """What came since the last call (the reader's thread).

        Returns:
            The samples, the moment at which the last of them came, and whether some before them were lost.
        """
        written, moment = self.position
        size = len(self._samples)
        lost = written - self.read_frames > size // 2  # half is left to the writer, who goes on meanwhile
        begin = written - size // 2 if lost else self.read_frames
        self.read_frames = written
        at, n = begin % size, written - begin
        head = min(n, size - at)
        return np.concatenate([self._samples[at : at + head], self._samples[: n - head]]), moment, lost


class InputCallback:
    """The callback of one stream, and the conversation's end of it.

    Args:
        clock: gives the time, in both threads.
        wake: called on the loop's thread when as many frames are there as ``has`` was asked for.
        lost: called on the loop's thread when the stream ended.
    """

    def __init__(self, clock: SampleClock, wake: Callable[[], None], on_ended: Callable[["InputCallback"], None]):
        self._loop = asyncio.get_running_loop()
        self._time = clock.time
        self._wake = wake
        self._lost = on_ended
        self._wake_at = 0
        self._taken = 0
        self._overflowed = False
        self.stream: OpenStream | None = None
        self.ring = CaptureRing(0)

    @property
    def rate(self) -> int:
        """Frames a second, once a stream was adopted."""
        assert self.stream
        return self.stream.rate

    def attach(self, stream: OpenStream) -> None:
        """The stream was opened; its callbacks begin soon."""
        self.stream = stream
        self.ring = CaptureRing(RING_S * stream.rate)

    def callback(self, buffer: Any, frames: int, when: Any, status: Any) -> None:
        """PortAudio's: copy, and wake the conversation when it waits for nothing more than this."""
        if status:
            self._overflowed = True
        stream, now = self.stream, self._time()
        assert stream, "callbacks begin after the stream was adopted"
        age = when.currentTime - when.inputBufferAdcTime  # of the first frame
        if not 0 < age < 2:  # some drivers do not know
            age = stream.latency
        in_the_air = now - max(0.0, age - frames / stream.rate)
        self.ring.write(np.frombuffer(buffer, dtype=np.float32)[:: stream.channels], in_the_air)
        if self.ring.position[0] >= self._wake_at:
            self._wake_at = sys.maxsize
            self._call(self._wake)

    def on_finished(self) -> None:
        """PortAudio's, when the stream has ended."""
        self._call(lambda: self._lost(self))

    def request(self, frames: int) -> bool:
        """Whether so many frames have come since ``take``; if not, ``wake`` is called once they have."""
        self._wake_at = self.ring.read_frames + frames
        return self.ring.position[0] >= self._wake_at

    def read(self) -> tuple[Pcm, StreamPosition, bool]:
        """What has come, how far the stream is with it, and whether anything was lost before or in it."""
        pcm, moment, lost = self.ring.read()
        self._taken += len(pcm)
        lost, self._overflowed = lost or self._overflowed, False
        return pcm, StreamPosition(self._taken, moment), lost

    def _call(self, function: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(function)
