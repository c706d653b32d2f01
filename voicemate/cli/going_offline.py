"""Going offline before a command touches anything of the person's, and telling what does not hold."""

from collections.abc import Iterator
from contextlib import contextmanager

from voicemate import offline
from voicemate.cli.output import note
from voicemate.config import Settings


@contextmanager
def offline_from_here(settings: Settings) -> Iterator[None]:
    """Put this process offline, for good; tells at once what does not hold, and after the body who was refused."""
    proof = offline.lock(settings.offline.sandbox)
    if not proof.holds:
        note(f"{proof.summary}. `voicemate doctor --offline` shows more.")
    try:
        yield
    finally:
        for one in offline.tries():
            note(f"Kept from the network: {one}")
