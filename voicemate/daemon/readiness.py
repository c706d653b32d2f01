"""How a daemon tells the process that started it what became of it: through a pipe, in one word or one sentence."""

import os
from contextlib import suppress

READY = b"ready\n"


class Readiness:
    """Tells once, and closes the pipe.

    Args:
        descriptor: the pipe's writing end; None when nobody waits.
    """

    def __init__(self, descriptor: int | None):
        self._descriptor = descriptor

    def report(self, message: bytes = READY) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):  # whoever waited has gone
                os.write(descriptor, message)
            os.close(descriptor)
