"""Two streams of one device that take turns: no sample is lost or doubled where one hands over to the other.

Both deliver the same sound, each in blocks of its own. So the first samples of the one that comes are looked for in
what the one that goes delivers at the same time, and found to the sample: exactly where the system hands both the
same samples (PulseAudio does), nearly so where it resamples each by itself.
"""

from dataclasses import dataclass, field

import numpy as np

from voicemate.audio.input.framer import StreamPosition
from voicemate.audio.input.input_callback import InputCallback
from voicemate.core.pcm import Pcm

HEAD_S = 0.02
"""So much of the stream that comes is looked for: enough that no other place in the room's noise is like it."""

ALIKE = 0.5
"""Correlation from which on two stretches are the same sound. Noise that is shifted by half a sample has 0.64, one
noise and another of ``HEAD_S`` 0.03 (standard deviation)."""

MATCH_TIMEOUT_S = 1.0
"""After so much sound without a place where both are alike, there will be none: nothing but zeros, or two devices."""


@dataclass(slots=True)
class _Successor:
    """The stream that is to take over.

    Attributes:
        must: it takes over by the time of its callbacks when its samples are not found.
        heard: what it has delivered.
        mark: how far it is with that.
        beside: what the present stream has delivered meanwhile, from ``beside_from`` on.
    """

    capture: InputCallback
    must: bool
    beside_from: int
    heard: list[Pcm] = field(default_factory=list)
    mark: StreamPosition | None = None
    beside: list[Pcm] = field(default_factory=list)


class StreamHandover:
    """The sound of one device, as one stream. Belongs to the conversation's thread.

    Args:
        first: the stream that begins.

    Attributes:
        present: the stream that is listened to.
        done_with: streams that are not needed any more, for somebody to close and take out.
        alike: no successor has been found to deliver another sound than the present stream.
    """

    def __init__(self, first: InputCallback):
        self.current = first
        self.retired: list[InputCallback] = []
        self.streams_match = True
        self._place = 0  # of the present stream's first frame in all that was taken
        self._taken = 0
        self._skip = 0  # frames of the present stream that the one before it has delivered
        self._successor: _Successor | None = None

    @property
    def pending(self) -> bool:
        """A stream is to take over, and has not yet."""
        return self._successor is not None

    def offer(self, successor: InputCallback, required: bool) -> None:
        """Let ``successor`` take over as soon as it is known where it begins.

        Args:
            must: also when that cannot be found out; else it is done with then.
        """
        self._successor = _Successor(successor, required, self._taken)

    def withdraw(self, capture: InputCallback) -> None:
        """``capture`` is not to take over any more, if it was to."""
        if self._successor and self._successor.capture is capture:
            self._successor = None
            self.retired.append(capture)

    def withdraw_pending(self) -> None:
        """Nobody is to take over."""
        if self._successor:
            self.withdraw(self._successor.capture)

    def request(self, frames: int) -> bool:
        """See ``Capture.has``."""
        return self.current.request(frames + self._skip)

    def read(self) -> tuple[Pcm, StreamPosition, bool]:
        """What has come, how far the device is with it, and whether anything was lost before or in it."""
        pcm, mark, lost = self._of_present()
        if (successor := self._successor) is not None:
            self._follow(successor, pcm, lost)
            if (place := self._found(successor, mark)) is not None:
                more = self._hand_over(successor, place)
                mark = (
                    StreamPosition(self._place + successor.mark.frames, successor.mark.time)
                    if successor.mark
                    else mark
                )
                pcm = np.concatenate([pcm, more])
        return pcm, mark, lost

    def _of_present(self) -> tuple[Pcm, StreamPosition, bool]:
        pcm, mark, lost = self.current.read()
        skipped = min(self._skip, len(pcm))
        self._skip -= skipped
        self._taken += len(pcm) - skipped
        return pcm[skipped:], StreamPosition(self._place + mark.frames, mark.time), lost

    def _follow(self, successor: _Successor, pcm: Pcm, lost: bool) -> None:
        successor.beside.append(pcm)
        heard, mark, lost_too = successor.capture.read()
        if len(heard):
            successor.heard.append(heard)
            successor.mark = mark
        if lost or lost_too:  # what is compared has a hole: begin anew
            self.withdraw(successor.capture)

    def _found(self, successor: _Successor, mark: StreamPosition) -> int | None:
        """The place of the successor's first frame in all that was taken, once it is known."""
        if self._successor is None or successor.mark is None:
            return None
        rate = successor.capture.rate
        head, beside = np.concatenate(successor.heard)[: round(HEAD_S * rate)], np.concatenate(successor.beside)
        if len(head) == round(HEAD_S * rate) and (place := find_offset(head, beside)) is not None:
            return successor.beside_from + place
        if min(successor.mark.frames, len(beside)) < MATCH_TIMEOUT_S * rate:
            return None
        if not successor.must:
            self.streams_match = False
            self.withdraw(successor.capture)
            return None
        passed = round((successor.mark.time - mark.time) * rate)
        return mark.frames + passed - successor.mark.frames

    def _hand_over(self, successor: _Successor, place: int) -> Pcm:
        """The successor is the present stream now; returns what it has delivered that the other one has not."""
        self._successor = None
        self.retired.append(self.current)
        self.current, self._place = successor.capture, place
        heard = np.concatenate(successor.heard)
        ahead = self._taken - place
        more = np.concatenate([np.zeros(max(0, -ahead), dtype=np.float32), heard[max(0, ahead) :]])
        self._skip = max(0, ahead - len(heard))
        self._taken += len(more)
        return more


def find_offset(head: Pcm, within: Pcm) -> int | None:
    """Where in ``within`` the sound of ``head`` begins, in samples; None when it is not there, or is only zeros.

    The place with the least squared difference, by FFT in double precision: beside a loud hum, which is alike in many
    places, the faint noise decides.
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
    return place if products[place] >= ALIKE * np.sqrt(power * max(powers[place], power * 1e-6)) else None
