"""PortAudio: all its calls are made in one thread, and none of them can block the conversation.

PortAudio may only be used from one thread at a time, its stop and close calls can deadlock (PortAudio issues 1174
and 1175), and it lists the devices only when it is initialised. So an object that lost its device asks for a
``rescan``: that closes every stream and initialises PortAudio anew, and the streams' owners reopen them.

One hang is known, and handled: the start of an ALSA device that dies at that very moment never returns, since
PortAudio's callback thread then ends with the starter's lock held (``CallbackThreadFunc`` in pa_linux_alsa.c). That
stream is abandoned with its thread, and PortAudio is never terminated after that; what ALSA lists does not depend on
what is plugged in.
"""

import asyncio
import atexit
import contextlib
import os
import sys
import weakref
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from voicemate.audio.devices import alsa
from voicemate.audio.devices.device import Device, Direction, find_device
from voicemate.core.errors import AudioError
from voicemate.core.worker_thread import WorkerThread

CALL_TIMEOUT_S = 10.0
"""How long a call may take (s). Opening a Bluetooth headset takes up to 3 s."""

ALSA_START_TIMEOUT_S = 3.0
"""The same for the start of an ALSA stream, to which PortAudio itself gives a second."""

RESCAN_DELAY_S = 0.15
"""From a loss to the rescan (s): the two halves of a headset die one after the other, and a device that is opened in
its last moment is what makes PortAudio hang."""

MAX_CALLBACK_FRAMES = {"Core Audio": 3072}
"""Frames in a callback's buffer at most, by host API; more are unreliable there (PortAudio issues 38 and 85)."""


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """What to open.

    Attributes:
        direction: record or play.
        name_part: part of the device's name; empty for the default device.
        max_channels: as many channels as the device has are opened, up to this.
        callback_frames: frames in a callback's buffer at a rate (Hz).
        latency_s: the latency asked for (s).
        callback: called in PortAudio's thread: ``(buffer, frames, time, status)`` with interleaved float32.
        on_finished: called in PortAudio's thread when the stream ends, for whatever reason.
        rate: Hz; None for the device's own.
    """

    direction: Direction
    name_part: str
    max_channels: int
    callback_frames: Callable[[int], int]
    latency_s: float
    callback: Callable[[Any, int, Any, Any], None]
    on_finished: Callable[[], None]
    rate: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OpenStream:
    """An open stream, not started yet. Only ``PortAudio`` touches ``raw``.

    Attributes:
        device: on which it was opened.
        direction: record or play.
        rate: frames a second (Hz).
        channels: in a frame.
        latency: what PortAudio reports between the device and the callback's buffer (s).
        callback_frames: frames in a callback's buffer.
        generation: of the device list that it was opened with.
        raw: sounddevice's stream.
    """

    device: Device
    direction: Direction
    rate: int
    channels: int
    latency: float
    callback_frames: int
    generation: int
    raw: Any


class _Callbacks:
    """What sounddevice calls.

    A closed stream is part of a reference cycle (sounddevice's streams refer to themselves) and would keep the
    callback's owner alive, with seconds of audio, until Python collects such cycles.
    """

    def __init__(self, config: StreamConfig) -> None:
        self._callback = config.callback
        self._on_finished = config.on_finished

    def callback(self, buffer: Any, frames: int, time: Any, status: Any) -> None:
        self._callback(buffer, frames, time, status)

    def on_finished(self) -> None:
        self._on_finished()

    def disconnect(self) -> None:
        """The stream is closed: call nothing any more."""
        self._callback = self._on_finished = _ignore


def _ignore(*_: Any) -> None:
    pass


_hung_libraries: "weakref.WeakSet[Any]" = weakref.WeakSet()
"""Libraries in which a start hangs for good."""


