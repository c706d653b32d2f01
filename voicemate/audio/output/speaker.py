"""The real loudspeaker: a PortAudio output stream that plays a ``Playout`` and knows what is in the air.

After some silence the stream rests, since a callback a hundred times a second is work for nothing; ``wake`` and
``play`` start it again. When the device is lost, what it was given and had not played yet is played by the next one.
Its buffer is short at first; on a machine that lets it run dry it is opened anew with one twice as long, and with a
shorter one when that is over (``buffer_length.py``).
"""

import asyncio
import contextlib

import numpy as np
import soxr

from voicemate.audio.devices.device import Direction
from voicemate.audio.devices.health import HealthReporter
from voicemate.audio.devices.portaudio import PortAudio, StreamConfig
from voicemate.audio.devices.watchdog import DeviceCondition, Watchdog, WatchdogAction, WatchdogLimits
from voicemate.audio.interfaces import HealthListener, Span
from voicemate.audio.output.aec_reference import AecReference
from voicemate.audio.output.buffer_length import BufferLength
from voicemate.audio.output.mixer import Mixer
from voicemate.audio.output.output_callback import OutputCallback
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError
from voicemate.core.pcm import AudioClip, Pcm

CALLBACK_S = 0.01
LATENCY_S = 0.03
"""Three callbacks. Every millisecond of it is heard as a longer gap before each reply, and as a later silence when
the person interrupts. In a conversation of twelve turns on PulseAudio and two cores it ran dry once."""

LONGEST_LATENCY_S = 0.12
"""Of what it is made when it runs dry. With 0.06, two cores and three times as many busy processes, 12 s of speech
had no hole in four tries of six and one to three in two."""

LEADING_SILENT_CALLBACKS = 2
"""Callbacks of silence before a stream's first sound: PulseAudio swallows the first 13 ms (measured)."""

REST_S = 15.0
"""Silence this long sends the stream to rest."""

CHECK_S = 0.25

WATCHDOG_LIMITS = WatchdogLimits(silence_s=None)


