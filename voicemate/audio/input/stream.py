"""The microphone's device while it is open: with short buffers, or with long ones while nobody speaks.

The buffers of a running stream cannot be made longer, so a second stream is opened beside the first, takes over
without a seam (``stream_handover.py``), and the first one is closed. Long buffers save about two thirds of what an
open microphone costs.
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

LONG_BUFFER_APIS = ("ALSA",)
"""Host APIs with long buffers. On Core Audio callbacks of more than 3072 frames are unreliable (PortAudio issues 38
and 85), and two streams would have to agree on the device's buffer."""

log = logging.getLogger(__name__)


class BufferMode(Enum):
    """How much audio comes at once."""

    SHORT = "short"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class BufferConfig:
    """A stream's buffers.

    Attributes:
        blocks: length of a callback's buffer, in blocks of the conversation.
        latency_s: the latency asked for (s).
    """

    blocks: Fraction
    latency_s: float


ONE_BLOCK = BufferConfig(Fraction(1), 0.048)
"""Each callback completes a block. See docs/measurements/audio.md for the latency."""

QUARTER_BLOCK = BufferConfig(Fraction(1, 4), 0.024)
"""A block is ready sooner after its end, for 1 to 2% of a core more; see docs/measurements/audio.md."""

SHORT_BUFFER = QUARTER_BLOCK if sys.platform == "linux" else ONE_BLOCK
"""While somebody speaks: the finer one where long buffers replace it while nobody does."""

LONG_BUFFER = BufferConfig(Fraction(4), 0.192)
"""While nobody speaks."""


def callback_frames(rate: int, blocks: Fraction) -> int:
    """Frames in a callback's buffer: ``blocks``, where those are a whole number of frames (48 kHz).

    Elsewhere (44.1 kHz) callbacks and blocks drift past each other, and half a block halves the delay.
    """
    frames = rate * BLOCK_MS * blocks / 1000
    return int(frames) if frames.denominator == 1 or blocks < 1 else int(frames / 2) + 1


class InputStream:
    """One device, from its opening to its end. Belongs to the conversation's loop.

    Args:
        host: opens and closes streams.
        clock: gives the time.
        name_part: part of the device's name; empty for the system's default.
        on_frames: called when as many frames have come as were requested.
        on_ended: called when the current stream has ended, and this object did not end it.

    Attributes:
        buffer_mode: the current one.
    """

    def __init__(
        self,
        host: PortAudio,
        clock: SampleClock,
        name_part: str,
        on_frames: Callable[[], None],
        on_ended: Callable[["InputStream"], None],
    ) -> None:
        self._host = host
        self._clock = clock
        self._name_part = name_part
        self._on_frames = on_frames
        self._on_ended = on_ended
        self.buffer_mode = self._wanted_mode = BufferMode.SHORT
        self._handover: StreamHandover | None = None
        self._short_only = False
        self._switching = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> OpenStream:
        """Open the device with short buffers; samples come after ``start``.

        Raises:
            AudioError: there is none, it was refused, or it is busy.
        """
        callback, stream = await self._open(SHORT_BUFFER)
        self._handover = StreamHandover(callback)
        self._short_only = stream.device.host_api not in LONG_BUFFER_APIS
        return stream

    async def start(self) -> None:
        """Start the callbacks.

        Raises:
            AudioError: the device died meanwhile.
        """
        assert self._handover
        assert self._handover.current.stream
        await self._host.start(self._handover.current.stream)

    async def close(self) -> None:
        """Free the device. What has not been read yet is lost."""
        handover, self._handover = self._handover, None
        if handover:
            handover.withdraw_pending()
            for callback in (handover.current, *handover.retired):
                await self._close(callback)
        while self._tasks:
            await asyncio.wait(self._tasks)

    def abandon(self) -> None:
        """Forget all streams: ``PortAudio.rescan`` is about to close them."""
        self._handover = None

    def set_buffer_mode(self, mode: BufferMode) -> None:
        """Change to ``mode`` as soon as possible, where the device allows it."""
        self._wanted_mode = BufferMode.SHORT if self._short_only else mode
        if self._handover is None:
            return
        if self._wanted_mode is self.buffer_mode:
            self._handover.withdraw_pending()
        elif not self._switching and not self._handover.pending:
            self._switching = True
            self._spawn(self._switch(self._wanted_mode))

    @property
    def latest_time(self) -> float:
        """When the newest sample was in the air, in seconds on the clock's ``time``."""
        assert self._handover
        return self._handover.current.buffer.position[1]

    def request(self, frames: int) -> bool:
        """Whether ``frames`` have come since the last ``read``. If not, ``on_frames`` is called once they have."""
        return self._handover is not None and self._handover.request(frames)

    def read(self) -> tuple[Pcm, StreamPosition, bool]:
        """Read what has come.

        Returns:
            The samples, the device's position with them, and whether any were lost before or within them.
        """
        assert self._handover
        before = self._handover.current
        result = self._handover.read()
        if self._handover.current is not before:
            self.buffer_mode = BufferMode.LONG if self.buffer_mode is BufferMode.SHORT else BufferMode.SHORT
        if not self._handover.streams_match:
            self._short_only = True  # streams that do not match once will not match later
        while self._handover.retired:
            self._spawn(self._close(self._handover.retired.pop()))
        return result

    # ------------------------------------------------------------ streams

    async def _open(self, buffer: BufferConfig) -> tuple[InputCallback, OpenStream]:
        callback = InputCallback(self._clock, self._on_frames, self._stream_ended)
        stream = await self._host.open(
            StreamConfig(
                direction=Direction.INPUT,
                name_part=self._name_part,
                max_channels=1,
                callback_frames=lambda rate: callback_frames(rate, buffer.blocks),
                latency_s=buffer.latency_s,
                callback=callback.callback,
                on_finished=callback.on_finished,
            )
        )
        callback.attach(stream)
        return callback, stream

    async def _switch(self, mode: BufferMode) -> None:
        """Open a stream beside the current one, to take over from it."""
        callback = None
        try:
            callback, stream = await self._open(LONG_BUFFER if mode is BufferMode.LONG else SHORT_BUFFER)
            await self._host.start(stream)
        except AudioError as error:
            log.info("cannot open a second stream on the microphone: %s", error)
            self._on_open_failed(mode)
        else:
            if self._handover and self._wanted_mode is mode and stream.rate == self._handover.current.rate:
                self._handover.offer(callback, required=mode is BufferMode.SHORT)
                callback = None
        finally:
            self._switching = False
            if callback:
                await self._close(callback)

    def _on_open_failed(self, mode: BufferMode) -> None:
        if mode is BufferMode.LONG:
            self._short_only = True
        elif self._handover:  # the device has to be reopened, as after any other loss
            self._on_ended(self)

    async def _close(self, callback: InputCallback) -> None:
        if callback.stream:
            with contextlib.suppress(AudioError):
                await self._host.close(callback.stream)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="microphone's streams")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _stream_ended(self, callback: InputCallback) -> None:
        """One of the streams has ended, for whatever reason."""
        if self._handover is None:
            return
        if callback is self._handover.current:
            self._on_ended(self)
        else:
            self._handover.withdraw(callback)