class PortAudio:
    """Opens, starts, stops and closes streams. Methods belong to the loop's thread.

    Every method raises ``AudioError`` when PortAudio is missing or does not answer, or the device cannot be used.

    Args:
        timeout_s: how long a call may take (s).
        library: replaces ``sounddevice``, which is imported by default.

    Attributes:
        rescanning: streams that end now are closed by ``rescan``, and nothing is wrong with them.
    """

    def __init__(self, timeout_s: float = CALL_TIMEOUT_S, library: Any = None) -> None:
        self._library = library
        self._timeout_s = timeout_s
        self._thread = self._new_thread()
        self._streams: dict[OpenStream, _Callbacks] = {}
        self._generation = 0
        self.rescanning = False

    # ------------------------------------------------------------ for all callers

    def devices(self) -> list[Device]:
        """All devices, as of the start or the last rescan. Blocks until PortAudio answers."""
        return self._thread.wait(self._list_devices)

    def check(self, direction: Direction, name_part: str = "") -> Device:
        """The device that would be opened, if it can be. Blocks until PortAudio answers."""
        return self._thread.wait(lambda: self._check(direction, name_part))

    async def open(self, config: StreamConfig) -> OpenStream:
        """Open a stream; its callbacks begin with ``start``."""
        return await self._thread.run_to_end(lambda: self._open(config), undo=self._close)

    async def start(self, stream: OpenStream) -> None:
        """Start the callbacks.

        Raises:
            AudioError: also when a rescan has closed the stream.
        """
        alsa_s = min(ALSA_START_TIMEOUT_S, self._timeout_s) if stream.device.host_api == "ALSA" else None
        try:
            await self._thread.run_to_end(lambda: self._start(stream), timeout_s=alsa_s)
        except AudioError:
            if alsa_s and self._thread.hanging:
                self._abandon(stream)
            raise

    async def stop(self, stream: OpenStream) -> None:
        """Stop the callbacks at once; the stream may be started again."""
        await self._thread.run_to_end(lambda: self._stop(stream))

    async def close(self, stream: OpenStream) -> None:
        """Stop the callbacks and free the stream."""
        await self._thread.run_to_end(lambda: self._close(stream))

    async def rescan(self, generation: int) -> int:
        """Close every stream and list the devices anew, unless that has been done since ``generation``.

        Returns:
            The generation of the device list now.
        """
        if generation == self._generation:
            await asyncio.sleep(RESCAN_DELAY_S)
        self.rescanning = True
        try:
            return await self._thread.run_to_end(lambda: self._rescan(generation))
        finally:
            self.rescanning = False

    async def refresh_devices(self) -> None:
        """List the devices anew; the owners of open streams reopen them."""
        await self.rescan(self._generation)

    def _new_thread(self) -> WorkerThread:
        return WorkerThread("portaudio", self._timeout_s, _timeout_error)

    def _abandon(self, stream: OpenStream) -> None:
        """Go on without a stream whose start hangs, and without the thread in which it does."""
        self._streams.pop(stream, None)
        self._thread = self._new_thread()
        _hung_libraries.add(self._library)
        if at_exit := getattr(self._library, "_exit_handler", None):
            atexit.unregister(at_exit)  # it would hang at the process's end

    # ------------------------------------------------------------ in the PortAudio thread

    def _sounddevice(self) -> Any:
        """The library; importing it initialises PortAudio."""
        if self._library is None:
            alsa.skip_encoder_plugins()
            try:
                import sounddevice
            except OSError:
                raise AudioError(
                    "The PortAudio library is missing", "Install it, on Debian with `sudo apt install libportaudio2`"
                ) from None
            alsa.silence_messages()
            self._library = sounddevice
        return self._library

    def _list_devices(self) -> list[Device]:
        library = self._sounddevice()
        apis = library.query_hostapis()
        default_input, default_output = library.default.device
        return [
            Device(
                index=found["index"],
                name=found["name"],
                host_api=apis[found["hostapi"]]["name"],
                inputs=found["max_input_channels"],
                outputs=found["max_output_channels"],
                rate=_native_rate(apis[found["hostapi"]]["name"], found["default_samplerate"]),
                default_input=found["index"] == default_input,
                default_output=found["index"] == default_output,
            )
            for found in library.query_devices()
        ]

    def _check(self, direction: Direction, name_part: str) -> Device:
        library = self._sounddevice()
        device = find_device(self._list_devices(), direction, name_part)
        test = library.check_input_settings if direction is Direction.INPUT else library.check_output_settings
        with _as_audio_errors(library, direction, device.name):
            test(device=device.index, channels=1, dtype="float32", samplerate=device.rate)
        return device

    def _open(self, config: StreamConfig) -> OpenStream:
        library = self._sounddevice()
        device = find_device(self._list_devices(), config.direction, config.name_part)
        rate = config.rate or device.rate
        channels = min(config.max_channels, device.channels(config.direction))
        frames = min(config.callback_frames(rate), MAX_CALLBACK_FRAMES.get(device.host_api, sys.maxsize))
        callbacks = _Callbacks(config)
        kind = library.RawInputStream if config.direction is Direction.INPUT else library.RawOutputStream
        with _as_audio_errors(library, config.direction, device.name):
            raw = kind(
                device=device.index,
                samplerate=rate,
                channels=channels,
                dtype="float32",
                blocksize=frames,
                latency=config.latency_s,
                callback=callbacks.callback,
                finished_callback=callbacks.on_finished,
            )
        stream = OpenStream(device, config.direction, rate, channels, raw.latency, frames, self._generation, raw)
        self._streams[stream] = callbacks
        return stream

    def _start(self, stream: OpenStream) -> None:
        if stream not in self._streams:
            raise AudioError(f"“{stream.device.name}” was closed while audio was restarted")
        with _as_audio_errors(self._sounddevice(), stream.direction, stream.device.name):
            stream.raw.start()

    def _stop(self, stream: OpenStream) -> None:
        if stream in self._streams:
            with _stderr_discarded():
                stream.raw.abort(ignore_errors=True)

    def _close(self, stream: OpenStream) -> None:
        if stream in self._streams:
            callbacks = self._streams.pop(stream)
            with _stderr_discarded():
                stream.raw.abort(ignore_errors=True)
                stream.raw.close(ignore_errors=True)
            callbacks.disconnect()

    def _rescan(self, generation: int) -> int:
        if generation < self._generation:
            return self._generation
        library = self._sounddevice()
        for stream in tuple(self._streams):
            self._close(stream)
        if library not in _hung_libraries:
            with _stderr_discarded():
                library._terminate()
                library._initialize()
        self._generation += 1
        return self._generation


