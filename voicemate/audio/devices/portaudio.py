"""The owner of PortAudio: all its calls are made in one thread, and none of them can hang the conversation.

PortAudio may only be used from one thread at a time, its stop and close calls can deadlock (PortAudio issues 1174
and 1175), and it looks at the list of devices only when it is initialised. So whoever lost a device asks for a
``rescan``: that closes every stream and starts PortAudio anew, and the streams' owners open them again.

One hang is known, and survived: the start of an ALSA device that dies at that very moment never returns, since
PortAudio's callback thread then ends with the starter's lock held (``CallbackThreadFunc`` in pa_linux_alsa.c). That
stream is left behind with its thread, and PortAudio is never terminated after that; what ALSA lists does not depend
on what is plugged in.
"""

import asyncio
import atexit
import contextlib
import os
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from voicemate.audio.devices import alsa
from voicemate.audio.devices.device import Device, Direction, find_device
from voicemate.audio.devices.owner_thread import OwnerThread
from voicemate.core.errors import AudioError

CALL_TIMEOUT_S = 10.0
"""How long a call may take. Opening a Bluetooth headset takes up to 3 s."""

ALSA_START_S = 3.0
"""The same for the start of an ALSA stream, to which PortAudio itself gives a second."""

RESCAN_DELAY_S = 0.15
"""From a loss to looking anew: the two halves of a headset die one after the other, and a device that is opened in
its last moment is what makes PortAudio hang."""

LONGEST_BLOCK = {"Core Audio": 3072}
"""Frames a callback gets at most, by host API; longer ones are unreliable there (PortAudio issues 38 and 85)."""


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """What to open.

    Attributes:
        direction: record or play.
        part: part of the device's name; empty for the default device.
        channels: as many are opened at most.
        block: frames in a callback's buffer at a rate (Hz).
        latency_s: the latency asked for.
        callback: PortAudio's, in its thread: ``(buffer, frames, time, status)`` with interleaved float32.
        finished: called in PortAudio's thread when the stream ends, whoever ended it.
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
    """An open stream, not started yet. Only the host touches ``raw``.

    Attributes:
        direction: record or play.
        latency: what PortAudio says of the way between the device and the callback's buffer (s).
        block: frames in a callback's buffer.
        generation: of the device list that it was opened with.
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
    """What sounddevice calls. A closed stream is garbage in a circle (sounddevice's streams refer to themselves) and
    would keep whoever listened to it, with seconds of sound, until Python looks for such circles."""

    def __init__(self, plan: StreamConfig):
        self._callback = plan.callback
        self._finished = plan.on_finished

    def callback(self, buffer: Any, frames: int, time: Any, status: Any) -> None:
        self._callback(buffer, frames, time, status)

    def finished(self) -> None:
        self._finished()

    def forget(self) -> None:
        """The stream is closed: nobody is called any more."""
        self._callback = self._finished = _ignore


def _ignore(*_: Any) -> None:
    pass


_left_behind: "weakref.WeakSet[Any]" = weakref.WeakSet()
"""Libraries in which a start hangs for good."""


