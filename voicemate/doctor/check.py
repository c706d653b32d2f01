"""One look at one thing, bounded in time, which ends no other whatever becomes of it."""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voicemate.config import Settings
from voicemate.control.status import Status
from voicemate.doctor.finding import Finding, of_error, problem
from voicemate.errors import VoicemateError

PATIENCE_S = 20.0
"""How long a check may take unless it says otherwise: a disk that has to wake up, a busy machine."""

SET_UP_AGAIN = "Set voicemate up again (`make talk` in a checkout)"


class Watch(Protocol):
    """Told what goes on during a slow check, in a few words; called from any thread, must return at once."""

    def __call__(self, what: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Ground:
    """What checks go by.

    Attributes:
        settings: the person's, or the defaults where their file cannot be used.
        platform: as ``sys.platform`` has it.
        status: the running daemon's; None where none runs or answers.
        thorough: take the time to read every model to its last byte.
        watch: told what goes on.
    """

    settings: Settings
    platform: str
    status: Status | None = None
    thorough: bool = False
    watch: Watch = lambda what: None


@dataclass(frozen=True, slots=True)
class Check:
    """A check.

    Attributes:
        group, name: where it stands in the table.
        look: finds things; blocks; may raise anything. No finding: there is nothing to look at on this machine.
        patience_s: how long it may take.
        main_thread: it has to run on the main thread, and is trusted to return.
    """

    group: str
    name: str
    look: Callable[[Ground], Sequence[Finding]]
    patience_s: float = PATIENCE_S
    main_thread: bool = False


def examine(check: Check, ground: Ground) -> Sequence[Finding]:
    """What ``check`` finds; that it failed, or did not come to an end, is a finding too."""
    try:
        if check.main_thread:
            return check.look(ground)
        return _bounded(lambda: check.look(ground), check.patience_s)
    except VoicemateError as error:
        return [of_error(error)]
    except _Unanswered:
        told = f"This check did not come to an end in {check.patience_s:.0f} s"
        return [problem(told, "Try again when the machine is less busy; what it looked at may hang")]
    except ImportError as error:
        return [problem(f"A package that this needs cannot be loaded ({_in_one_line(error)})", SET_UP_AGAIN)]
    except Exception as error:
        told = f"This check broke: {type(error).__name__} ({_in_one_line(error)})"
        return [problem(told, "That is the doctor's own mistake; the other checks go on without it")]


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or "it does not say why"


class _Unanswered(Exception):
    pass


def _bounded(work: Callable[[], Sequence[Finding]], patience_s: float) -> Sequence[Finding]:
    """The result of ``work``, which is done in a thread of its own and left behind there when it takes too long."""
    answers: queue.SimpleQueue[Sequence[Finding] | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(work())
        except BaseException as error:
            answers.put(error)

    threading.Thread(target=run, name=LEFT_BEHIND, daemon=True).start()
    try:
        answer = answers.get(timeout=patience_s)
    except queue.Empty:
        raise _Unanswered from None
    if isinstance(answer, Exception):
        raise answer
    if isinstance(answer, BaseException):
        raise RuntimeError(f"it wanted to end the program: {answer!r}")
    return answer


LEFT_BEHIND = "doctor's check"
"""What the threads of checks are called."""


def anything_left_behind() -> bool:
    """Whether a check goes on that nobody waits for any more: the process is better left without tidying up."""
    return any(thread.name == LEFT_BEHIND for thread in threading.enumerate())