class DeviceSpeaker:
    """A loudspeaker of this machine.

    Args:
        host: the owner of PortAudio.
        clock: the conversation's, which ``far`` is asked by.
        part: part of the device's name; empty for the system's default.
        limits: when the device counts as faulty.
        rest_s: silence after which the stream rests.
        latency_s: the latency asked for at first; more of it survives a busier machine.
    """

    def __init__(
        self,
        host: PortAudio,
        clock: SampleClock,
        name_part: str = "",
        limits: WatchdogLimits = WATCHDOG_LIMITS,
        suspend_after_s: float = REST_S,
        latency_s: float = LATENCY_S,
    ) -> None:
        self._host = host
        self._clock = clock
        self._time = clock.time
        self._part = name_part
        self._limits = limits
        self._rest_s = suspend_after_s
        self._buffer = BufferLength(latency_s, LONGEST_LATENCY_S)
        self._name = name_part or "default"
        self._health = HealthReporter(self._fault)
        self._rate = 0
        self._feed: OutputCallback | None = None  # None: no stream is open, and nobody fills from the playout
        self._far: AecReference | None = None  # of that stream
        self._running = False
        self._generation = 0
        self._heard = 0  # the furthest that position() ever said
        self._keeper: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def rate(self) -> int:
        return self._rate

    def add_health_listener(self, listener: HealthListener) -> None:
        self._health.add_listener(listener)

    async def open(self) -> None:
        self._news = asyncio.Event()
        self._watchdog = Watchdog(self._limits, self._time())
        self._health.reset()
        self._refusal: AudioError | None = None
        self._needed_at = self._time()
        try:
            await self._connect()
        except AudioError:
            await self._disconnect()
            raise
        self._keeper = asyncio.create_task(self._keep(), name="loudspeaker")

    async def close(self) -> None:
        if self._keeper:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None
        await self._disconnect()

    def retry(self) -> None:
        """Devices have come or gone: if this one is gone, it may be back."""
        if self._keeper and self._feed is None:
            self._watchdog.retry(self._time())
            self._news.set()

    def wake(self) -> None:
        self._needed_at = self._time()
        if not self._running:
            self._watchdog.reset_attempts()
            self._news.set()

    def play(self, clip: AudioClip) -> Span:
        pcm = clip.pcm if clip.rate == self._rate else soxr.resample(clip.pcm, clip.rate, self._rate)
        self._playout.discard_played(self._heard)
        span = self._playout.queue(np.ascontiguousarray(pcm, dtype=np.float32))
        self.wake()
        return span

    def position(self) -> int:
        if self._feed:
            self._heard = max(self._heard, self._feed.position_at(self._time()))
        return self._heard

    def idle(self) -> bool:
        return self._playout.drained() and (self._feed is None or self._feed.silent_at(self._time()))

    def stop(self, fade_ms: float = 20) -> None:
        self._playout.stop(fade_ms)
        if self._feed is None:
            self._playout.apply_stop()

    def pause(self, fade_ms: float = 20) -> None:
        self._playout.pause(fade_ms)

    def resume(self, fade_ms: float = 20) -> None:
        self._playout.resume(fade_ms)

    def duck(self, db: float, ramp_ms: float = 30) -> None:
        self._playout.duck(db, ramp_ms)

    def aec_reference(self, begin: int, end: int) -> Pcm:
        return self._far.read(begin, end) if self._far else np.zeros(end - begin, dtype=np.float32)

    @property
    def underflows(self) -> int:
        """How often the stream that is open ran dry, because the machine was too busy."""
        return self._feed.underflows if self._feed else 0

    # ------------------------------------------------------------ the stream

    async def _connect(self) -> None:
        feed = OutputCallback(self._time, self._lost)
        stream = await self._host.open(
            StreamConfig(
                direction=Direction.OUTPUT,
                name_part=self._part,
                max_channels=2,
                callback_frames=lambda rate: round(rate * CALLBACK_S),
                latency_s=self._buffer.seconds,
                callback=feed.callback,
                on_finished=feed.on_finished,
                rate=self._rate or None,
            )
        )
        if not self._rate:
            self._rate = stream.rate
            self._playout = Mixer(stream.rate)
        feed.attach(stream, self._playout)
        self._far = AecReference(feed.ring, self._clock.time_of)
        self._feed, self._generation, self._name = feed, stream.generation, stream.device.name
        await self._start(feed)

    async def _start(self, feed: OutputCallback) -> None:
        feed.leading_silence = LEADING_SILENT_CALLBACKS
        feed.ring.restart()
        self._watchdog.opened(self._time())
        self._running = True
        try:
            await self._host.start(feed.stream)
        except AudioError:
            self._running = False
            raise

    async def _disconnect(self) -> None:
        self._running = False
        feed, self._feed = self._feed, None
        if feed:
            await self._host.close(feed.stream)

    async def _rebuild(self) -> None:
        """Open the device anew; what was handed to the old stream and not heard is played again."""
        self._running = False
        try:
            self._generation = await self._host.rescan(self._generation)
            if self._feed:
                self._playout.rewind(self._feed.position_at(self._feed.called_at))
                self._playout.apply_stop()
                self._feed = None
            await self._connect()
            self._needed_at = self._time()  # it has to show what it is worth before it may rest
        except AudioError as error:
            self._refusal = error
            self._watchdog.open_failed(self._time())
            with contextlib.suppress(AudioError):
                await self._disconnect()

    def _lost(self, feed: OutputCallback) -> None:
        """A stream ended; if it is the present one and should run, nobody here ended it."""
        if feed is self._feed and self._running:
            if self._host.rescanning:
                self._watchdog.closed_by_rescan()
            else:
                self._watchdog.ended()
            self._news.set()

    # ------------------------------------------------------------ looking after it

    async def _keep(self) -> None:
        while True:
            resting = self._feed is not None and not self._running
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if resting else CHECK_S):
                    await self._news.wait()
            self._news.clear()
            if resting:
                await self._end_rest()
            else:
                await self._look_after()

    async def _look_after(self) -> None:
        now = self._time()
        if self._feed and self._feed.called_at > self._feed.opened_at:
            self._watchdog.callback_received(self._feed.called_at, has_signal=True)
        step = self._watchdog.check(now)
        self._health.report(self._watchdog.condition)
        if step is WatchdogAction.REOPEN:
            await self._rebuild()
            self._health.report(self._watchdog.condition)
        elif step is WatchdogAction.GIVE_UP:
            self.stop()
        elif not self.idle():
            self._needed_at = now
            self._buffer.add_playback(CHECK_S)
        elif self._running and self._watchdog.condition is DeviceCondition.WORKING:
            if self._is_too_short() or self._buffer.shrink_if_calm():
                await self._reopen()
            elif self._unneeded(now):
                await self._rest()

    def _unneeded(self, now: float) -> bool:
        return now - self._needed_at >= self._rest_s

    async def _rest(self) -> None:
        assert self._feed, "only a running stream is sent to rest"
        self._running = False
        with contextlib.suppress(AudioError):  # a stream that cannot stop shows itself when it is started again
            await self._host.stop(self._feed.stream)

    def _is_too_short(self) -> bool:
        feed = self._feed
        return feed is not None and feed.underflows_often() and self._buffer.grow_after_underflow(feed.underflows)

    async def _reopen(self) -> None:
        """Open the device anew, in a silence, with another length of its buffer."""
        await self._disconnect()
        try:
            await self._connect()
        except AudioError as error:
            self._refusal = error
            self._watchdog.open_failed(self._time())

    async def _end_rest(self) -> None:
        assert self._feed, "only an open stream rests"
        try:
            await self._start(self._feed)
        except AudioError:
            await self._rebuild()
            self._health.report(self._watchdog.condition)

    def _fault(self, condition: DeviceCondition) -> AudioError:
        if condition is DeviceCondition.GONE and self._refusal:
            return self._refusal
        return AudioError(
            f"The loudspeaker “{self._name}” stopped playing",
            "Check that it is connected, or choose another one of `voicemate devices`",
        )
