"""A single check: it has a timeout, and whatever happens in it does not stop the other checks."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voicemate.config.schema import Settings
from voicemate.control.status import DaemonStatus
from voicemate.core.errors import VoicemateError
from voicemate.core.worker_thread import WorkerThread
from voicemate.doctor.finding import Finding, from_error, problem

DEFAULT_TIMEOUT_S = 20.0
"""Timeout of most checks; enough for a disk that has to spin up or a busy machine."""

REINSTALL_HINT = "Set voicemate up again (`make talk` in a checkout)"

CHECK_THREAD_NAME = "doctor check"


class ProgressListener(Protocol):
    """Receives a few words about what a slow check is doing. Called from any thread; must return at once."""

    def __call__(self, message: str) -> None:
        """Receive ``message``."""
        ...


def _ignore_progress(message: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What every check receives.

    Attributes:
        settings: the user's settings, or the defaults if the settings file is invalid.
        platform: a value of ``sys.platform``.
        status: the running daemon's status; None if no daemon runs or answers.
        thorough: read every model file completely.
        on_progress: receives what a slow check is doing.
    """

    settings: Settings
    platform: str
    status: DaemonStatus | None = None
    thorough: bool = False
    on_progress: ProgressListener = _ignore_progress


@dataclass(frozen=True, slots=True)
class Check:
    """A check and its place in the table.

    Attributes:
        group: heading in the table.
        name: label in the table.
        run: returns the findings, none if the check does not apply to this machine. It blocks and may raise anything.
        timeout_s: how long it may take.
        main_thread: run on the main thread, without a timeout.
    """

    group: str
    name: str
    run: Callable[[CheckContext], Sequence[Finding]]
    timeout_s: float = DEFAULT_TIMEOUT_S
    main_thread: bool = False


def run_check(check: Check, context: CheckContext) -> Sequence[Finding]:
    """Run ``check`` and return its findings; an exception or a timeout becomes a finding too."""
    try:
        if check.main_thread:
            return check.run(context)
        return _run_with_timeout(lambda: check.run(context), check.timeout_s)
    except VoicemateError as error:
        return [from_error(error)]
    except _CheckTimeoutError:
        message = f"This check did not finish within {check.timeout_s:.0f} s"
        return [problem(message, "Try again when the machine is less busy; what it checks may be stuck")]
    except ImportError as error:
        return [problem(f"A package that this check needs cannot be loaded ({_one_line(error)})", REINSTALL_HINT)]
    except Exception as error:
        message = f"This check crashed: {type(error).__name__} ({_one_line(error)})"
        return [problem(message, "This is a bug in the doctor; the other checks are not affected")]


def has_abandoned_checks() -> bool:
    """Whether a check that timed out is still running. The process should then exit without cleanup."""
    return any(thread.name == CHECK_THREAD_NAME for thread in threading.enumerate())


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or "no message"


class _CheckTimeoutError(Exception):
    pass


def _run_with_timeout(work: Callable[[], Sequence[Finding]], timeout_s: float) -> Sequence[Finding]:
    """Run ``work`` in a daemon thread and return its result; after ``timeout_s`` the thread is abandoned.

    Raises:
        _CheckTimeoutError: ``work`` did not finish in time.
    """

    def run() -> Sequence[Finding]:
        try:
            return work()
        except Exception:
            raise
        except BaseException as error:
            raise RuntimeError(f"it tried to exit the program: {error!r}") from None

    thread = WorkerThread(CHECK_THREAD_NAME, timeout_s, _CheckTimeoutError)
    try:
        return thread.wait(run)
    finally:
        thread.close()
