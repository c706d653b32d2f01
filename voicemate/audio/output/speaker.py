"""The real speaker: a PortAudio output stream that plays a ``Mixer`` and knows what is in the air.

After some silence the stream is suspended, since a callback a hundred times a second is work for nothing; ``wake``
and ``play`` start it again. When the device is lost, what it was given and had not played yet is played by the next
one. Its buffer is short at first; on a machine where it underflows the stream is reopened with one twice as long, and
with a shorter one when that is over (``buffer_length.py``).
"""

import asyncio
import contextlib

import numpy as np
import soxr

from voicemate.audio.devices.device import Direction
from voicemate.audio.devices.portaudio import PortAudio, StreamConfig
from voicemate.audio.devices.watchdog import DeviceCondition, HealthReporter, Watchdog, WatchdogAction, WatchdogLimits
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
"""Three callbacks (s). All of it is heard, as a longer gap before each reply and as a later silence when the person
interrupts; see docs/measurements/audio.md."""

MAX_LATENCY_S = 0.12
"""The longest buffer after underflows (s); see docs/measurements/audio.md."""

LEADING_SILENT_CALLBACKS = 2
"""Before a stream's first audio: PulseAudio swallows the first 13 ms; see docs/measurements/audio.md."""

SUSPEND_AFTER_S = 15.0
"""Silence after which the stream is suspended (s)."""

CHECK_S = 0.25

WATCHDOG_LIMITS = WatchdogLimits(silence_s=None)