def check_devices(input_part: str = "", output_part: str = "") -> tuple[Device, Device]:
    """The microphone and the speaker that a conversation would open. Blocks until PortAudio answers.

    Args:
        input_part: part of the microphone's name; empty for the default one.
        output_part: the same of the speaker's.

    Raises:
        AudioError: there is no such device, or no sound system at all.
    """
    host = PortAudio()
    return host.check(Direction.INPUT, input_part), host.check(Direction.OUTPUT, output_part)


def _native_rate(api: str, default_rate: float) -> int:
    """The rate that a device runs at by itself (Hz).

    PortAudio's ALSA side calls 44.1 kHz the default of every device that can do it. Today's hardware and sound
    servers run at 48 kHz, which is also three times 16 kHz: cheap to resample, and a block is a whole number of
    frames.
    """
    return 48_000 if api == "ALSA" else round(default_rate)


def _timeout_error() -> AudioError:
    return AudioError(
        "The system's audio does not answer", "Start voicemate again; if that does not help, the computer"
    )


@contextlib.contextmanager
def _as_audio_errors(library: Any, direction: Direction, name: str) -> Generator[None]:
    """Turn PortAudio's errors into ours, and keep what its back ends print off the terminal."""
    try:
        with _stderr_discarded():
            yield
    except library.PortAudioError as error:
        raise AudioError(
            f"The {direction} “{name}” cannot be used: {_reason(*error.args)}",
            "Check that it is connected and that no other program has it to itself, or choose another one "
            "of `voicemate devices`",
        ) from None


def _reason(text: str, code: int = 0, host: tuple[int, int, str] | None = None) -> str:
    """The part of a PortAudioError that is of use to a person."""
    return host[2] if host else text.rpartition(": ")[2]


@contextlib.contextmanager
def _stderr_discarded() -> Generator[None]:
    """Discard what ALSA, JACK and PortAudio write to the C library's stderr meanwhile."""
    try:
        stderr = os.dup(2)
    except OSError:  # there is none
        yield
        return
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        os.close(null)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
