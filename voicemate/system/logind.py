"""Screen lock and sleep from systemd-logind, over D-Bus's Unix socket.

``PrepareForSleep`` is sent before and after (org.freedesktop.login1(5)). Whether the screen is locked is the
session's ``LockedHint``, which GNOME, KDE and most others set; it is read from ``session/auto``, the caller's session
or, for a user service, the one that has the display.
"""

import contextlib
import logging
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, MessageType, Properties, message_bus
from jeepney.io.blocking import open_dbus_connection

from voicemate.system.machine_state import SystemEvent

_NAME, _ROOT = "org.freedesktop.login1", "/org/freedesktop/login1"
_SESSION = DBusAddress(f"{_ROOT}/session/auto", _NAME, f"{_NAME}.Session")
_SLEEP = MatchRule(type="signal", sender=_NAME, interface=f"{_NAME}.Manager", member="PrepareForSleep", path=_ROOT)
_CHANGE = MatchRule(
    type="signal",
    sender=_NAME,
    interface="org.freedesktop.DBus.Properties",
    member="PropertiesChanged",
    path_namespace=f"{_ROOT}/session",
)
_OURS = MatchRule(type="signal", path_namespace=_ROOT)
"""The same for received messages, whose senders have unique names."""

_PROPERTIES: Any = Properties(_SESSION)
_BUS: Any = message_bus
_TIMEOUT_S = 5.0

log = logging.getLogger(__name__)


class LogindSource:
    """A ``SystemEventSource`` with its own thread. Without D-Bus or logind it reports nothing."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._closed = False

    def start(self, report: Callable[[SystemEvent], None]) -> None:
        """See ``SystemEventSource``."""
        self._report = report
        threading.Thread(target=self._watch, name="logind", daemon=True).start()

    def close(self) -> None:
        """See ``SystemEventSource``."""
        self._closed = True
        if self._connection:
            with contextlib.suppress(OSError):
                self._connection.sock.shutdown(socket.SHUT_RDWR)

    # ------------------------------------------------------------ in its own thread

    def _watch(self) -> None:
        try:
            connection: Any = open_dbus_connection(bus="SYSTEM")  # jeepney has no complete types
            with connection:
                self._connection = connection
                # Signals that arrive while waiting for a reply are queued.
                with connection.filter(_OURS, queue=deque()) as signals:
                    for rule in (_SLEEP, _CHANGE):
                        connection.send_and_get_reply(_BUS.AddMatch(rule), timeout=_TIMEOUT_S)
                    self._report_lock()
                    while not self._closed:
                        self._on_signal(connection.recv_until_filtered(signals))
        except Exception as error:  # no bus, no logind, or the bus has ended: the rest works without
            if not self._closed:
                log.info("logind reports nothing: %r", error)

    def _on_signal(self, message: Any) -> None:
        member = message.header.fields[HeaderFields.member]
        if member == "PrepareForSleep":
            self._report(SystemEvent.SLEEPING if message.body[0] else SystemEvent.WOKE)
        elif member == "PropertiesChanged" and "LockedHint" in (*message.body[1], *message.body[2]):
            self._report_lock()

    def _report_lock(self) -> None:
        reply = self._connection.send_and_get_reply(_PROPERTIES.get("LockedHint"), timeout=_TIMEOUT_S)
        if reply.header.message_type is MessageType.method_return:  # else there is no session, as on a server
            self._report(SystemEvent.LOCKED if reply.body[0][1] else SystemEvent.UNLOCKED)
