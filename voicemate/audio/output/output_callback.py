"""What an output stream is given, and what of it is in the air when.

The callback notes for each buffer which samples of the queue it holds and when the first of them leaves the
loudspeaker (what PortAudio says of its DAC time); the conversation's thread reads these notes. The notes are a deque
that only the callback changes.
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

TIMESTAMPS = 128
"""Callbacks that are remembered: more than a second, longer than any device's latency."""


RAN_DRY = 2
WITHIN_S = 60.0
"""Underflows, and the time in which there are so many, that show a buffer to be too short for this machine."""


@dataclass(frozen=True, slots=True)
class _Played:
    """One callback's buffer: its first sample leaves at ``moment``; it begins with ``frames`` from ``start`` on."""

    moment: float
    start: int
    frames: int


class OutputCallback:
    """One stream's callback, and its notes of what is in the air when.

    Args:
        time: seconds, in both threads.
        lost: called on the loop's thread when the stream ended.

    Attributes:
        called: when the latest callback came.
        adopted: when the stream was opened.
        lead: callbacks that are still to be silent.
        underflows: how often the device ran dry.
        ring: all that the device was given, and when.
    """

    def __init__(self, time: Callable[[], float], on_ended: Callable[["OutputCallback"], None]):
        self._loop = asyncio.get_running_loop()
        self._time = time
        self._lost = on_ended
        self._played: deque[_Played] = deque(maxlen=TIMESTAMPS)
        self._sounds_until = -math.inf  # when the last of the queued sound that it was given has left
        self.opened_at = self.called_at = time()
        self.leading_silence = 0
        self.underflows = 0
        self._dry: deque[float] = deque(maxlen=RAN_DRY)

    def attach(self, stream: OpenStream, playout: Mixer) -> None:
        """The stream was opened; its callbacks begin soon."""
        self.stream = stream
        self._playout = playout
        self._begin = playout.position
        self._mono = np.zeros(stream.callback_frames, dtype=np.float32)
        self.ring = AecReferenceRing(stream.rate)

    def callback(self, buffer: Any, frames: int, when: Any, status: Any) -> None:
        """PortAudio's: fill the buffer and note what is in it."""
        now = self._time()
        if status:
            self.underflows += 1
            if not self.leading_silence:  # a stream that only begins may tell of one, and nothing was missed
                self._dry.append(now)
        ahead = when.outputBufferDacTime - when.currentTime
        if not 0 < ahead < 2:  # some drivers do not know
            ahead = self.stream.latency
        mono = self._mono[:frames] if frames <= len(self._mono) else np.zeros(frames, dtype=np.float32)
        if self.leading_silence:
            self.leading_silence -= 1
            mono[:] = 0
            start, played = self._playout.position, 0
        else:
            start, played = self._playout.fill(mono)
        np.frombuffer(buffer, dtype=np.float32).reshape(frames, -1)[:] = mono[:, None]
        self._played.append(_Played(now + ahead, start, played))
        if played:
            self._sounds_until = now + ahead + played / self.stream.rate
        self.ring.write(mono, now + ahead)
        self.called_at = now

    def on_finished(self) -> None:
        """PortAudio's, when the stream has ended."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._lost, self)

    def position_at(self, time: float) -> int:
        """The sample that leaves the loudspeaker at ``moment``."""
        for played in reversed(self._notes()):
            if played.moment <= time:
                return played.start + min(played.frames, int((time - played.moment) * self.stream.rate))
        return self._begin

    def silent_at(self, time: float) -> bool:
        """No queued sound that this stream was given leaves the loudspeaker at ``moment`` or later."""
        return time >= self._sounds_until

    def underflows_often(self) -> bool:
        """The device ran dry more than once in a short time."""
        dry = tuple(self._dry)
        return len(dry) == RAN_DRY and dry[-1] - dry[0] <= WITHIN_S

    def _notes(self) -> list[_Played]:
        return list(self._played)  # at once, since the callback goes on adding to it
