"""The real microphone: a PortAudio input at the device's own rate, and its supervision.

The callback copies and returns. The conversation's thread is woken once a block, resamples, and checks the device:
when the watchdog asks for it, the device is reopened, and the blocks go on in silence meanwhile.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

from voicemate.audio.devices.portaudio import PortAudio
from voicemate.audio.devices.watchdog import DeviceCondition, HealthReporter, Watchdog, WatchdogAction, WatchdogLimits
from voicemate.audio.input.framer import Framer
from voicemate.audio.input.stream import BufferMode, InputStream
from voicemate.audio.interfaces import BLOCKS_PER_GROUP, Block, HealthListener
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError

LONG_BUFFERS_AFTER_S = 10.0
"""After this long without a voice (s) audio comes in long buffers, until the next voice. No sample is lost by it."""

CHECK_S = 0.3
FAULTY_CHECK_S = 0.1
"""After this long without any samples (s) the watchdog checks the device; a group takes 0.256 s. A faulty device is
checked, and its silence delivered, more often."""

WATCHDOG_LIMITS = WatchdogLimits(reopen_on_silence=sys.platform == "darwin")
"""On macOS a stream can turn into zeros for good (sleep, route changes), and a new one works. Elsewhere zeros are a
muted or virtual device, and reopening it could only lose audio."""


class DeviceMicrophone:
    """A microphone of this machine.

    Args:
        host: opens and closes streams.
        clock: anchored by every block.
        name_part: part of the device's name; empty for the system's default.
        limits: when the device counts as faulty.
        long_buffers_after_s: after this long without a voice (s) audio comes in long buffers; None for never.
    """

    def __init__(
        self,
        host: PortAudio,
        clock: SampleClock,
        name_part: str = "",
        limits: WatchdogLimits = WATCHDOG_LIMITS,
        long_buffers_after_s: float | None = LONG_BUFFERS_AFTER_S,
    ) -> None:
        self._host = host
        self._clock = clock
        self._name_part = name_part
        self._limits = limits
        self._long_buffers_after_s = long_buffers_after_s
        self._name = name_part or "default"
        self._health = HealthReporter(self._fault)
        self._opened = False
        self._grouped_since: float | None = None
        self._stream: InputStream | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._generation = 0

    @property
    def name(self) -> str:
        """The device's name, once it was opened."""
        return self._name

    @property
    def buffer_mode(self) -> BufferMode:
        """How much audio comes at once now."""
        return self._stream.buffer_mode if self._stream else BufferMode.SHORT

    def add_health_listener(self, listener: HealthListener) -> None:
        """See ``Microphone.add_health_listener``."""
        self._health.add_listener(listener)

    async def open(self) -> None:
        """See ``Microphone.open``."""
        self._wake = asyncio.Event()
        self._framer = Framer(self._clock, self._clock.now())
        self._watchdog = Watchdog(self._limits, self._clock.time())
        self._health.reset()
        self._open_error: AudioError | None = None
        self._opened = True
        try:
            await self._connect()
        except AudioError:
            self._opened = False
            await self._disconnect()
            raise
        self._wake.set()
        self._schedule_check()

    async def blocks(self) -> AsyncIterator[Block]:
        """See ``Microphone.blocks``."""
        while self._opened:
            self._wake.clear()
            self._read_stream()
            await self._check_device()
            self._schedule_check()
            self._update_buffer_mode()
            while self._opened and (block := self._framer.pop()) is not None:
                yield block
            wanted = self._framer.missing_frames(BLOCKS_PER_GROUP if self._grouped_since is not None else 1)
            if self._opened and not (self._stream and self._stream.request(wanted)):
                await self._wake.wait()

    def set_grouping(self, grouped: bool) -> None:
        """See ``Microphone.set_grouping``."""
        if grouped:
            self._grouped_since = self._clock.time() if self._grouped_since is None else self._grouped_since
        elif self._grouped_since is not None:
            self._grouped_since = None
            if self._opened:
                self._wake.set()

    async def close(self) -> None:
        """See ``Microphone.close``."""
        if not self._opened:
            return
        self._opened = False
        if self._timer:
            self._timer.cancel()
        self._wake.set()
        await self._disconnect()

    def retry(self) -> None:
        """Devices were connected or removed: if this one is gone, try to open it now."""
        if self._opened:
            self._watchdog.retry(self._clock.time())
            self._wake.set()

    # ------------------------------------------------------------ the stream

    async def _connect(self) -> None:
        stream = InputStream(self._host, self._clock, self._name_part, self._wake.set, self._stream_ended)
        opened = await stream.open()
        self._stream, self._generation, self._name = stream, opened.generation, opened.device.name
        self._framer.new_stream(opened.rate)
        await stream.start()
        self._watchdog.opened(self._clock.time())
        if self._grouped_since is not None:  # a new stream has to prove itself with short buffers
            self._grouped_since = self._clock.time()
        if not self._opened:  # closed while the device was opening
            await self._disconnect()

    async def _disconnect(self) -> None:
        stream, self._stream = self._stream, None
        if stream:
            await stream.close()

    def _abandon(self) -> None:
        stream, self._stream = self._stream, None
        if stream:
            stream.abandon()

    def _update_buffer_mode(self) -> None:
        """Ask for long buffers once there was no voice for long and the device works, and else for short ones."""
        if self._stream is None:
            return
        since, after_s = self._grouped_since, self._long_buffers_after_s
        quiet = since is not None and after_s is not None and self._clock.time() - since >= after_s
        works = self._watchdog.condition is DeviceCondition.WORKING
        self._stream.set_buffer_mode(BufferMode.LONG if quiet and works else BufferMode.SHORT)

    async def _reopen_device(self) -> None:
        try:
            if self._watchdog.condition is DeviceCondition.SILENT:
                await self._disconnect()
            else:
                self._abandon()
                self._generation = await self._host.rescan(self._generation)
            await self._connect()
        except AudioError as error:
            self._open_error = error
            self._watchdog.open_failed(self._clock.time())
            with contextlib.suppress(AudioError):
                await self._disconnect()

    # ------------------------------------------------------------ what it delivers

    def _read_stream(self) -> None:
        if self._stream is None:
            return
        pcm, position, lost = self._stream.read()
        if len(pcm):
            self._watchdog.callback_received(self._stream.latest_time, bool(pcm.any()))
            self._framer.push(pcm, position, lost)

    async def _check_device(self) -> None:
        action = self._watchdog.check(self._clock.time())
        self._health.report(self._watchdog.condition)
        if action is WatchdogAction.GIVE_UP:
            raise self._fault(self._watchdog.condition)
        if self._watchdog.condition in (DeviceCondition.STALLED, DeviceCondition.GONE):
            self._framer.fill_to(self._clock.now())
        if action is WatchdogAction.REOPEN:
            await self._reopen_device()
            self._health.report(self._watchdog.condition)

    def _stream_ended(self, stream: InputStream) -> None:
        """A device's stream has ended; if it is the current one, this object did not end it."""
        if stream is self._stream:
            if self._host.rescanning:
                self._watchdog.closed_by_rescan()
            else:
                self._watchdog.ended()
            self._wake.set()

    def _schedule_check(self) -> None:
        """Check the device soon even if it delivers nothing more."""
        if self._timer:
            self._timer.cancel()
        faulty = self._watchdog.condition is not DeviceCondition.WORKING
        self._timer = asyncio.get_running_loop().call_later(FAULTY_CHECK_S if faulty else CHECK_S, self._wake.set)

    def _fault(self, condition: DeviceCondition) -> AudioError:
        if condition is DeviceCondition.SILENT:
            return AudioError(f"The microphone “{self._name}” delivers only digital silence", _UNMUTE_HINT)
        if condition is DeviceCondition.GONE and self._open_error:
            return self._open_error
        return AudioError(
            f"The microphone “{self._name}” stopped delivering sound",
            "Check that it is connected, or choose another one of `voicemate devices`",
        )


_UNMUTE_HINT = (
    "Allow the microphone to voicemate, or to the terminal it runs in, under System Settings > Privacy & Security > "
    "Microphone, and check that it is not muted"
    if sys.platform == "darwin"
    else "Check that it is not muted, by its own switch or in the system's sound settings"
)
