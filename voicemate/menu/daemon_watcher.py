"""Follows the daemon over the control socket, in a thread, through its ends and new beginnings."""

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
"""Pauses between tries to reach a daemon that does not run double from the first to the longest. A try is one call of
``connect`` on a Unix socket; nobody tells when the socket is there."""


_STOP_TIMEOUT_S = 1.0


class DaemonWatcher:
    """Tells how the daemon is, whenever that changes.

    Args:
        tell: called from the following thread with the status, or with None and why, where that is known.
        happened: called from that thread with every event, after what it changed was told.
        connect: makes the client.
    """

    def __init__(
        self,
        on_status: Callable[[DaemonStatus | None, MenuProblem | None], None],
        on_event: Callable[[EventMessage], None] = lambda told: None,
        connect: Callable[[], ControlClient] = ControlClient,
    ):
        self._on_status = on_status
        self._on_event = on_event
        self._connect = connect
        self._client: ControlClient | None = None
        self._stopping = threading.Event()
        self._retry_now = threading.Event()
        self._thread = threading.Thread(target=self._run, name="following the daemon", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Follow no more; returns when the thread has ended, or is stuck with a daemon that does not answer."""
        self._stopping.set()
        self._retry_now.set()
        client = self._client
        if client:
            client.close()
        self._thread.join(_STOP_TIMEOUT_S)

    def retry_now(self) -> None:
        """Do not wait any longer before trying to reach it."""
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
        """Returns when it is over.

        Raises:
            ControlError: the daemon has ended, or does not answer.
        """
        client.call("events")
        status = client.status()
        tracker = StatusTracker(status)
        self._on_status(status, None)
        while not self._stopping.is_set():
            told = client.receive()
            if not isinstance(told, EventMessage):
                continue
            tracker.on_message(told.name, told.data)
            if tracker.is_stale:
                new = client.status()
                tracker = StatusTracker(new)
            else:
                new = tracker.update(status)
            if new != status:
                status = new
                self._on_status(status, None)
            self._on_event(told)
