"""A scripted replacement of PortAudio."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from voicemate.audio.devices.device import Device, Direction
from voicemate.audio.devices.portaudio import OpenStream, StreamConfig
from voicemate.core.errors import AudioError

DEVICE = Device(0, "fake", "Fake Audio", 1, 2, 48_000, default_input=True, default_output=True)
LATENCY_S = 0.05


@dataclass(eq=False)
class FakeStream:
    """A stream whose callbacks run on the loop's clock.

    Attributes:
        value: the microphone's constant sample.
        sound: what it delivers instead, from the loop's time 0 on.
        overflowed: audio was lost before the next callback.
        out: the speaker's samples, first channel.
    """

    config: StreamConfig
    opened: OpenStream | None = None
    value: float = 0.1
    sound: np.ndarray | None = None
    frozen: bool = False
    overflowed: bool = False
    running: bool = False
    out: list[np.ndarray] = field(default_factory=list)

    def start(self) -> None:
        self.running = True
        self._next = asyncio.get_running_loop().time()
        self._place = round(self._next * self.opened.rate) if self.opened else 0
        self._again()

    def end(self) -> None:
        """Stop the stream."""
        if self.running:
            self.running = False
            self.config.on_finished()

    def _again(self) -> None:
        assert self.opened
        self._next += self.opened.callback_frames / self.opened.rate
        asyncio.get_running_loop().call_at(self._next, self._tick)

    def _tick(self) -> None:
        if not self.running:
            return
        if not self.frozen:
            self._call()
        self._again()

    def _call(self) -> None:
        assert self.opened
        frames = self.opened.callback_frames
        times = SimpleNamespace(currentTime=10.0, outputBufferDacTime=10 + LATENCY_S)
        times.inputBufferAdcTime = 10 - frames / self.opened.rate - LATENCY_S
        if self.sound is None:
            buffer = np.full(frames * self.opened.channels, self.value, dtype=np.float32)
        else:
            buffer = np.repeat(self.sound[self._place : self._place + frames], self.opened.channels)
            self._place += frames
        self.config.callback(buffer, frames, times, self.overflowed or None)
        self.overflowed = False
        if self.config.direction is Direction.OUTPUT:
            self.out.append(buffer[:: self.opened.channels].copy())


class FakePortAudio:
    """Stands in for ``PortAudio``.

    Attributes:
        streams: all streams so far.
        refusal: an error that ``open`` raises; None for none.
        sound: what microphones deliver, if not a constant.
        device: the device that is opened.
        opening: streams that are being opened.
        rescans: number of device rescans.
    """

    def __init__(self) -> None:
        self.streams: list[FakeStream] = []
        self.error: AudioError | None = None
        self.sound: np.ndarray | None = None
        self.device = DEVICE
        self.opening = 0
        self.rescans = 0
        self.rescanning = False
        self._generation = 0

    async def open(self, plan: StreamConfig) -> OpenStream:
        self.opening += 1
        try:
            await asyncio.sleep(0.01)
        finally:
            self.opening -= 1
        if self.error:
            raise self.error
        stream = FakeStream(plan, sound=self.sound)
        rate = plan.rate or self.device.rate
        channels = min(plan.max_channels, self.device.channels(plan.direction))
        stream.opened = OpenStream(
            self.device,
            plan.direction,
            rate,
            channels,
            LATENCY_S,
            plan.callback_frames(rate),
            self._generation,
            stream,
        )
        self.streams.append(stream)
        return stream.opened

    async def start(self, stream: OpenStream) -> None:
        if stream.generation < self._generation:
            raise AudioError("“fake” was closed while audio was restarted")
        stream.raw.start()

    async def stop(self, stream: OpenStream) -> None:
        stream.raw.end()

    async def close(self, stream: OpenStream) -> None:
        stream.raw.end()

    async def rescan(self, generation: int) -> int:
        if generation == self._generation:
            self.rescans += 1
            self._generation += 1
            self.rescanning = True
            for stream in self.streams:
                stream.end()
            await asyncio.sleep(0.01)
            self.rescanning = False
        return self._generation
