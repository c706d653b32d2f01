import asyncio
import gc
import os
import threading
import weakref
from types import SimpleNamespace

import pytest

from voicemate.audio.devices.device import Direction
from voicemate.audio.devices.portaudio import PortAudio, StreamConfig
from voicemate.core.errors import AudioError


class FakePortAudioError(Exception):
    pass


class FakeRaw:
    def __init__(self, library: "FakeLibrary", **options: object):
        self.library, self.options = library, options
        self.latency = 0.05
        library.held.wait(10)
        if library.refuses:
            os.write(2, b"Expression 'ret' failed in 'src/hostapi/alsa/pa_linux_alsa.c'\n")
            raise FakePortAudioError("Device unavailable", -9985)
        library.open += 1
        self.itself = self  # as sounddevice's streams are, by way of their callback's closure

    def start(self) -> None:
        self.library.starting.wait(10)

    def abort(self, ignore_errors: bool) -> None:
        pass

    def close(self, ignore_errors: bool) -> None:
        self.library.open -= 1


class FakeLibrary:
    """The part of sounddevice that is used."""

    PortAudioError = FakePortAudioError
    default = SimpleNamespace(device=(0, 0))

    def __init__(self) -> None:
        self.refuses = False
        self.api = "Fake Audio"
        self.held = threading.Event()
        self.held.set()
        self.starting = threading.Event()
        self.starting.set()
        self.open = 0
        self.initialised = 0
        self.threads: set[str] = set()

    def query_hostapis(self):
        self.threads.add(threading.current_thread().name)
        return ({"name": self.api},)

    def query_devices(self):
        device = {"index": 0, "name": "fake", "hostapi": 0, "max_input_channels": 1, "max_output_channels": 2}
        return [device | {"default_samplerate": 48_000.0}]

    def RawInputStream(self, **options: object) -> FakeRaw:
        return FakeRaw(self, **options)

    RawOutputStream = RawInputStream

    def _terminate(self) -> None:
        pass

    def _initialize(self) -> None:
        self.initialised += 1


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


@pytest.fixture
def portaudio(library) -> PortAudio:
    return PortAudio(timeout_s=5, library=library)


def config(part: str = "", rate: int | None = None) -> StreamConfig:
    return StreamConfig(Direction.INPUT, part, 4, lambda rate: rate // 50, 0.05, lambda *_: None, lambda: None, rate)


async def test_a_stream_has_the_devices_own_rate_and_no_more_channels_than_it_has(portaudio, library):
    stream = await portaudio.open(config())
    assert (stream.rate, stream.channels, stream.callback_frames) == (48_000, 1, 960)
    await portaudio.close(stream)
    assert library.open == 0


async def test_a_closed_stream_keeps_no_listener_alive(portaudio):
    class Listener:
        def callback(self, *_: object) -> None:
            pass

    listener = Listener()
    wanted = StreamConfig(Direction.INPUT, "", 1, lambda rate: 960, 0.05, listener.callback, lambda: None)
    stream = await portaudio.open(wanted)
    left = weakref.ref(listener)
    gc.disable()
    try:
        await portaudio.close(stream)
        del listener, wanted
        assert left() is None
    finally:
        gc.enable()


async def test_all_calls_are_made_in_one_thread(portaudio, library):
    for _ in range(3):
        await portaudio.close(await portaudio.open(config()))
    portaudio.devices()
    assert library.threads == {"portaudio"}


async def test_a_refused_device_is_named_and_the_terminal_stays_clean(portaudio, library, capfd):
    library.refuses = True
    with pytest.raises(AudioError, match=r"microphone “fake” cannot be used: Device unavailable.*Check"):
        await portaudio.open(config())
    assert capfd.readouterr().err == ""


async def test_a_rescan_closes_every_stream_once(portaudio, library):
    first, second = await portaudio.open(config()), await portaudio.open(config())
    generation = await portaudio.rescan(first.generation)
    assert (library.open, library.initialised) == (0, 1)
    assert await portaudio.rescan(second.generation) == generation
    assert library.initialised == 1
    with pytest.raises(AudioError, match="was closed"):
        await portaudio.start(first)


async def test_a_call_that_hangs_is_an_error_and_later_calls_do_not_wait_for_it(library):
    portaudio = PortAudio(timeout_s=0.05, library=library)
    library.held.clear()
    for _ in range(2):
        with pytest.raises(AudioError, match="does not answer"):
            await portaudio.open(config())
    library.held.set()


async def test_a_stream_whose_opening_was_cancelled_is_closed(portaudio, library):
    library.held.clear()
    task = asyncio.create_task(portaudio.open(config()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    library.held.set()
    assert portaudio.devices()  # the owner thread does one thing after the other
    assert library.open == 0


def test_a_machine_without_portaudio_is_an_error_that_says_how_to_install_it(monkeypatch):
    import builtins

    real_import = builtins.__import__

    def refuse(name, *rest):
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(AudioError, match=r"PortAudio library is missing.*apt install libportaudio2"):
        PortAudio().devices()


async def test_an_alsa_device_that_dies_during_its_start_is_abandoned_and_others_go_on(library):
    library.api = "ALSA"
    portaudio = PortAudio(timeout_s=0.1, library=library)
    dying, other = await portaudio.open(config()), await portaudio.open(config())
    library.starting.clear()
    with pytest.raises(AudioError, match="does not answer"):
        await portaudio.start(dying)
    library.starting.set()
    await portaudio.start(other)
    await portaudio.rescan(other.generation)
    assert library.open == 1, "the dying one cannot even be closed"
    assert library.initialised == 0, "nor the library be terminated"
    await portaudio.close(await portaudio.open(config()))
