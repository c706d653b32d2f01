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
        self.on_change: Callable[[DevicesChanged], None] | None = None

    def start(self, on_change: Callable[[DevicesChanged], None]) -> None:
        self.on_change = on_change

    def close(self) -> None:
        self.on_change = None


def test_many_notifications_about_one_headset_are_reported_once_after_the_last():
    async def main() -> None:
        source, changes = ScriptedSource(), []
        with HotplugMonitor(lambda change: changes.append((asyncio.get_running_loop().time(), change)), source):
            assert source.on_change
            for moved in (False, True, False):
                source.on_change(DevicesChanged(moved))
                await asyncio.sleep(0.1)
            assert changes == []
            await asyncio.sleep(1)
            source.on_change(DevicesChanged())
            await asyncio.sleep(1)
        assert [change.default_changed for _, change in changes] == [True, False]
        assert source.on_change is None

    run_virtual(main())


def test_a_system_without_notifications_reports_nothing():
    async def main() -> None:
        with HotplugMonitor(lambda change: pytest.fail("reported")):
            await asyncio.sleep(1)

    run_virtual(main())


# ---------------------------------------------------------------- PulseAudio


class FakePulseError(Exception):
    pass


class FakePulseDisconnectedError(Exception):
    """Like pulsectl's own, it is no ``PulseError``."""


class FakePulse:
    """A server that can be away, and ends when ``None`` happens."""

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
    changes: queue.Queue[DevicesChanged] = queue.Queue()
    hotplug = module.PulseAudioHotplug(pulse)
    hotplug.start(changes.put)
    pulse.close = hotplug.close  # type: ignore[attr-defined]
    return changes


def test_a_new_device_is_reported_and_a_changed_volume_is_not():
    pulse = FakePulse()
    changes = pulseaudio_hotplug(pulse)
    pulse.happening.put(event("sink", "change"))
    pulse.happening.put(event("source", "new"))
    assert changes.get(timeout=10) == DevicesChanged(default_changed=False)
    assert changes.empty()
    pulse.close()  # type: ignore[attr-defined]


def test_a_sound_server_that_ended_is_reported_when_it_is_back():
    pulse = FakePulse()
    changes = pulseaudio_hotplug(pulse)
    pulse.happening.put(event("server", "change"))
    assert changes.get(timeout=10)
    pulse.refusals = 1
    pulse.happening.put(None)
    assert changes.get(timeout=10)
    assert pulse.connected == 2
    pulse.close()  # type: ignore[attr-defined]


# ---------------------------------------------------------------- Core Audio


class FakeCoreAudio:
    """The part of Core Audio that is used. Like the real one it calls from any thread."""

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


def test_on_macos_a_new_default_device_means_that_streams_have_to_move():
    library, changes = FakeCoreAudio(), []
    hotplug = CoreAudioHotplug(library)
    hotplug.start(changes.append)
    assert library.run_loop_is_its_own
    library.happen(DEVICES)
    library.happen(DEVICES, DEFAULT_OUTPUT)
    assert changes == [DevicesChanged(default_changed=False), DevicesChanged(default_changed=True)]
    hotplug.close()
    assert library.listeners == {}


def test_core_audio_without_a_listener_only_disables_notifications():
    hotplug = CoreAudioHotplug(FakeCoreAudio(refuses=True))
    with pytest.raises(OSError, match="listener"):
        hotplug.start(lambda changes: None)
