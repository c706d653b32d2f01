"""How a long piece of work tells how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Called often, on the thread that does the work; must return at once.

    Args:
        stage: what is being done, such as ``whisper-base: fetching``. A new text starts a new bar.
        done, total: bytes. ``total`` is 0 while it is not known.
    """

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def no_progress(stage: str, done: int, total: int) -> None:
    """A ``Progress`` that shows nothing."""
