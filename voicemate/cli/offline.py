"""Going offline before a command touches anything of the person's, and telling what does not hold."""

from collections.abc import Iterator
from contextlib import contextmanager

from voicemate import sandbox
from voicemate.cli.render.output import print_note
from voicemate.config.schema import Settings


def go_offline(settings: Settings) -> None:
    """Put this process offline, for good; tells what does not hold. Best before the engines are even imported."""
    if sandbox.current_proof() is not None:
        return
    proof = sandbox.lock(settings.offline.sandbox)
    if not proof.holds:
        print_note(f"{proof.summary}. `voicemate doctor --offline` shows more.")


@contextmanager
def offline_session(settings: Settings) -> Iterator[None]:
    """Run the body offline, and tell after it which Python code was kept from the network."""
    go_offline(settings)
    try:
        yield
    finally:
        for one in sandbox.refused_calls():
            print_note(f"Kept from the network: {one}")
