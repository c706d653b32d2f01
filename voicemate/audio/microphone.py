"""The real microphone: a PortAudio input stream at the device's own rate, and the care it needs.

The callback copies and returns. The conversation's thread is woken once a block, resamples, and looks after the
device: when the watchdog calls for it, the stream is rebuilt, and the blocks go on in silence meanwhile.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

from voicemate.audio.capture import Capture
from voicemate.audio.clock import SampleClock
from voicemate.audio.devices import Direction
from voicemate.audio.framer import Framer
from voicemate.audio.health import Health
from voicemate.audio.ports import BLOCK_MS, GROUP, Block, HealthListener
from voicemate.audio.stream_host import StreamHost, StreamPlan
from voicemate.audio.watchdog import Condition, Step, Watchdog, WatchdogLimits
from voicemate.errors import AudioError

LATENCY_S = 0.048
"""PortAudio makes it two callbacks at least, so that a busy machine drops nothing. More of it comes later: 0.1 s on
PulseAudio adds 45 ms to every gap."""

CHECK_S = 0.25
FAULTY_CHECK_S = 0.1
"""How often the watchdog looks, and how often silence is delivered in place of a device that is gone."""

DEFAULT_LIMITS = WatchdogLimits(rebuild_on_silence=sys.platform == "darwin")
"""On macOS a stream can turn into zeros for good (sleep, route changes); a new one works. Elsewhere zeros are a
muted or virtual device, and a rebuild could only lose sound."""


def _callback_frames(rate: int) -> int:
    """A block, where that is a whole number of frames: then every callback completes one (48 kHz).

    Elsewhere (44.1 kHz) callbacks and blocks drift past each other, and half a block halves what is waited for.
    """
    frames, rest = divmod(rate * BLOCK_MS, 1000)
    return frames if rest == 0 else frames // 2 + 1


class DeviceMicrophone:
    """A microphone of this machine.

    Args:
        host: the owner of PortAudio.
        clock: told by every block where the microphone stands.
        part: part of the device's name; empty for the system's default.
        limits: when the device counts as faulty.
    """

    def __init__(
        self, host: StreamHost, clock: SampleClock, part: str = "", limits: WatchdogLimits = DEFAULT_LIMITS
    ) -> None:
        self._host = host
        self._clock = clock
        self._part = part
        self._limits = limits
        self._name = part or "default"
        self._health = Health(self._fault)
        self._opened = False
        self._relaxed = False
        self._capture: Capture | None = None
        self._generation = 0

    @property
    def name(self) -> str:
        return self._name

    def on_health(self, listener: HealthListener) -> None:
        self._health.listen(listener)

    async def open(self) -> None:
        self._wake = asyncio.Event()
        self._framer = Framer(self._clock, self._clock.now())
        self._watchdog = Watchdog(self._limits, self._clock.time())
        self._health.start_over()
        self._refusal: AudioError | None = None
        self._opened = True
        try:
            await self._connect()
        except AudioError:
            self._opened = False
            await self._disconnect()
            raise
        self._nudge()

    async def blocks(self) -> AsyncIterator[Block]:
        while self._opened:
            self._wake.clear()
            self._take_in()
            await self._look_after()
            while self._opened and (block := self._framer.pop()) is not None:
                yield block
            wanted = self._framer.missing_frames(GROUP if self._relaxed else 1)
            if self._opened and not (self._capture and self._capture.has(wanted)):
                await self._wake.wait()

    def relax(self, relaxed: bool) -> None:
        if self._relaxed and not relaxed and self._opened:
            self._wake.set()
        self._relaxed = relaxed

    async def close(self) -> None:
        if not self._opened:
            return
        self._opened = False
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
        capture = Capture(self._clock, self._wake.set, self._lost)
        stream = await self._host.open(
            StreamPlan(
                direction=Direction.INPUT,
                part=self._part,
                channels=1,
                block=_callback_frames,
                latency_s=LATENCY_S,
                callback=capture.callback,
                finished=capture.finished,
            )
        )
        capture.adopt(stream)
        self._capture, self._generation, self._name = capture, stream.generation, stream.device.name
        self._framer.new_stream(stream.rate)
        await self._host.start(stream)
        self._watchdog.opened(self._clock.time())
        if not self._opened:  # closed while the device was opening
            await self._disconnect()

    async def _disconnect(self) -> None:
        capture, self._capture = self._capture, None
        if capture and capture.stream:
            await self._host.close(capture.stream)

    async def _rebuild(self) -> None:
        try:
            if self._watchdog.condition is Condition.SILENT:
                await self._disconnect()
            else:
                self._capture = None
                self._generation = await self._host.rescan(self._generation)
            await self._connect()
        except AudioError as error:
            self._refusal = error
            self._watchdog.failed(self._clock.time())
            with contextlib.suppress(AudioError):
                await self._disconnect()

    # ------------------------------------------------------------ what it delivers

    def _take_in(self) -> None:
        if self._capture is None:
            return
        pcm, mark, lost = self._capture.take()
        if len(pcm):
            self._watchdog.heard(self._capture.ring.mark[1], bool(pcm.any()))
            self._framer.push(pcm, mark, lost)

    async def _look_after(self) -> None:
        step = self._watchdog.check(self._clock.time())
        self._health.tell(self._watchdog.condition)
        if step is Step.GIVE_UP:
            raise self._fault(self._watchdog.condition)
        if self._watchdog.condition in (Condition.STALLED, Condition.GONE):
            self._framer.fill_to(self._clock.now())
        if step is Step.REBUILD:
            await self._rebuild()
            self._health.tell(self._watchdog.condition)

    def _lost(self, capture: Capture) -> None:
        """A stream ended; if it is the present one, nobody here ended it."""
        if capture is self._capture:
            if self._host.rescanning:
                self._watchdog.displaced()
            else:
                self._watchdog.ended()
            self._wake.set()

    def _nudge(self) -> None:
        """Look after the device also when it says nothing."""
        self._wake.set()
        faulty = self._watchdog.condition is not Condition.WORKING
        self._timer = asyncio.get_running_loop().call_later(FAULTY_CHECK_S if faulty else CHECK_S, self._nudge)

    def _fault(self, condition: Condition) -> AudioError:
        if condition is Condition.SILENT:
            return AudioError(f"The microphone “{self._name}” delivers only digital silence", _UNMUTE)
        if condition is Condition.GONE and self._refusal:
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
