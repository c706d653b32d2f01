"""A thread that owns a native library whose calls may hang.

Unlike an engine's thread it must never keep anybody waiting: not the conversation, not the end of the process.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from voicemate.core.errors import VoicemateError

T = TypeVar("T")


class OwnerThread:
    """Does one job after the other.

    Args:
        name: the thread's name, as debuggers show it.
        patience_s: how long a job may take, and the jobs before it.
        hung: what is raised when one takes longer, and at once for every further job until it is done.
    """

    def __init__(self, name: str, patience_s: float, hung: Callable[[], VoicemateError]):
        self._name = name
        self._patience_s = patience_s
        self._hung = hung
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stuck: Future[Any] | None = None

    @property
    def stuck(self) -> bool:
        """A job hangs."""
        return self._stuck is not None and not self._stuck.done()

    async def run(
        self, job: Callable[[], T], undo: Callable[[T], object] | None = None, patience_s: float | None = None
    ) -> T:
        """What ``job`` returns; ``undo`` gets it, in this thread, when nobody waits for it any more.

        Args:
            patience_s: for this job.
        """
        future = self._submit(job)
        try:
            async with asyncio.timeout(patience_s or self._patience_s):
                return await asyncio.shield(asyncio.wrap_future(future))
        except (TimeoutError, asyncio.CancelledError) as error:
            if undo:
                future.add_done_callback(lambda done: None if done.exception() else undo(done.result()))
            if isinstance(error, asyncio.CancelledError):
                raise
            self._stuck = future
            raise self._hung() from None

    def wait(self, job: Callable[[], T]) -> T:
        """The same for whoever is on no loop."""
        future = self._submit(job)
        try:
            return future.result(self._patience_s)
        except TimeoutError:
            self._stuck = future
            raise self._hung() from None

    def _submit(self, job: Callable[[], T]) -> Future[T]:
        if self.stuck:
            raise self._hung()
        if self._thread is None:  # a daemon, so that the process can end while a job hangs
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        future: Future[T] = Future()
        self._jobs.put((job, future))
        return future

    def _work(self) -> None:
        while True:
            job, future = self._jobs.get()
            try:
                future.set_result(job())
            except BaseException as error:
                future.set_exception(error)