class PortAudio:
    """Opens, starts, stops and closes streams. Methods belong to the loop's thread.

    Every method raises ``AudioError`` when PortAudio is missing or does not answer, or the device cannot be used.

    Args:
        patience_s: how long a call may take.
        library: what to use for ``sounddevice``, which is imported by default.

    Attributes:
        rescanning: streams that end now are closed by ``rescan``, and nothing is wrong with them.
    """

    def __init__(self, timeout_s: float = CALL_TIMEOUT_S, library: Any = None) -> None:
        self._library = library
        self._patience_s = timeout_s
        self._owner = self._new_owner()
        self._streams: dict[OpenStream, _Callbacks] = {}
        self._generation = 0
        self.rescanning = False

    # ------------------------------------------------------------ for everybody

    def devices(self) -> list[Device]:
        """All devices, as of the start or the last rescan. Waits for PortAudio."""
        return self._owner.wait(self._list_devices)

    def check(self, direction: Direction, name_part: str = "") -> Device:
        """The device that would be opened, if it can be. Waits for PortAudio."""
        return self._owner.wait(lambda: self._check(direction, name_part))

    async def open(self, plan: StreamConfig) -> OpenStream:
        """Open a stream; its callbacks begin with ``start``."""
        return await self._owner.run(lambda: self._open(plan), undo=self._close)

    async def start(self, stream: OpenStream) -> None:
        """Let the callbacks begin.

        Raises:
            AudioError: also when a rescan has closed the stream.
        """
        alsa_s = min(ALSA_START_S, self._patience_s) if stream.device.host_api == "ALSA" else None
        try:
            await self._owner.run(lambda: self._start(stream), patience_s=alsa_s)
        except AudioError:
            if alsa_s and self._owner.stuck:
                self._leave_behind(stream)
            raise

    async def stop(self, stream: OpenStream) -> None:
        """Stop the callbacks at once; the stream may be started again."""
        await self._owner.run(lambda: self._stop(stream))

    async def close(self, stream: OpenStream) -> None:
        await self._owner.run(lambda: self._close(stream))

    async def rescan(self, generation: int) -> int:
        """Close every stream and look for devices anew, unless that has been done since ``generation``.

        Returns:
            The generation of the device list now.
        """
        if generation == self._generation:
            await asyncio.sleep(RESCAN_DELAY_S)
        self.rescanning = True
        try:
            return await self._owner.run(lambda: self._rescan(generation))
        finally:
            self.rescanning = False

    async def refresh_devices(self) -> None:
        """Look for devices anew, whoever uses them; streams that are open are opened again by their owners."""
        await self.rescan(self._generation)

    def _new_owner(self) -> OwnerThread:
        return OwnerThread("portaudio", self._patience_s, _no_answer)

    def _leave_behind(self, stream: OpenStream) -> None:
        """Go on without a stream whose start hangs, and without the thread in which it does."""
        self._streams.pop(stream, None)
        self._owner = self._new_owner()
        _left_behind.add(self._library)
        if at_exit := getattr(self._library, "_exit_handler", None):
            atexit.unregister(at_exit)  # it would hang at the process's end

    # ------------------------------------------------------------ in the owner thread

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
                rate=_own_rate(apis[found["hostapi"]]["name"], found["default_samplerate"]),
                default_input=found["index"] == default_input,
                default_output=found["index"] == default_output,
            )
            for found in library.query_devices()
        ]

    def _check(self, direction: Direction, part: str) -> Device:
        library = self._sounddevice()
        device = find_device(self._list_devices(), direction, part)
        test = library.check_input_settings if direction is Direction.INPUT else library.check_output_settings
        with _refusals(library, direction, device.name):
            test(device=device.index, channels=1, dtype="float32", samplerate=device.rate)
        return device

    def _open(self, plan: StreamConfig) -> OpenStream:
        library = self._sounddevice()
        device = find_device(self._list_devices(), plan.direction, plan.name_part)
        rate = plan.rate or device.rate
        channels = min(plan.max_channels, device.channels(plan.direction))
        block = min(plan.callback_frames(rate), LONGEST_BLOCK.get(device.host_api, sys.maxsize))
        callbacks = _Callbacks(plan)
        kind = library.RawInputStream if plan.direction is Direction.INPUT else library.RawOutputStream
        with _refusals(library, plan.direction, device.name):
            raw = kind(
                device=device.index,
                samplerate=rate,
                channels=channels,
                dtype="float32",
                blocksize=block,
                latency=plan.latency_s,
                callback=callbacks.callback,
                finished_callback=callbacks.finished,
            )
        stream = OpenStream(device, plan.direction, rate, channels, raw.latency, block, self._generation, raw)
        self._streams[stream] = callbacks
        return stream

    def _start(self, stream: OpenStream) -> None:
        if stream not in self._streams:
            raise AudioError(f"“{stream.device.name}” was closed while audio was restarted")
        with _refusals(self._sounddevice(), stream.direction, stream.device.name):
            stream.raw.start()

    def _stop(self, stream: OpenStream) -> None:
        if stream in self._streams:
            with _quiet():
                stream.raw.abort(ignore_errors=True)

    def _close(self, stream: OpenStream) -> None:
        if stream in self._streams:
            callbacks = self._streams.pop(stream)
            with _quiet():
                stream.raw.abort(ignore_errors=True)
                stream.raw.close(ignore_errors=True)
            callbacks.forget()

    def _rescan(self, generation: int) -> int:
        if generation < self._generation:
            return self._generation
        library = self._sounddevice()
        for stream in tuple(self._streams):
            self._close(stream)
        if library not in _left_behind:
            with _quiet():
                library._terminate()
                library._initialize()
        self._generation += 1
        return self._generation


def _own_rate(api: str, default_rate: float) -> int:
    """The rate that a device runs at by itself, in Hz.

    PortAudio's ALSA side calls 44.1 kHz the default of whatever can do it. Today's hardware and sound servers run
    at 48 kHz, which is also three times 16 kHz: cheap to resample, and a block is a whole number of frames.
    """
    return 48_000 if api == "ALSA" else round(default_rate)


def _no_answer() -> AudioError:
    return AudioError(
        "The system's audio does not answer", "Start voicemate again; if that does not help, the computer"
    )


@contextlib.contextmanager
def _refusals(library: Any, direction: Direction, name: str) -> Iterator[None]:
    """Turn PortAudio's errors into ours, and keep what its back ends print off the terminal."""
    try:
        with _quiet():
            yield
    except library.PortAudioError as error:
        raise AudioError(
            f"The {direction} “{name}” cannot be used: {_reason(*error.args)}",
            "Check that it is connected and that no other program has it to itself, or choose another one "
            "of `voicemate devices`",
        ) from None


def _reason(text: str, code: int = 0, host: tuple[int, int, str] | None = None) -> str:
    """Of what a PortAudioError holds, the part that tells a person something."""
    return host[2] if host else text.rpartition(": ")[2]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """ALSA, JACK and PortAudio's debug lines go to the C library's stderr: send that nowhere meanwhile."""
    try:
        stderr = os.dup(2)
    except OSError:  # there is none
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
