"""PulseAudio's notifications about devices, and about the server's own end and return."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pulsectl

from voicemate.audio.devices.device import DevicesChanged

_FIRST_WAIT_S, _MAX_WAIT_S, _WAIT_SHARE = 0.25, 30.0, 0.25
"""Between two attempts to reach a server that is not there, which nothing announces: a share of the time for which it
has been away (s)."""


log = logging.getLogger(__name__)


class PulseAudioHotplug:
    """A ``HotplugSource`` with a thread that sleeps in libpulse until something happens.

    Args:
        library: replaces ``pulsectl``.
    """

    def __init__(self, library: Any = pulsectl) -> None:
        self._library = library
        self._closed = threading.Event()
        self._pulse: Any = None

    def start(self, on_change: Callable[[DevicesChanged], None]) -> None:
        """See ``HotplugSource.start``."""
        self._on_change = on_change
        # A daemon thread: it may hang in a server that does not answer, and must not delay the end of the process.
        threading.Thread(target=self._watch, name="device-events", daemon=True).start()

    def close(self) -> None:
        """See ``HotplugSource.close``."""
        self._closed.set()
        if pulse := self._pulse:
            with contextlib.suppress(Exception):  # it is closing by itself
                pulse.event_listen_stop()

    # ------------------------------------------------------------ in its own thread

    def _watch(self) -> None:
        away_since, lost = time.monotonic(), False
        while not self._closed.is_set():
            try:
                with self._library.Pulse("voicemate", connect=False) as pulse:
                    pulse.connect(autospawn=False)
                    if lost:
                        self._on_change(DevicesChanged())
                    lost = True
                    try:
                        self._listen(pulse)
                    finally:
                        away_since = time.monotonic()
            except Exception as error:  # pulsectl's have no common class; in any case the connection has ended
                log.debug("PulseAudio: %r", error)
                away = time.monotonic() - away_since
                self._closed.wait(min(_MAX_WAIT_S, max(_FIRST_WAIT_S, _WAIT_SHARE * away)))

    def _listen(self, pulse: Any) -> None:
        """Listen until ``close`` is called.

        Raises:
            Exception: the server has ended; one of pulsectl's.
        """
        pulse.event_mask_set("sink", "source", "server")
        pulse.event_callback_set(self._on_pulse_event)
        self._pulse = pulse
        try:
            while not self._closed.is_set():
                pulse.event_listen()
        finally:
            self._pulse = None

    def _on_pulse_event(self, event: Any) -> None:
        if event.facility == "server" or event.t in ("new", "remove"):  # else a volume was changed
            self._on_change(DevicesChanged())
