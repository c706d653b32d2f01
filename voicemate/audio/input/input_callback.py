"""PortAudio's callback for one input stream, and the buffer through which the conversation reads it.

PortAudio's thread writes, the conversation's thread reads, and neither waits. That is safe without a lock because
each thread changes only its own counter, and the writer publishes how far it is (one tuple) after the samples are in
place.
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
from voicemate.core.ring_buffer import RingBuffer

BUFFER_S = 8
"""The conversation's thread may be busy for half of this (s) before samples are lost."""


class CaptureBuffer:
    """The latest seconds of a stream, mono, read once and in order.

    Args:
        frames: capacity; a reader that is more than half of it behind loses the oldest frames.

    Attributes:
        read_frames: frames that the reader is done with.
        position: frames written so far, and the time at which the last of them was in the air (s).
    """

    def __init__(self, frames: int) -> None:
        self._ring = RingBuffer(frames)
        self.read_frames = 0
        self.position = (0, 0.0)

    def write(self, pcm: Pcm, time: float) -> None:
        """Append a callback's samples (PortAudio's thread)."""
        self._ring.write(pcm)
        self.position = (self._ring.end, time)

    def read(self) -> tuple[Pcm, float, bool]:
        """Read what came since the last call (the conversation's thread).

        Returns:
            The samples, the time at which the last of them was in the air (s), and whether some before them were
            lost.
        """
        written, time = self.position
        half = self._ring.capacity // 2  # the writer goes on meanwhile, and needs the other half
        lost = written - self.read_frames > half
        begin = written - half if lost else self.read_frames
        self.read_frames = written
        return self._ring.read(begin, written), time, lost


class InputCallback:
    """One input stream: its callback, and the conversation's end of it.

    Args:
        clock: gives the time, in both threads.
        on_frames: called on the loop's thread when as many frames have come as were requested.
        on_ended: called on the loop's thread when the stream has ended.
    """

    def __init__(
        self, clock: SampleClock, on_frames: Callable[[], None], on_ended: Callable[["InputCallback"], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._time = clock.time
        self._on_frames = on_frames
        self._on_ended = on_ended
        self._notify_at = 0
        self._frames_read = 0
        self._overflowed = False
        self.stream: OpenStream | None = None
        self.buffer = CaptureBuffer(0)

    @property
    def rate(self) -> int:
        """Frames a second, once a stream is attached."""
        assert self.stream
        return self.stream.rate

    def attach(self, stream: OpenStream) -> None:
        """Attach the stream that was opened; its callbacks begin soon."""
        self.stream = stream
        self.buffer = CaptureBuffer(BUFFER_S * stream.rate)

    def callback(self, buffer: Any, frames: int, when: Any, status: Any) -> None:
        """Copy the samples, and wake the conversation if it waits for no more than these (PortAudio's thread)."""
        if status:
            self._overflowed = True
        stream, now = self.stream, self._time()
        assert stream, "callbacks begin after the stream was attached"
        age = when.currentTime - when.inputBufferAdcTime  # of the first frame
        if not 0 < age < 2:  # some drivers do not know it
            age = stream.latency
        in_the_air = now - max(0.0, age - frames / stream.rate)
        self.buffer.write(np.frombuffer(buffer, dtype=np.float32)[:: stream.channels], in_the_air)
        if self.buffer.position[0] >= self._notify_at:
            self._notify_at = sys.maxsize
            self._call_on_loop(self._on_frames)

    def on_finished(self) -> None:
        """Report the stream's end (PortAudio's thread)."""
        self._call_on_loop(lambda: self._on_ended(self))

    def request(self, frames: int) -> bool:
        """Whether ``frames`` have come since the last ``read``. If not, ``on_frames`` is called once they have."""
        self._notify_at = self.buffer.read_frames + frames
        return self.buffer.position[0] >= self._notify_at

    def read(self) -> tuple[Pcm, StreamPosition, bool]:
        """Read what has come.

        Returns:
            The samples, the stream's position with them, and whether any were lost before or within them.
        """
        pcm, time, lost = self.buffer.read()
        self._frames_read += len(pcm)
        lost, self._overflowed = lost or self._overflowed, False
        return pcm, StreamPosition(self._frames_read, time), lost

    def _call_on_loop(self, function: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(function)
