"""A history of one's own, on a clock that the test sets."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from voicemate.history import HistoryWriter


class Clock:
    """A wall clock that goes on by a minute whenever it is read."""

    def __init__(self) -> None:
        self.time = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.time += timedelta(minutes=1)
        return self.time


class Faults:
    """What the history told about itself, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def fault(self, wrong: str, remedy: str) -> None:
        self.told.append(f"{wrong}. {remedy}.")

    def recovered(self) -> None:
        self.told.append("recovered")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history.sqlite3"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def history(path: Path, clock: Clock, faults: Faults) -> Iterator[HistoryWriter]:
    """A conversation with Juniper that has begun."""
    history = HistoryWriter(path, faults.fault, faults.recovered, clock)
    history.start_session("Juniper", {"stt": "whisper-base", "llm": "smollm2-135m"})
    yield history
    history.close()


Talk = Callable[..., None]


@pytest.fixture(scope="session")
def talk() -> Talk:
    """Holds a conversation in which everything is heard to its end: exchanges, numbered from ``first``."""

    def hold(history: HistoryWriter, *exchanges: tuple[str, str], first: int = 1) -> None:
        for turn, (said, reply) in enumerate(exchanges, first):
            history.start_turn(turn, said, "en")
            history.finish_turn(turn, reply, interrupted=False)
        assert history.flush()

    return hold
