"""PortAudio's callback for one output stream, and what of the audio it was given is in the air when.

The callback records for each buffer which samples of the queue it holds and when the first of them leaves the speaker
(PortAudio's DAC time); the conversation's thread reads these records. They are a deque that only the callback
changes.
"""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from voicemate.audio.devices.portaudio import OpenStream
from voicemate.audio.output.aec_reference import AecReferenceRing
from voicemate.audio.output.mixer import Mixer

BUFFERS = 128
"""Callbacks that are recorded: more than a second, longer than any device's latency."""

FREQUENT_UNDERFLOWS = 2
UNDERFLOW_WINDOW_S = 60.0
"""This many underflows within this time (s) show that a buffer is too short for this machine."""


@dataclass(frozen=True, slots=True)
class _BufferContent:
    """One callback's buffer: its first sample leaves at ``time`` (s); it begins with ``frames`` from ``start`` on."""

    time: float
    start: int
    frames: int


class OutputCallback:
    """One output stream's callback, and its records of what is in the air when.

    Args:
        time: seconds, in both threads.
        on_ended: called on the loop's thread when the stream has ended.

    Attributes:
        called_at: when the latest callback came (s).
        opened_at: when the stream was opened (s).
        leading_silence: callbacks that still have to be silent.
        underflows: how often the device ran out of audio.
        ring: all that the device was given, and when.
    """

    def __init__(self, time: Callable[[], float], on_ended: Callable[["OutputCallback"], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._time = time
        self._on_ended = on_ended
        self._buffers: deque[_BufferContent] = deque(maxlen=BUFFERS)
        self._sounds_until = -math.inf  # when the last of the queued audio that it was given has left
        self.opened_at = self.called_at = time()
        self.leading_silence = 0
        self.underflows = 0
        self._underflow_times: deque[float] = deque(maxlen=FREQUENT_UNDERFLOWS)

    def attach(self, stream: OpenStream, mixer: Mixer) -> None:
        """Attach the stream that was opened; its callbacks begin soon."""
        self.stream = stream
        self._mixer = mixer
        self._begin = mixer.position
        self._mono = np.zeros(stream.callback_frames, dtype=np.float32)
        self.ring = AecReferenceRing(stream.rate)

    def callback(self, buffer: Any, frames: int, when: Any, status: Any) -> None:
        """Fill the buffer and record what is in it (PortAudio's thread)."""
        now = self._time()
        if status:
            self.underflows += 1
            if not self.leading_silence:  # a stream that only begins may report one, and nothing was missed
                self._underflow_times.append(now)
        ahead = when.outputBufferDacTime - when.currentTime
        if not 0 < ahead < 2:  # some drivers do not know it
            ahead = self.stream.latency
        mono = self._mono[:frames] if frames <= len(self._mono) else np.zeros(frames, dtype=np.float32)
        if self.leading_silence:
            self.leading_silence -= 1
            mono[:] = 0
            start, played = self._mixer.position, 0
        else:
            start, played = self._mixer.fill(mono)
        np.frombuffer(buffer, dtype=np.float32).reshape(frames, -1)[:] = mono[:, None]
        self._buffers.append(_BufferContent(now + ahead, start, played))
        if played:
            self._sounds_until = now + ahead + played / self.stream.rate
        self.ring.write(mono, now + ahead)
        self.called_at = now

    def on_finished(self) -> None:
        """Report the stream's end (PortAudio's thread)."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._on_ended, self)

    def position_at(self, time: float) -> int:
        """The sample that leaves the speaker at ``time`` (s)."""
        for content in reversed(self._recorded()):
            if content.time <= time:
                return content.start + min(content.frames, int((time - content.time) * self.stream.rate))
        return self._begin

    def silent_at(self, time: float) -> bool:
        """Whether no queued audio that this stream was given leaves the speaker at ``time`` (s) or later."""
        return time >= self._sounds_until

    def underflows_often(self) -> bool:
        """Whether the device underflowed more than once in a short time."""
        times = tuple(self._underflow_times)
        return len(times) == FREQUENT_UNDERFLOWS and times[-1] - times[0] <= UNDERFLOW_WINDOW_S

    def _recorded(self) -> list[_BufferContent]:
        return list(self._buffers)  # at once, since the callback goes on adding to it
