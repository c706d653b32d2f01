"""Asyncio on virtual time: an hour of conversation takes seconds.

When nothing is ready, time jumps to the next timer. While real work runs outside the loop (a worker thread, a helper
process) time stands still and the loop waits, so the same script gives the same conversation on every machine.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class _AutojumpSelector(selectors.DefaultSelector):
    """Advances the clock instead of waiting, unless work outside the loop is outstanding."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.outstanding = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self.outstanding or timeout is None:
            return super().select(None)
        self.now += timeout
        return []


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """An event loop whose ``time()`` starts at 0 and jumps from timer to timer.

    Jobs of ``run_in_executor`` count as work outside the loop. Code that waits for other real work (a thread, a pipe)
    does so inside ``real_work``. A job that never ends stops time for good.
    """

    def __init__(self) -> None:
        self._jumping_selector = _AutojumpSelector()
        super().__init__(self._jumping_selector)

    def time(self) -> float:
        """Return the virtual seconds since the loop was created."""
        return self._jumping_selector.now

    @contextmanager
    def real_work(self) -> Generator[None]:
        """Stop virtual time while the body waits for real work. May be nested; for the loop's thread."""
        self._jumping_selector.outstanding += 1
        try:
            yield
        finally:
            self._jumping_selector.outstanding -= 1

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Run ``func`` in ``executor``; virtual time stands still until it ends."""
        job = super().run_in_executor(executor, func, *args)
        self._jumping_selector.outstanding += 1
        job.add_done_callback(self._job_done)
        return job

    def _job_done(self, job: asyncio.Future[Any]) -> None:
        self._jumping_selector.outstanding -= 1


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` on virtual time, like ``asyncio.run``."""
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        return runner.run(main)
