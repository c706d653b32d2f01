"""The handover from one stream of a device to another: no sample is lost or doubled.

Both streams deliver the same audio, each in buffers of its own. So the first samples of the successor are searched
for in what the current stream delivers at the same time, and found to the sample: exactly where the system gives both
the same samples (PulseAudio does), nearly so where it resamples each of them.
"""

from dataclasses import dataclass, field

import numpy as np

from voicemate.audio.input.framer import StreamPosition
from voicemate.audio.input.input_callback import InputCallback
from voicemate.core.pcm import Pcm

MATCH_S = 0.02
"""How much of the successor is searched for (s): enough that no other place in the room's noise is like it."""

MIN_CORRELATION = 0.5
"""Correlation from which on two stretches are the same audio; see docs/measurements/audio.md."""

MATCH_TIMEOUT_S = 1.0
"""After this much audio (s) without a match there will be none: it is nothing but zeros, or there are two devices."""


@dataclass(slots=True)
class _Successor:
    """The stream that is to take over.

    Attributes:
        required: it takes over by the time of its callbacks if its samples are not found.
        received: what it has delivered.
        position: how far it is with that.
        current_audio: what the current stream has delivered meanwhile, from frame ``current_from`` on.
    """

    callback: InputCallback
    required: bool
    current_from: int
    received: list[Pcm] = field(default_factory=list[Pcm])
    position: StreamPosition | None = None
    current_audio: list[Pcm] = field(default_factory=list[Pcm])


class StreamHandover:
    """The audio of one device as one stream. Belongs to the conversation's thread.

    Args:
        first: the first stream.

    Attributes:
        current: the stream that is read.
        retired: streams that are no longer needed; the owner removes and closes them.
        streams_match: no successor has delivered other audio than the current stream.
    """

    def __init__(self, first: InputCallback) -> None:
        self.current = first
        self.retired: list[InputCallback] = []
        self.streams_match = True
        self._offset = 0  # of the current stream's first frame in all that was read
        self._frames_read = 0
        self._skip = 0  # frames of the current stream that its predecessor has delivered
        self._successor: _Successor | None = None

    @property
    def pending(self) -> bool:
        """A successor was offered, and has not taken over yet."""
        return self._successor is not None

    def offer(self, successor: InputCallback, required: bool) -> None:
        """Let ``successor`` take over as soon as it is known where it begins.

        Args:
            successor: a stream of the same device, at the same rate.
            required: take over even if that cannot be found out; otherwise it is retired then.
        """
        self._successor = _Successor(successor, required, self._frames_read)

    def withdraw(self, callback: InputCallback) -> None:
        """Retire ``callback`` if it is the pending successor."""
        if self._successor and self._successor.callback is callback:
            self._successor = None
            self.retired.append(callback)

    def withdraw_pending(self) -> None:
        """Retire the pending successor, if there is one."""
        if self._successor:
            self.withdraw(self._successor.callback)

    def request(self, frames: int) -> bool:
        """See ``InputCallback.request``."""
        return self.current.request(frames + self._skip)

    def read(self) -> tuple[Pcm, StreamPosition, bool]:
        """Read what has come.

        Returns:
            The samples, the device's position with them, and whether any were lost before or within them.
        """
        pcm, position, lost = self._read_current()
        if (successor := self._successor) is not None:
            self._read_successor(successor, pcm, lost)
            if (offset := self._successor_offset(successor, position)) is not None:
                more = self._hand_over(successor, offset)
                if successor.position:
                    position = StreamPosition(self._offset + successor.position.frames, successor.position.time)
                pcm = np.concatenate([pcm, more])
        return pcm, position, lost

    def _read_current(self) -> tuple[Pcm, StreamPosition, bool]:
        pcm, position, lost = self.current.read()
        skipped = min(self._skip, len(pcm))
        self._skip -= skipped
        self._frames_read += len(pcm) - skipped
        return pcm[skipped:], StreamPosition(self._offset + position.frames, position.time), lost

    def _read_successor(self, successor: _Successor, current_pcm: Pcm, lost: bool) -> None:
        successor.current_audio.append(current_pcm)
        received, position, lost_too = successor.callback.read()
        if len(received):
            successor.received.append(received)
            successor.position = position
        if lost or lost_too:  # what is compared has a hole
            self.withdraw(successor.callback)

    def _successor_offset(self, successor: _Successor, position: StreamPosition) -> int | None:
        """The offset of the successor's first frame in all that was read, once it is known."""
        if self._successor is None or successor.position is None:
            return None
        rate = successor.callback.rate
        match_frames = round(MATCH_S * rate)
        head, current = np.concatenate(successor.received)[:match_frames], np.concatenate(successor.current_audio)
        if len(head) == match_frames and (offset := find_offset(head, current)) is not None:
            return successor.current_from + offset
        if min(successor.position.frames, len(current)) < MATCH_TIMEOUT_S * rate:
            return None
        if not successor.required:
            self.streams_match = False
            self.withdraw(successor.callback)
            return None
        passed = round((successor.position.time - position.time) * rate)
        return position.frames + passed - successor.position.frames

    def _hand_over(self, successor: _Successor, offset: int) -> Pcm:
        """Make the successor the current stream; returns what it has delivered beyond the old one."""
        self._successor = None
        self.retired.append(self.current)
        self.current, self._offset = successor.callback, offset
        received = np.concatenate(successor.received)
        ahead = self._frames_read - offset
        more = np.concatenate([np.zeros(max(0, -ahead), dtype=np.float32), received[max(0, ahead) :]])
        self._skip = max(0, ahead - len(received))
        self._frames_read += len(more)
        return more


def find_offset(head: Pcm, within: Pcm) -> int | None:
    """Where in ``within`` the audio of ``head`` begins, in samples; None when it is not there, or is only zeros.

    It is the place with the least squared difference, by FFT in double precision: beside a loud hum, which is alike
    in many places, the faint noise decides.
    """
    power = float(np.dot(head, head))
    if len(within) < len(head) or power == 0:
        return None
    size = 1 << (len(within) + len(head) - 1).bit_length()
    spectrum = np.fft.rfft(within, size) * np.conj(np.fft.rfft(head, size))
    places = len(within) - len(head) + 1
    products = np.fft.irfft(spectrum, size)[:places]
    sums = np.concatenate([[0.0], np.cumsum(np.square(within, dtype=np.float64))])
    powers = sums[len(head) :] - sums[:places]
    place = int(np.argmin(powers - 2 * products))
    match = products[place] >= MIN_CORRELATION * np.sqrt(power * max(powers[place], power * 1e-6))
    return place if match else None
