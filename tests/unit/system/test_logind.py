"""logind's events, from a private D-Bus with a simulated logind."""

import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

if sys.platform != "linux" or not shutil.which("dbus-daemon"):
    pytest.skip("there is no dbus-daemon (Debian: dbus-daemon)", allow_module_level=True)

from jeepney import DBusAddress, MessageType, message_bus, new_error, new_method_return, new_signal
from jeepney.io.blocking import open_dbus_connection

from voicemate.system.logind import LogindSource
from voicemate.system.machine_state import SystemEvent

ROOT = DBusAddress("/org/freedesktop/login1", interface="org.freedesktop.login1.Manager")
SESSION = DBusAddress("/org/freedesktop/login1/session/_32", interface="org.freedesktop.DBus.Properties")


class FakeLogind:
    """Answers for ``LockedHint``, and signals."""

    def __init__(self, address: str, has_session: bool = True):
        self.locked = False
        self.has_session = has_session
        self._connection: Any = open_dbus_connection(bus=address)
        self._connection.send_and_get_reply(message_bus.RequestName("org.freedesktop.login1"))
        self.asked = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def lock(self, locked: bool) -> None:
        self.locked = locked
        body = ("org.freedesktop.login1.Session", {"LockedHint": ("b", locked)}, [])
        self._connection.send(new_signal(SESSION, "PropertiesChanged", "sa{sv}as", body))

    def be_idle(self) -> None:
        body = ("org.freedesktop.login1.Session", {"IdleHint": ("b", True)}, [])
        self._connection.send(new_signal(SESSION, "PropertiesChanged", "sa{sv}as", body))

    def sleep(self, begins: bool) -> None:
        self._connection.send(new_signal(ROOT, "PrepareForSleep", "b", (begins,)))

    def close(self) -> None:
        self._connection.close()

    def _serve(self) -> None:
        try:
            while True:
                message = self._connection.receive()
                if message.header.message_type is not MessageType.method_call:
                    continue
                if self.has_session:
                    self._connection.send(new_method_return(message, "v", (("b", self.locked),)))
                else:
                    self._connection.send(new_error(message, "org.freedesktop.login1.NoSessionForPID"))
                self.asked.set()
        except Exception:  # the test is over
            return


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    command = ["dbus-daemon", "--session", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        address = server.stdout.readline().strip()
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        yield address
        server.kill()


def listening() -> "tuple[LogindSource, queue.Queue[SystemEvent]]":
    told: queue.Queue[SystemEvent] = queue.Queue()
    logind = LogindSource()
    logind.start(told.put)
    return logind, told


def test_screen_lock_and_sleep_are_reported(bus: str) -> None:
    fake = FakeLogind(bus)
    logind, told = listening()
    assert told.get(timeout=20) is SystemEvent.UNLOCKED, "as it is at the start"
    fake.lock(True)
    assert told.get(timeout=20) is SystemEvent.LOCKED
    fake.be_idle()
    fake.sleep(True)
    assert told.get(timeout=20) is SystemEvent.SLEEPING
    fake.sleep(False)
    assert told.get(timeout=20) is SystemEvent.WOKE
    fake.lock(False)
    assert told.get(timeout=20) is SystemEvent.UNLOCKED
    logind.close()
    fake.close()


def test_sleep_is_reported_without_a_session(bus: str) -> None:
    fake = FakeLogind(bus, has_session=False)
    logind, told = listening()
    assert fake.asked.wait(20)
    fake.sleep(True)
    assert told.get(timeout=20) is SystemEvent.SLEEPING
    logind.close()
    fake.close()


def test_without_a_bus_nothing_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus")
    logind, told = listening()
    logind.close()
    assert told.empty()
