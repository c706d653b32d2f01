"""Follows the daemon over the control socket, in a thread, through its ends and new beginnings."""

import threading
from collections.abc import Callable

from voicemate.control.client import Client, Told
from voicemate.control.status import Status
from voicemate.desktop.known import Trouble, after
from voicemate.errors import ControlError, NotRunningError

FIRST_S = 0.2
LONGEST_S = 5.0
"""Pauses between tries to reach a daemon that does not run double from the first to the longest. A try is one call of
``connect`` on a Unix socket; nobody tells when the socket is there."""


_PATIENCE_S = 1.0


class Following:
    """Tells how the daemon is, whenever that changes.

    Args:
        tell: called from the following thread with the status, or with None and why, where that is known.
        happened: called from that thread with every event, after what it changed was told.
        connect: makes the client.
    """

    def __init__(
        self,
        tell: Callable[[Status | None, Trouble | None], None],
        happened: Callable[[Told], None] = lambda told: None,
        connect: Callable[[], Client] = Client,
    ):
        self._tell = tell
        self._happened = happened
        self._connect = connect
        self._client: Client | None = None
        self._over = threading.Event()
        self._try_now = threading.Event()
        self._thread = threading.Thread(target=self._run, name="following the daemon", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Follow no more; returns when the thread has ended, or is stuck with a daemon that does not answer."""
        self._over.set()
        self._try_now.set()
        client = self._client
        if client:
            client.close()
        self._thread.join(_PATIENCE_S)

    def try_now(self) -> None:
        """Do not wait any longer before trying to reach it."""
        self._try_now.set()

    def _run(self) -> None:
        pause = FIRST_S
        while not self._over.is_set():
            self._try_now.clear()
            try:
                with self._connect() as client:
                    self._client = client
                    self._follow(client)
            except NotRunningError:
                self._tell(None, None)
                pause = min(2 * pause, LONGEST_S)
            except ControlError as error:
                ended = error.code == "ended"
                self._tell(None, None if ended else Trouble(error.wrong, error.remedy))
                pause = FIRST_S if ended else LONGEST_S
            finally:
                self._client = None
            if not self._over.is_set():
                self._try_now.wait(pause)

    def _follow(self, client: Client) -> None:
        """Returns when it is over.

        Raises:
            ControlError: the daemon has ended, or does not answer.
        """
        client.call("events")
        status = client.status()
        self._tell(status, None)
        while not self._over.is_set():
            told = client.receive()
            if not isinstance(told, Told):
                continue
            new, ask = after(status, told)
            if ask:
                new = client.status()
            if new != status:
                status = new
                self._tell(status, None)
            self._happened(told)