class DeviceSpeaker:
    """A speaker of this machine.

    Args:
        host: opens and closes streams.
        clock: the conversation's, on which ``aec_reference`` is asked for.
        name_part: part of the device's name; empty for the system's default.
        limits: when the device counts as faulty.
        suspend_after_s: silence after which the stream is suspended (s).
        latency_s: the latency asked for at first (s); more of it survives a busier machine.
    """

    def __init__(
        self,
        host: PortAudio,
        clock: SampleClock,
        name_part: str = "",
        limits: WatchdogLimits = WATCHDOG_LIMITS,
        suspend_after_s: float = SUSPEND_AFTER_S,
        latency_s: float = LATENCY_S,
    ) -> None:
        self._host = host
        self._clock = clock
        self._time = clock.time
        self._name_part = name_part
        self._limits = limits
        self._suspend_after_s = suspend_after_s
        self._buffer = BufferLength(latency_s, MAX_LATENCY_S)
        self._name = name_part or "default"
        self._health = HealthReporter(self._fault)
        self._rate = 0
        self._callback: OutputCallback | None = None  # None: no stream is open, and nothing fills from the mixer
        self._reference: AecReference | None = None  # of that stream
        self._running = False
        self._generation = 0
        self._played_to = 0  # the furthest that position() ever returned
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The device's name, once it was opened."""
        return self._name

    @property
    def rate(self) -> int:
        """See ``Speaker.rate``."""
        return self._rate

    def add_health_listener(self, listener: HealthListener) -> None:
        """See ``Speaker.add_health_listener``."""
        self._health.add_listener(listener)

    async def open(self) -> None:
        """See ``Speaker.open``."""
        self._wake_event = asyncio.Event()
        self._watchdog = Watchdog(self._limits, self._time())
        self._health.reset()
        self._open_error: AudioError | None = None
        self._needed_at = self._time()
        try:
            await self._connect()
        except AudioError:
            await self._disconnect()
            raise
        self._supervisor = asyncio.create_task(self._supervise(), name="speaker")

    async def close(self) -> None:
        """See ``Speaker.close``."""
        if self._supervisor:
            self._supervisor.cancel()
            await asyncio.wait([self._supervisor])
            self._supervisor = None
        await self._disconnect()

    def retry(self) -> None:
        """Devices were connected or removed: if this one is gone, try to open it now."""
        if self._supervisor and self._callback is None:
            self._watchdog.retry(self._time())
            self._wake_event.set()

    def wake(self) -> None:
        """See ``Speaker.wake``."""
        self._needed_at = self._time()
        if not self._running:
            self._watchdog.reset_attempts()
            self._wake_event.set()

    def play(self, clip: AudioClip) -> Span:
        """See ``Speaker.play``."""
        pcm = clip.pcm if clip.rate == self._rate else soxr.resample(clip.pcm, clip.rate, self._rate)
        self._mixer.discard_played(self._played_to)
        span = self._mixer.queue(np.ascontiguousarray(pcm, dtype=np.float32))
        self.wake()
        return span

    def position(self) -> int:
        """See ``Speaker.position``."""
        if self._callback:
            self._played_to = max(self._played_to, self._callback.position_at(self._time()))
        return self._played_to

    def idle(self) -> bool:
        """See ``Speaker.idle``."""
        return self._mixer.drained() and (self._callback is None or self._callback.silent_at(self._time()))

    def stop(self, fade_ms: float = 20) -> None:
        """See ``Speaker.stop``."""
        self._mixer.stop(fade_ms)
        if self._callback is None:
            self._mixer.apply_stop()

    def pause(self, fade_ms: float = 20) -> None:
        """See ``Speaker.pause``."""
        self._mixer.pause(fade_ms)

    def resume(self, fade_ms: float = 20) -> None:
        """See ``Speaker.resume``."""
        self._mixer.resume(fade_ms)

    def duck(self, db: float, ramp_ms: float = 30) -> None:
        """See ``Speaker.duck``."""
        self._mixer.duck(db, ramp_ms)

    def aec_reference(self, begin: int, end: int) -> Pcm:
        """See ``Speaker.aec_reference``."""
        return self._reference.read(begin, end) if self._reference else np.zeros(end - begin, dtype=np.float32)

    @property
    def underflows(self) -> int:
        """How often the open stream ran out of audio, because the machine was too busy."""
        return self._callback.underflows if self._callback else 0

    # ------------------------------------------------------------ the stream

    async def _connect(self) -> None:
        callback = OutputCallback(self._time, self._stream_ended)
        stream = await self._host.open(
            StreamConfig(
                direction=Direction.OUTPUT,
                name_part=self._name_part,
                max_channels=2,
                callback_frames=lambda rate: round(rate * CALLBACK_S),
                latency_s=self._buffer.seconds,
                callback=callback.callback,
                on_finished=callback.on_finished,
                rate=self._rate or None,
            )
        )
        if not self._rate:
            self._rate = stream.rate
            self._mixer = Mixer(stream.rate)
        callback.attach(stream, self._mixer)
        self._reference = AecReference(callback.ring, self._clock.time_of)
        self._callback, self._generation, self._name = callback, stream.generation, stream.device.name
        await self._start(callback)

    async def _start(self, callback: OutputCallback) -> None:
        callback.leading_silence = LEADING_SILENT_CALLBACKS
        callback.ring.restart()
        self._watchdog.opened(self._time())
        self._running = True
        try:
            await self._host.start(callback.stream)
        except AudioError:
            self._running = False
            raise

    async def _disconnect(self) -> None:
        self._running = False
        callback, self._callback = self._callback, None
        if callback:
            await self._host.close(callback.stream)

    async def _reopen_device(self) -> None:
        """Reopen the device; what was handed to the old stream and not heard is played again."""
        self._running = False
        try:
            self._generation = await self._host.rescan(self._generation)
            if self._callback:
                self._mixer.rewind(self._callback.position_at(self._callback.called_at))
                self._mixer.apply_stop()
                self._callback = None
            await self._connect()
            self._needed_at = self._time()  # it has to prove itself before it may be suspended
        except AudioError as error:
            self._open_error = error
            self._watchdog.open_failed(self._time())
            with contextlib.suppress(AudioError):
                await self._disconnect()

    def _stream_ended(self, callback: OutputCallback) -> None:
        """A stream has ended; if it is the current one and should run, this object did not end it."""
        if callback is self._callback and self._running:
            if self._host.rescanning:
                self._watchdog.closed_by_rescan()
            else:
                self._watchdog.ended()
            self._wake_event.set()

    # ------------------------------------------------------------ supervision

    async def _supervise(self) -> None:
        while True:
            suspended = self._callback is not None and not self._running
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if suspended else CHECK_S):
                    await self._wake_event.wait()
            self._wake_event.clear()
            if suspended:
                await self._end_suspend()
            else:
                await self._check_device()

    async def _check_device(self) -> None:
        now = self._time()
        if self._callback and self._callback.called_at > self._callback.opened_at:
            self._watchdog.callback_received(self._callback.called_at, has_signal=True)
        action = self._watchdog.check(now)
        self._health.report(self._watchdog.condition)
        if action is WatchdogAction.REOPEN:
            await self._reopen_device()
            self._health.report(self._watchdog.condition)
        elif action is WatchdogAction.GIVE_UP:
            self.stop()
        elif not self.idle():
            self._needed_at = now
            self._buffer.add_playback(CHECK_S)
        elif self._running and self._watchdog.condition is DeviceCondition.WORKING:
            if self._grow_buffer_if_needed() or self._buffer.shrink_if_calm():
                await self._resize_buffer()
            elif self._suspend_due(now):
                await self._suspend()

    def _suspend_due(self, now: float) -> bool:
        return now - self._needed_at >= self._suspend_after_s

    async def _suspend(self) -> None:
        assert self._callback, "only a running stream is suspended"
        self._running = False
        with contextlib.suppress(AudioError):  # a stream that cannot stop shows it when it is started again
            await self._host.stop(self._callback.stream)

    def _grow_buffer_if_needed(self) -> bool:
        callback = self._callback
        return (
            callback is not None
            and callback.underflows_often()
            and self._buffer.grow_after_underflow(callback.underflows)
        )

    async def _resize_buffer(self) -> None:
        """Reopen the stream, in a silence, with a buffer of another length."""
        await self._disconnect()
        try:
            await self._connect()
        except AudioError as error:
            self._open_error = error
            self._watchdog.open_failed(self._time())

    async def _end_suspend(self) -> None:
        assert self._callback, "only an open stream is suspended"
        try:
            await self._start(self._callback)
        except AudioError:
            await self._reopen_device()
            self._health.report(self._watchdog.condition)

    def _fault(self, condition: DeviceCondition) -> AudioError:
        if condition is DeviceCondition.GONE and self._open_error:
            return self._open_error
        return AudioError(
            f"The loudspeaker “{self._name}” stopped playing",
            "Check that it is connected, or choose another one of `voicemate devices`",
        )
