"""The microphone's device while it is recorded: with short blocks, or with long ones while nothing is urgent.

A stream's blocks cannot be made longer while it runs, so another one is opened beside it, takes over without a seam
(``stream_handover.py``), and the first one is closed. Of what an open microphone costs, long blocks leave a third.
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

from voicemate.audio.devices.device import Direction
from voicemate.audio.devices.portaudio import OpenStream, PortAudio, StreamConfig
from voicemate.audio.input.framer import StreamPosition
from voicemate.audio.input.input_callback import InputCallback
from voicemate.audio.input.stream_handover import StreamHandover
from voicemate.audio.interfaces import BLOCK_MS
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError
from voicemate.core.pcm import Pcm

LONG_IS_CHEAPER = ("ALSA",)
"""Host APIs with long blocks. On Core Audio callbacks of more than 3072 frames are unreliable (PortAudio issues 38
and 85), and two streams would have to agree on the device's buffer."""

log = logging.getLogger(__name__)


class BufferMode(Enum):
    """How much sound comes at once."""

    SHORT = "short"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class BufferConfig:
    """A stream's callbacks.

    Attributes:
        length: blocks of the conversation in a callback.
        latency_s: the latency asked for.
    """

    blocks: Fraction
    latency_s: float


ONE_BLOCK = BufferConfig(Fraction(1), 0.048)
"""The conversation's blocks begin with these callbacks, so that each completes one. PortAudio makes the latency two
callbacks at least, so that a busy machine drops nothing. With more of it sound comes later: 0.1 s on PulseAudio adds
45 ms to every gap."""

FINE = BufferConfig(Fraction(1, 4), 0.024)
"""A block was there 2 to 18 ms after its end, with ``WHOLE`` 16 to 40 ms (medians of some tries in the virtual room),
wherever in a block the callbacks lie. None overflowed in 10 s while four other processes kept both cores busy. They
take 1 to 2% of a core more."""

SHORT_BUFFER = FINE if sys.platform == "linux" else ONE_BLOCK
"""While somebody speaks. Fine where long blocks take their place when nobody does."""

LONG_BUFFER = BufferConfig(Fraction(4), 0.192)


def callback_frames(rate: int, length: Fraction) -> int:
    """``length`` blocks, where those are a whole number of frames: then every callback completes some (48 kHz).

    Elsewhere (44.1 kHz) callbacks and blocks drift past each other, and half a block halves what is waited for.
    """
    frames = rate * BLOCK_MS * length / 1000
    return int(frames) if frames.denominator == 1 or length < 1 else int(frames / 2) + 1


class InputStream:
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
        host: PortAudio,
        clock: SampleClock,
        name_part: str,
        wake: Callable[[], None],
        on_ended: Callable[["InputStream"], None],
    ):
        self._host = host
        self._clock = clock
        self._part = name_part
        self._wake = wake
        self._lost = on_ended
        self.buffer_mode = self._wanted = BufferMode.SHORT
        self._relay: StreamHandover | None = None
        self._only_short = False
        self._switching = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> OpenStream:
        """Open the device, with short blocks; its sound comes after ``start``.

        Raises:
            AudioError: there is none, it was refused, or it is busy.
        """
        capture, stream = await self._open(SHORT_BUFFER)
        self._relay = StreamHandover(capture)
        self._only_short = stream.device.host_api not in LONG_IS_CHEAPER
        return stream

    async def start(self) -> None:
        """Let the sound come.

        Raises:
            AudioError: the device died meanwhile.
        """
        assert self._relay
        assert self._relay.current.stream
        await self._host.start(self._relay.current.stream)

    async def close(self) -> None:
        """Free the device; what has been taken is all there is."""
        relay, self._relay = self._relay, None
        if relay:
            relay.withdraw_pending()
            for capture in (relay.current, *relay.retired):
                await self._close(capture)
        while self._tasks:
            await asyncio.wait(self._tasks)

    def abandon(self) -> None:
        """All streams are about to be closed by ``StreamHost.rescan``: nothing more comes."""
        self._relay = None

    def set_buffer_mode(self, pace: BufferMode) -> None:
        """Go over to ``pace`` as soon as can be, where the device lets us."""
        self._wanted = BufferMode.SHORT if self._only_short else pace
        if self._relay is None:
            return
        if self._wanted is self.buffer_mode:
            self._relay.withdraw_pending()
        elif not self._switching and not self._relay.pending:
            self._switching = True
            self._begin(self._switch(self._wanted))

    @property
    def latest_time(self) -> float:
        """When the last sample was in the air that has come, in seconds on the clock's ``time``."""
        assert self._relay
        return self._relay.current.ring.position[1]

    def request(self, frames: int) -> bool:
        """Whether so many frames have come since ``take``; if not, ``wake`` is called once they have."""
        return self._relay is not None and self._relay.request(frames)

    def read(self) -> tuple[Pcm, StreamPosition, bool]:
        """What has come, how far the device is with it, and whether anything was lost before or in it."""
        assert self._relay
        before = self._relay.current
        taken = self._relay.read()
        if self._relay.current is not before:
            self.buffer_mode = BufferMode.LONG if self.buffer_mode is BufferMode.SHORT else BufferMode.SHORT
        if not self._relay.streams_match:
            self._only_short = True  # what is not found once will not be found later
        while self._relay.retired:
            self._begin(self._close(self._relay.retired.pop()))
        return taken

    # ------------------------------------------------------------ streams

    async def _open(self, blocks: BufferConfig) -> tuple[InputCallback, OpenStream]:
        capture = InputCallback(self._clock, self._wake, self._ended)
        stream = await self._host.open(
            StreamConfig(
                direction=Direction.INPUT,
                name_part=self._part,
                max_channels=1,
                callback_frames=lambda rate: callback_frames(rate, blocks.blocks),
                latency_s=blocks.latency_s,
                callback=capture.callback,
                on_finished=capture.on_finished,
            )
        )
        capture.attach(stream)
        return capture, stream

    async def _switch(self, pace: BufferMode) -> None:
        """Open a stream beside the present one, to take over."""
        capture = None
        try:
            capture, stream = await self._open(LONG_BUFFER if pace is BufferMode.LONG else SHORT_BUFFER)
            await self._host.start(stream)
        except AudioError as error:
            log.info("no second stream on the microphone: %s", error)
            self._refused(pace)
        else:
            if self._relay and self._wanted is pace and stream.rate == self._relay.current.rate:
                self._relay.offer(capture, required=pace is BufferMode.SHORT)
                capture = None
        finally:
            self._switching = False
            if capture:
                await self._close(capture)

    def _refused(self, pace: BufferMode) -> None:
        if pace is BufferMode.LONG:
            self._only_short = True
        elif self._relay:  # the device is to be opened anew, as after any other loss
            self._lost(self)

    async def _close(self, capture: InputCallback) -> None:
        if capture.stream:
            with contextlib.suppress(AudioError):
                await self._host.close(capture.stream)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="microphone's streams")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _ended(self, capture: InputCallback) -> None:
        """A stream has ended, whoever ended it."""
        if self._relay is None:
            return
        if capture is self._relay.current:
            self._lost(self)
        else:
            self._relay.withdraw(capture)
