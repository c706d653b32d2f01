"""A thread with a queue: the only one that calls a native library, or uses a file.

Three kinds of owners use it. An engine awaits ``run``, whose jobs stop when their caller is cancelled. PortAudio
awaits ``run_to_end``, whose jobs may hang, and are never abandoned half done. A command or a check, on no event loop,
calls ``wait`` or ``submit``. Jobs run one after the other, in the order in which they were submitted; they must
release the GIL while they compute.
"""

import asyncio
import atexit
import queue
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_futures
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_Queue = queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]
"""Jobs, each with the future of its result; None ends the thread."""


@dataclass(slots=True, eq=False)
class Cancellation:
    """Asks a job to stop. Any thread may set it; the job reads it between its steps."""

    cancelled: bool = False

    def cancel(self) -> None:
        """Ask the job to stop."""
        self.cancelled = True


class WorkerThread:
    """A thread and its queue. The thread starts with the first job.

    Without a time limit, the end of the process waits for all jobs. With one, it waits for none, since one may hang.

    Args:
        name: the thread's name, as debuggers and logs show it.
        timeout_s: how long ``run_to_end`` and ``wait`` wait for a job, and for the jobs before it (s).
        timeout_error: makes what they raise after that, and at once for further jobs for as long as that job hangs.
    """

    def __init__(
        self, name: str, timeout_s: float | None = None, timeout_error: Callable[[], Exception] = TimeoutError
    ) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._timeout_error = timeout_error
        self._jobs: _Queue = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._cancellations: set[Cancellation] = set()
        self._overdue: Future[Any] | None = None
        self._closed = False

    @property
    def hanging(self) -> bool:
        """A job took longer than its time limit, and has not ended yet."""
        return self._overdue is not None and not self._overdue.done()

    async def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``job(*args, **kwargs)`` in the thread and return its result.

        When the awaiting task is cancelled, a job that has not started never starts. A job that has started is asked
        to stop through every ``Cancellation`` among its arguments, and its result is dropped.

        On a loop with a virtual clock (one that has a context manager ``real_work``) no virtual time passes
        meanwhile.
        """
        cancellations = {value for value in (*args, *kwargs.values()) if isinstance(value, Cancellation)}
        self._cancellations |= cancellations
        try:
            with getattr(asyncio.get_running_loop(), "real_work", nullcontext)():
                return await asyncio.wrap_future(self.submit(job, *args, **kwargs))
        except asyncio.CancelledError:
            for cancellation in cancellations:
                cancellation.cancel()
            raise
        finally:
            self._cancellations -= cancellations

    async def run_to_end(
        self, job: Callable[[], T], undo: Callable[[T], object] | None = None, timeout_s: float | None = None
    ) -> T:
        """Run ``job()`` in the thread and return its result; once submitted it runs, even if the task is cancelled.

        Args:
            job: what to run.
            undo: called in the thread with the result when nothing waits for that any more.
            timeout_s: the time limit of this job, if not the thread's (s).

        Raises:
            Exception: what ``timeout_error`` makes, when the job takes longer; what the job raises.
        """
        future = self.submit(job)
        try:
            async with asyncio.timeout(timeout_s or self._timeout_s):
                return await asyncio.shield(asyncio.wrap_future(future))
        except asyncio.CancelledError:
            self._undo_later(future, undo)
            raise
        except TimeoutError:
            if future.done():  # the job's own
                raise
            self._undo_later(future, undo)
            self._overdue = future
            raise self._timeout_error() from None

    def wait(self, job: Callable[[], T]) -> T:
        """Run ``job()`` in the thread, block until it has ended, and return its result.

        Raises:
            Exception: what ``timeout_error`` makes, when the job takes longer; what the job raises.
        """
        future = self.submit(job)
        wait_for_futures([future], self._timeout_s)
        if not future.done():
            self._overdue = future
            raise self._timeout_error()
        return future.result()

    def submit(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue ``job(*args, **kwargs)`` and return the future of its result.

        Raises:
            RuntimeError: the thread was closed.
            Exception: what ``timeout_error`` makes, when an earlier job hangs.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError(f"the thread “{self._name}” is closed")
            if self.hanging:
                raise self._timeout_error()
            return self._enqueue(partial(job, *args, **kwargs))

    def close(self, release: Callable[[], object] | None = None) -> None:
        """Ask all jobs to stop, run ``release`` behind them, and end the thread. Closing again does nothing.

        Waits for the thread's end, unless a job hangs.

        Args:
            release: frees what the thread owns, in the thread.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for cancellation in tuple(self._cancellations):
                cancellation.cancel()
            if release:
                self._enqueue(release)
        if self._thread:
            self._jobs.put(None)
            if not self.hanging:
                self._thread.join()

    def _undo_later(self, future: Future[T], undo: Callable[[T], object] | None) -> None:
        """Queue ``undo`` behind the job of ``future``."""
        if undo:
            self._enqueue(lambda: None if future.exception() else undo(future.result()))

    def _enqueue(self, job: Callable[[], T]) -> Future[T]:
        if self._thread is None:
            # A daemon thread does not keep the process alive; `_finish_at_exit` waits for those that cannot hang.
            self._thread = threading.Thread(target=_run_jobs, args=(self._jobs,), name=self._name, daemon=True)
            if self._timeout_s is None:
                _finished_at_exit[self._thread] = self._jobs
            self._thread.start()
            weakref.finalize(self, self._jobs.put, None).atexit = False
        future: Future[T] = Future()
        self._jobs.put((future, job))
        return future


_finished_at_exit: "weakref.WeakKeyDictionary[threading.Thread, _Queue]" = weakref.WeakKeyDictionary()


@atexit.register
def _finish_at_exit() -> None:
    """Let the threads that cannot hang finish their jobs."""
    threads = dict(_finished_at_exit)
    for jobs in threads.values():
        jobs.put(None)
    for thread in threads:
        thread.join()


def _run_jobs(jobs: _Queue) -> None:
    while (item := jobs.get()) is not None:
        future, job = item
        if future.set_running_or_notify_cancel():
            try:
                result = job()
            except BaseException as error:  # the caller's to handle
                future.set_exception(error)
            else:
                future.set_result(result)
                del result
        del item, future, job  # nothing is kept alive until the next job
