"""The microphone's device while it is recorded: with short blocks, or with long ones while nothing is urgent.

A stream's blocks cannot be made longer while it runs, so another one is opened beside it, takes over without a seam
(``relay.py``), and the first one is closed. Of what an open microphone costs, long blocks leave about a third.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from voicemate.audio.capture import Capture
from voicemate.audio.clock import SampleClock
from voicemate.audio.devices import Direction
from voicemate.audio.framer import Mark
from voicemate.audio.ports import BLOCK_MS
from voicemate.audio.relay import Relay
from voicemate.audio.stream_host import OpenStream, StreamHost, StreamPlan
from voicemate.errors import AudioError
from voicemate.sound import Pcm

LONG_IS_CHEAPER = ("ALSA",)
"""Host APIs with long blocks. On Core Audio callbacks of more than 3072 frames are unreliable (PortAudio issues 38
and 85), and two streams would have to agree on the device's buffer."""

log = logging.getLogger(__name__)


class Pace(Enum):
    """How much sound comes at once."""

    SHORT = "short"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Blocks:
    """A stream's callbacks.

    Attributes:
        length: blocks of the conversation in a callback.
        latency_s: the latency asked for.
    """

    length: Fraction
    latency_s: float


WHOLE = Blocks(Fraction(1), 0.048)
"""The conversation's blocks begin with these callbacks, so that each completes one. PortAudio makes the latency two
callbacks at least, so that a busy machine drops nothing. With more of it sound comes later: 0.1 s on PulseAudio adds
45 ms to every gap."""

FINE = Blocks(Fraction(1, 4), 0.024)
"""A block was there 2 to 18 ms after its end, with ``WHOLE`` 16 to 40 ms (medians of some tries in the virtual room),
wherever in a block the callbacks lie. None overflowed in 10 s while four other processes kept both cores busy. They
take 1 to 2% of a core more."""

SHORT = FINE if sys.platform == "linux" else WHOLE
"""While somebody speaks. Fine where long blocks take their place when nobody does."""

LONG = Blocks(Fraction(4), 0.192)


def callback_frames(rate: int, length: Fraction) -> int:
    """``length`` blocks, where those are a whole number of frames: then every callback completes some (48 kHz).

    Elsewhere (44.1 kHz) callbacks and blocks drift past each other, and half a block halves what is waited for.
    """
    frames = rate * BLOCK_MS * length / 1000
    return int(frames) if frames.denominator == 1 or length < 1 else int(frames / 2) + 1


class Capturing:
    """One device, from its opening to its end. Belongs to the conversation's loop.

    Args:
        host: the owner of PortAudio.
        clock: gives the time.
        part: part of the device's name; empty for the system's default.
        wake: called when as many frames are there as ``has`` was asked for.
        lost: called when the stream that is listened to has ended, and nobody here ended it.

    Attributes:
        pace: in which sound comes now.
    """

    def __init__(
        self,
        host: StreamHost,
        clock: SampleClock,
        part: str,
        wake: Callable[[], None],
        lost: Callable[["Capturing"], None],
    ):
        self._host = host
        self._clock = clock
        self._part = part
        self._wake = wake
        self._lost = lost
        self.pace = self._wanted = Pace.SHORT
        self._relay: Relay | None = None
        self._only_short = False
        self._switching = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> OpenStream:
        """Open the device, with short blocks; its sound comes after ``start``.

        Raises:
            AudioError: there is none, it was refused, or it is busy.
        """
        capture, stream = await self._open(SHORT)
        self._relay = Relay(capture)
        self._only_short = stream.device.host_api not in LONG_IS_CHEAPER
        return stream

    async def start(self) -> None:
        """Let the sound come.

        Raises:
            AudioError: the device died meanwhile.
        """
        assert self._relay
        assert self._relay.present.stream
        await self._host.start(self._relay.present.stream)

    async def close(self) -> None:
        """Free the device; what has been taken is all there is."""
        relay, self._relay = self._relay, None
        if relay:
            relay.withdraw_any()
            for capture in (relay.present, *relay.done_with):
                await self._close(capture)
        while self._tasks:
            await asyncio.wait(self._tasks)

    def abandon(self) -> None:
        """All streams are about to be closed by ``StreamHost.rescan``: nothing more comes."""
        self._relay = None

    def use(self, pace: Pace) -> None:
        """Go over to ``pace`` as soon as can be, where the device lets us."""
        self._wanted = Pace.SHORT if self._only_short else pace
        if self._relay is None:
            return
        if self._wanted is self.pace:
            self._relay.withdraw_any()
        elif not self._switching and not self._relay.waiting:
            self._switching = True
            self._begin(self._switch(self._wanted))

    @property
    def latest(self) -> float:
        """When the last sample was in the air that has come, in seconds on the clock's ``time``."""
        assert self._relay
        return self._relay.present.ring.mark[1]

    def has(self, frames: int) -> bool:
        """Whether so many frames have come since ``take``; if not, ``wake`` is called once they have."""
        return self._relay is not None and self._relay.has(frames)

    def take(self) -> tuple[Pcm, Mark, bool]:
        """What has come, how far the device is with it, and whether anything was lost before or in it."""
        assert self._relay
        before = self._relay.present
        taken = self._relay.take()
        if self._relay.present is not before:
            self.pace = Pace.LONG if self.pace is Pace.SHORT else Pace.SHORT
        if not self._relay.alike:
            self._only_short = True  # what is not found once will not be found later
        while self._relay.done_with:
            self._begin(self._close(self._relay.done_with.pop()))
        return taken

    # ------------------------------------------------------------ streams

    async def _open(self, blocks: Blocks) -> tuple[Capture, OpenStream]:
        capture = Capture(self._clock, self._wake, self._ended)
        stream = await self._host.open(
            StreamPlan(
                direction=Direction.INPUT,
                part=self._part,
                channels=1,
                block=lambda rate: callback_frames(rate, blocks.length),
                latency_s=blocks.latency_s,
                callback=capture.callback,
                finished=capture.finished,
            )
        )
        capture.adopt(stream)
        return capture, stream

    async def _switch(self, pace: Pace) -> None:
        """Open a stream beside the present one, to take over."""
        capture = None
        try:
            capture, stream = await self._open(LONG if pace is Pace.LONG else SHORT)
            await self._host.start(stream)
        except AudioError as error:
            log.info("no second stream on the microphone: %s", error)
            self._refused(pace)
        else:
            if self._relay and self._wanted is pace and stream.rate == self._relay.present.rate:
                self._relay.offer(capture, must=pace is Pace.SHORT)
                capture = None
        finally:
            self._switching = False
            if capture:
                await self._close(capture)

    def _refused(self, pace: Pace) -> None:
        if pace is Pace.LONG:
            self._only_short = True
        elif self._relay:  # the device is to be opened anew, as after any other loss
            self._lost(self)

    async def _close(self, capture: Capture) -> None:
        if capture.stream:
            with contextlib.suppress(AudioError):
                await self._host.close(capture.stream)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="microphone's streams")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _ended(self, capture: Capture) -> None:
        """A stream has ended, whoever ended it."""
        if self._relay is None:
            return
        if capture is self._relay.present:
            self._lost(self)
        else:
            self._relay.withdraw(capture)
