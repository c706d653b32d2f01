"""One look at one thing, bounded in time, which ends no other whatever becomes of it."""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voicemate.config.schema import Settings
from voicemate.control.status import DaemonStatus
from voicemate.core.errors import VoicemateError
from voicemate.doctor.finding import Finding, from_error, problem

DEFAULT_TIMEOUT_S = 20.0
"""How long a check may take unless it says otherwise: a disk that has to wake up, a busy machine."""

REINSTALL_HINT = "Set voicemate up again (`make talk` in a checkout)"


class ProgressListener(Protocol):
    """Told what goes on during a slow check, in a few words; called from any thread, must return at once."""

    def __call__(self, what: str) -> None: ...


@dataclass(frozen=True, slots=True)
class CheckContext:
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
    status: DaemonStatus | None = None
    thorough: bool = False
    on_progress: ProgressListener = lambda what: None


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
    run: Callable[[CheckContext], Sequence[Finding]]
    timeout_s: float = DEFAULT_TIMEOUT_S
    main_thread: bool = False


def run_check(check: Check, context: CheckContext) -> Sequence[Finding]:
    """What ``check`` finds; that it failed, or did not come to an end, is a finding too."""
    try:
        if check.main_thread:
            return check.run(context)
        return _run_with_timeout(lambda: check.run(context), check.timeout_s)
    except VoicemateError as error:
        return [from_error(error)]
    except _CheckTimeoutError:
        told = f"This check did not come to an end in {check.timeout_s:.0f} s"
        return [problem(told, "Try again when the machine is less busy; what it looked at may hang")]
    except ImportError as error:
        return [problem(f"A package that this needs cannot be loaded ({_one_line(error)})", REINSTALL_HINT)]
    except Exception as error:
        told = f"This check broke: {type(error).__name__} ({_one_line(error)})"
        return [problem(told, "That is the doctor's own mistake; the other checks go on without it")]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or "it does not say why"


class _CheckTimeoutError(Exception):
    pass


def _run_with_timeout(work: Callable[[], Sequence[Finding]], timeout_s: float) -> Sequence[Finding]:
    """The result of ``work``, which is done in a thread of its own and left behind there when it takes too long."""
    answers: queue.SimpleQueue[Sequence[Finding] | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(work())
        except BaseException as error:
            answers.put(error)

    threading.Thread(target=run, name=CHECK_THREAD_NAME, daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_s)
    except queue.Empty:
        raise _CheckTimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    if isinstance(answer, BaseException):
        raise RuntimeError(f"it wanted to end the program: {answer!r}")
    return answer


CHECK_THREAD_NAME = "doctor's check"
"""What the threads of checks are called."""


def has_abandoned_checks() -> bool:
    """Whether a check goes on that nobody waits for any more: the process is better left without tidying up."""
    return any(thread.name == CHECK_THREAD_NAME for thread in threading.enumerate())
