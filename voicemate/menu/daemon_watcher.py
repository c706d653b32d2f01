"""Watches the daemon over the control socket, in a thread, and reconnects whenever it restarts."""

import threading
from collections.abc import Callable

from voicemate.control.client import ControlClient, EventMessage
from voicemate.control.status import DaemonStatus
from voicemate.control.status_tracker import StatusTracker
from voicemate.core.backoff import Backoff
from voicemate.core.errors import ControlError, NotRunningError
from voicemate.menu.menu_state import MenuProblem

FIRST_RETRY_S = 0.2
MAX_RETRY_S = 5.0
"""The delay between attempts to connect doubles from the first to the maximum; nothing announces a new socket."""

_STOP_TIMEOUT_S = 1.0


def _ignore_event(event: EventMessage) -> None:
    pass


class DaemonWatcher:
    """Reports the daemon's status whenever it changes.

    Args:
        on_status: receives the status, or None and the reason if it is known. Called from the watcher's thread.
        on_event: receives every event, after the status it changed. Called from the watcher's thread.
        connect: connects to the daemon.
    """

    def __init__(
        self,
        on_status: Callable[[DaemonStatus | None, MenuProblem | None], None],
        on_event: Callable[[EventMessage], None] = _ignore_event,
        connect: Callable[[], ControlClient] = ControlClient,
    ) -> None:
        self._on_status = on_status
        self._on_event = on_event
        self._connect = connect
        self._client: ControlClient | None = None
        self._stopping = threading.Event()
        self._retry_now = threading.Event()
        self._thread = threading.Thread(target=self._run, name="daemon watcher", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread; waits for it, unless it is blocked by a daemon that does not answer."""
        self._stopping.set()
        self._retry_now.set()
        client = self._client
        if client:
            client.close()
        self._thread.join(_STOP_TIMEOUT_S)

    def retry_now(self) -> None:
        """Try to connect now instead of after the delay."""
        self._retry_now.set()

    def _run(self) -> None:
        backoff = Backoff(FIRST_RETRY_S, MAX_RETRY_S)
        backoff.attempt()
        while not self._stopping.is_set():
            self._retry_now.clear()
            try:
                with self._connect() as client:
                    self._client = client
                    self._watch(client)
            except NotRunningError:
                self._on_status(None, None)
                backoff.attempt()
            except ControlError as error:
                ended = error.code == "ended"
                self._on_status(None, None if ended else MenuProblem(error.message, error.hint))
                if ended:
                    backoff.reset()
                    backoff.attempt()
                else:
                    backoff.saturate()
            finally:
                self._client = None
            if not self._stopping.is_set():
                self._retry_now.wait(backoff.delay_s)

    def _watch(self, client: ControlClient) -> None:
        """Report until this watcher stops.

        Raises:
            ControlError: the daemon has ended, or does not answer.
        """
        client.call("events")
        status = client.status()
        tracker = StatusTracker(status)
        self._on_status(status, None)
        while not self._stopping.is_set():
            message = client.receive()
            if not isinstance(message, EventMessage):
                continue
            tracker.on_message(message.name, message.data)
            if tracker.is_stale:
                changed = client.status()
                tracker = StatusTracker(changed)
            else:
                changed = tracker.update(status)
            if changed != status:
                status = changed
                self._on_status(status, None)
            self._on_event(message)
