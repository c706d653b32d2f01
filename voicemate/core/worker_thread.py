"""One owner thread for one native engine: nobody else ever touches the engine's handle.

The engine's callers live on an asyncio loop; the engine's work runs here, one piece after the other, in the
order it was asked for. The work must release the GIL while it computes.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Cancellation:
    """Asks a piece of work to stop. Set by any thread; the work reads it between its steps."""

    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class WorkerThread:
    """A thread and its queue.

    Args:
        name: the thread's name, as debuggers and logs show it.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._waiting: set[Cancellation] = set()
        self._closed = False

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of ``work(*args, **kwargs)``, computed in the engine's thread.

        When the awaiting task is cancelled, work that has not begun never begins. Work that has begun is asked
        to stop through every ``Cancellation`` among its arguments, and what it returns is dropped.

        On a loop with a virtual clock (one that has a context manager ``outstanding``) no virtual time passes
        while this waits.
        """
        cancellations = {given for given in (*args, *kwargs.values()) if isinstance(given, Cancellation)}
        self._waiting |= cancellations
        try:
            with getattr(asyncio.get_running_loop(), "outstanding", nullcontext)():
                return await asyncio.wrap_future(self.submit(work, *args, **kwargs))
        except asyncio.CancelledError:
            for cancellation in cancellations:
                cancellation.cancel()
            raise
        finally:
            self._waiting -= cancellations

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The same without a loop: a future for whoever is on no loop, such as a command or a test."""
        return self._executor.submit(work, *args, **kwargs)

    def close(self, release: Callable[[], object] = lambda: None) -> None:
        """Ask all work to stop, wait for it, run ``last`` in the thread (it frees the engine), and end the thread.

        Closing again does nothing.
        """
        if self._closed:
            return
        self._closed = True
        for cancellation in tuple(self._waiting):
            cancellation.cancel()
        self._executor.submit(release)
        self._executor.shutdown(wait=True)
