"""The real microphone: PortAudio's input at the device's own rate, and the care it needs.

The callback copies and returns. The conversation's thread is woken once a block, resamples, and looks after the
device: when the watchdog calls for it, the device is opened anew, and the blocks go on in silence meanwhile.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

from voicemate.audio.devices.health import HealthReporter
from voicemate.audio.devices.portaudio import PortAudio
from voicemate.audio.devices.watchdog import DeviceCondition, Watchdog, WatchdogAction, WatchdogLimits
from voicemate.audio.input.framer import Framer
from voicemate.audio.input.stream import BufferMode, InputStream
from voicemate.audio.interfaces import BLOCKS_PER_GROUP, Block, HealthListener
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError

LONG_BUFFERS_AFTER_S = 10.0
"""After nobody has spoken for so long, sound comes in long blocks, until the next voice; nothing of that is lost."""

CHECK_S = 0.3
FAULTY_CHECK_S = 0.1
"""After so long without any sound the watchdog looks (a group takes 0.256 s), and so often silence is delivered in
place of a device that is gone."""

WATCHDOG_LIMITS = WatchdogLimits(reopen_on_silence=sys.platform == "darwin")
"""On macOS a stream can turn into zeros for good (sleep, route changes); a new one works. Elsewhere zeros are a
muted or virtual device, and a rebuild could only lose sound."""


class DeviceMicrophone:
    """A microphone of this machine.

    Args:
        host: the owner of PortAudio.
        clock: told by every block where the microphone stands.
        part: part of the device's name; empty for the system's default.
        limits: when the device counts as faulty.
        quiet_s: after nobody has spoken for so long, sound comes in long blocks; None for never.
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
        self._part = name_part
        self._limits = limits
        self._quiet_s = long_buffers_after_s
        self._name = name_part or "default"
        self._health = HealthReporter(self._fault)
        self._opened = False
        self._relaxed_since: float | None = None
        self._capturing: InputStream | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._generation = 0

    @property
    def name(self) -> str:
        return self._name

    @property
    def buffer_mode(self) -> BufferMode:
        """In which sound comes now."""
        return self._capturing.buffer_mode if self._capturing else BufferMode.SHORT

    def add_health_listener(self, listener: HealthListener) -> None:
        self._health.add_listener(listener)

    async def open(self) -> None:
        self._wake = asyncio.Event()
        self._framer = Framer(self._clock, self._clock.now())
        self._watchdog = Watchdog(self._limits, self._clock.time())
        self._health.reset()
        self._refusal: AudioError | None = None
        self._opened = True
        try:
            await self._connect()
        except AudioError:
            self._opened = False
            await self._disconnect()
            raise
        self._wake.set()
        self._look_later()

    async def blocks(self) -> AsyncIterator[Block]:
        while self._opened:
            self._wake.clear()
            self._take_in()
            await self._look_after()
            self._look_later()
            self._set_pace()
            while self._opened and (block := self._framer.pop()) is not None:
                yield block
            wanted = self._framer.missing_frames(BLOCKS_PER_GROUP if self._relaxed_since is not None else 1)
            if self._opened and not (self._capturing and self._capturing.request(wanted)):
                await self._wake.wait()

    def set_grouping(self, relaxed: bool) -> None:
        if relaxed:
            self._relaxed_since = self._clock.time() if self._relaxed_since is None else self._relaxed_since
        elif self._relaxed_since is not None:
            self._relaxed_since = None
            if self._opened:
                self._wake.set()

    async def close(self) -> None:
        if not self._opened:
            return
        self._opened = False
        if self._timer:
            self._timer.cancel()
        self._wake.set()
        await self._disconnect()

    def retry(self) -> None:
        """Devices have come or gone: if this one is gone, it may be back."""
        if self._opened:
            self._watchdog.retry(self._clock.time())
            self._wake.set()

    # ------------------------------------------------------------ the stream

    async def _connect(self) -> None:
        capturing = InputStream(self._host, self._clock, self._part, self._wake.set, self._lost)
        stream = await capturing.open()
        self._capturing, self._generation, self._name = capturing, stream.generation, stream.device.name
        self._framer.new_stream(stream.rate)
        await capturing.start()
        self._watchdog.opened(self._clock.time())
        if self._relaxed_since is not None:  # a new stream is to show first what it is worth
            self._relaxed_since = self._clock.time()
        if not self._opened:  # closed while the device was opening
            await self._disconnect()

    async def _disconnect(self) -> None:
        capturing, self._capturing = self._capturing, None
        if capturing:
            await capturing.close()

    def _abandon(self) -> None:
        capturing, self._capturing = self._capturing, None
        if capturing:
            capturing.abandon()

    def _set_pace(self) -> None:
        """Long blocks, once nobody has spoken for long and the device works."""
        if self._capturing is None:
            return
        since, wanted = self._relaxed_since, self._quiet_s
        quiet = since is not None and wanted is not None and self._clock.time() - since >= wanted
        works = self._watchdog.condition is DeviceCondition.WORKING
        self._capturing.set_buffer_mode(BufferMode.LONG if quiet and works else BufferMode.SHORT)

    async def _rebuild(self) -> None:
        try:
            if self._watchdog.condition is DeviceCondition.SILENT:
                await self._disconnect()
            else:
                self._abandon()
                self._generation = await self._host.rescan(self._generation)
            await self._connect()
        except AudioError as error:
            self._refusal = error
            self._watchdog.open_failed(self._clock.time())
            with contextlib.suppress(AudioError):
                await self._disconnect()

    # ------------------------------------------------------------ what it delivers

    def _take_in(self) -> None:
        if self._capturing is None:
            return
        pcm, mark, lost = self._capturing.read()
        if len(pcm):
            self._watchdog.callback_received(self._capturing.latest_time, bool(pcm.any()))
            self._framer.push(pcm, mark, lost)

    async def _look_after(self) -> None:
        step = self._watchdog.check(self._clock.time())
        self._health.report(self._watchdog.condition)
        if step is WatchdogAction.GIVE_UP:
            raise self._fault(self._watchdog.condition)
        if self._watchdog.condition in (DeviceCondition.STALLED, DeviceCondition.GONE):
            self._framer.fill_to(self._clock.now())
        if step is WatchdogAction.REOPEN:
            await self._rebuild()
            self._health.report(self._watchdog.condition)

    def _lost(self, capturing: InputStream) -> None:
        """A device's stream ended; if it is the present one's, nobody here ended it."""
        if capturing is self._capturing:
            if self._host.rescanning:
                self._watchdog.closed_by_rescan()
            else:
                self._watchdog.ended()
            self._wake.set()

    def _look_later(self) -> None:
        """Look after the device also when it says nothing more."""
        if self._timer:
            self._timer.cancel()
        faulty = self._watchdog.condition is not DeviceCondition.WORKING
        self._timer = asyncio.get_running_loop().call_later(FAULTY_CHECK_S if faulty else CHECK_S, self._wake.set)

    def _fault(self, condition: DeviceCondition) -> AudioError:
        if condition is DeviceCondition.SILENT:
            return AudioError(f"The microphone “{self._name}” delivers only digital silence", _UNMUTE)
        if condition is DeviceCondition.GONE and self._refusal:
            return self._refusal
        return AudioError(
            f"The microphone “{self._name}” stopped delivering sound",
            "Check that it is connected, or choose another one of `voicemate devices`",
        )


_UNMUTE = (
    "Allow the microphone to voicemate, or to the terminal it runs in, under System Settings > Privacy & Security > "
    "Microphone, and check that it is not muted"
    if sys.platform == "darwin"
    else "Check that it is not muted, by its own switch or in the system's sound settings"
)
