import asyncio
import ctypes
import queue
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from voicemate.audio.devices.coreaudio import (
    DEFAULT_OUTPUT,
    DEVICES,
    RUN_LOOP,
    CoreAudioHotplug,
    PropertyAddress,
)
from voicemate.audio.devices.device import DevicesChanged
from voicemate.audio.devices.hotplug import HotplugMonitor
from voicemate.testing.virtual_time import run_virtual


class ScriptedSource:
    def __init__(self) -> None:
        self.tell: Callable[[DevicesChanged], None] | None = None

    def start(self, on_change: Callable[[DevicesChanged], None]) -> None:
        self.tell = on_change

    def close(self) -> None:
        self.tell = None


def test_a_headset_that_is_told_of_many_times_counts_once_and_when_it_is_there():
    async def main() -> None:
        source, told = ScriptedSource(), []
        with HotplugMonitor(lambda change: told.append((asyncio.get_running_loop().time(), change)), source):
            assert source.tell
            for moved in (False, True, False):
                source.tell(DevicesChanged(moved))
                await asyncio.sleep(0.1)
            assert told == []
            await asyncio.sleep(1)
            source.tell(DevicesChanged())
            await asyncio.sleep(1)
        assert [change.default_changed for _, change in told] == [True, False]
        assert source.tell is None

    run_virtual(main())


def test_where_the_system_tells_nothing_nothing_is_told():
    async def main() -> None:
        with HotplugMonitor(lambda change: pytest.fail("told")):
            await asyncio.sleep(1)

    run_virtual(main())


# ---------------------------------------------------------------- PulseAudio


class FakePulseError(Exception):
    pass


class FakePulseDisconnectedError(Exception):
    """As with pulsectl's own, it is no ``PulseError``."""


class FakePulse:
    """A server that can be away, and ends when it is told None."""

    PulseError = FakePulseError

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.connected = 0
        self.happening: queue.Queue[SimpleNamespace | None] = queue.Queue()

    def Pulse(self, name: str, connect: bool) -> "FakePulse":
        return self

    def __enter__(self) -> "FakePulse":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def connect(self, autospawn: bool) -> None:
        assert not autospawn
        if self.refusals:
            self.refusals -= 1
            raise FakePulseError("no server")
        self.connected += 1

    def event_mask_set(self, *masks: str) -> None:
        pass

    def event_callback_set(self, callback: Callable[[SimpleNamespace], None]) -> None:
        self.callback = callback

    def event_listen(self) -> None:
        event = self.happening.get(timeout=10)
        if event is None:
            raise FakePulseDisconnectedError
        self.callback(event)

    def event_listen_stop(self) -> None:
        self.happening.put(event("sink", "change"))


def event(facility: str, kind: str) -> SimpleNamespace:
    return SimpleNamespace(facility=facility, t=kind)


def pulseaudio_hotplug(pulse: FakePulse) -> "queue.Queue[DevicesChanged]":
    module = pytest.importorskip("voicemate.audio.devices.pulseaudio")
    told: queue.Queue[DevicesChanged] = queue.Queue()
    events = module.PulseAudioHotplug(pulse)
    events.start(told.put)
    pulse.close = events.close  # type: ignore[attr-defined]
    return told


def test_a_volume_that_is_turned_is_no_news_and_a_new_device_is():
    pulse = FakePulse()
    told = pulseaudio_hotplug(pulse)
    pulse.happening.put(event("sink", "change"))
    pulse.happening.put(event("source", "new"))
    assert told.get(timeout=10) == DevicesChanged(default_changed=False)
    assert told.empty()
    pulse.close()  # type: ignore[attr-defined]


def test_a_sound_server_that_ended_is_news_when_it_is_back():
    pulse = FakePulse()
    told = pulseaudio_hotplug(pulse)
    pulse.happening.put(event("server", "change"))
    assert told.get(timeout=10)
    pulse.refusals = 1
    pulse.happening.put(None)
    assert told.get(timeout=10)
    assert pulse.connected == 2
    pulse.close()  # type: ignore[attr-defined]


# ---------------------------------------------------------------- Core Audio


class FakeCoreAudio:
    """As much of Core Audio as is used. Like the real one it calls from wherever it likes."""

    def __init__(self, refuses: bool = False) -> None:
        self.refuses = refuses
        self.listeners: dict[int, object] = {}
        self.run_loop_is_its_own = False

    def AudioObjectSetPropertyData(self, target, address, size, qualifier, length, value) -> int:
        self.run_loop_is_its_own = address._obj.selector == RUN_LOOP and value._obj.value is None
        return 0

    def AudioObjectAddPropertyListener(self, target, address, listener, data) -> int:
        assert target == 1
        if self.refuses:
            return -50
        self.listeners[address._obj.selector] = listener
        return 0

    def AudioObjectRemovePropertyListener(self, target, address, listener, data) -> int:
        del self.listeners[address._obj.selector]
        return 0

    def happen(self, *selectors: int) -> None:
        addresses = (PropertyAddress * len(selectors))(*(PropertyAddress(selector, 0, 0) for selector in selectors))
        listener = self.listeners[selectors[0]]
        assert listener(1, len(selectors), ctypes.cast(addresses, ctypes.POINTER(PropertyAddress)), None) == 0  # type: ignore[operator]


def test_on_a_mac_another_default_device_means_that_streams_have_to_move():
    library, told = FakeCoreAudio(), []
    events = CoreAudioHotplug(library)
    events.start(told.append)
    assert library.run_loop_is_its_own
    library.happen(DEVICES)
    library.happen(DEVICES, DEFAULT_OUTPUT)
    assert told == [DevicesChanged(default_changed=False), DevicesChanged(default_changed=True)]
    events.close()
    assert library.listeners == {}


def test_a_core_audio_that_takes_no_listener_costs_no_more_than_the_news():
    events = CoreAudioHotplug(FakeCoreAudio(refuses=True))
    with pytest.raises(OSError, match="listener"):
        events.start(lambda told: None)
