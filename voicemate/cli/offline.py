"""Puts commands offline before they read any user data."""

from collections.abc import Iterator
from contextlib import contextmanager

from voicemate import sandbox
from voicemate.cli.render.output import print_note
from voicemate.config.schema import Settings


def go_offline(settings: Settings) -> None:
    """Put this process offline for good, and print what is not proven. Call it before importing the engines."""
    if sandbox.current_proof() is not None:
        return
    proof = sandbox.lock(settings.offline.sandbox)
    if not proof.holds:
        print_note(f"{proof.summary}. `voicemate doctor --offline` shows more.")


@contextmanager
def offline_session(settings: Settings) -> Iterator[None]:
    """Run the block offline, and print which attempts to use the network were blocked."""
    go_offline(settings)
    try:
        yield
    finally:
        for attempt in sandbox.refused_calls():
            print_note(f"Blocked access to the network: {attempt}")
