"""The login service of this account: what ``voicemate service`` does."""

import os
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from voicemate.core.errors import ServiceError
from voicemate.core.paths import state_folder
from voicemate.service.effects import DryRun, File, LocalMachine, Machine, run_procedure
from voicemate.service.failure import ServiceFailure, last_failure
from voicemate.service.installer import Installer, Report
from voicemate.service.interpreter import Interpreter, find_problem, require_usable
from voicemate.service.platforms import Launchd, Platform, Systemd
from voicemate.service.service_manager import ServiceState


@dataclass(frozen=True, slots=True)
class ServiceProblem:
    """A problem with the service, and what to do about it."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The status of the service.

    Attributes:
        manager: ``launchd`` or ``systemd``.
        installed: its definition exists.
        at_login: it starts at the next login.
        definition: the path of the plist or unit.
        observed: its state according to the supervisor.
        interpreter: what it runs; None if not recorded.
        problems: what is wrong.
        advice: what else is useful to know.
    """

    manager: str
    installed: bool
    at_login: bool
    definition: str
    observed: ServiceState
    interpreter: Interpreter | None
    problems: tuple[ServiceProblem, ...]
    advice: tuple[str, ...]


class LoginService:
    """The service of this account.

    Every method blocks and may raise ServiceError.

    Args:
        report: receives a line for each step.
        journal: a private folder for the rollback.
    """

    def __init__(self, platform: Platform, machine: Machine, report: Report, journal: Path) -> None:
        self._platform = platform
        self._machine = machine
        self._report = report
        self._record = state_folder() / "service.json"
        self._lock = state_folder() / "service.lock"
        self._installer = Installer(machine, platform.manager, journal, report)

    def install(self, interpreter: Interpreter) -> ServiceState:
        """Install or upgrade, and start."""
        require_usable(interpreter, self._machine)
        with self._exclusively():
            files = (
                *self._platform.files(interpreter, self._machine, self._report),
                File(self._record, interpreter.to_json(), 0o600),
            )
            return self._installer.install(
                files, lambda changes: self._platform.before_start(changes, self._machine, self._report)
            )

    def uninstall(self) -> bool:
        """Stop and remove it, but no models, settings, history and logs. Return False if nothing was installed."""
        with self._exclusively():
            removed = self._installer.uninstall((*self._platform.paths, self._record))
            if removed:
                self._platform.after_uninstall(self._machine)
            return removed

    def recover(self) -> None:
        """Roll back an installation that was killed, if there is one."""
        with self._exclusively():
            pass

    @property
    def installed(self) -> bool:
        """Whether its definition exists; runs no command."""
        return self._machine.read(self._platform.definition) is not None

    def starts_at_login(self) -> bool:
        """Whether it is installed and starts at the next login."""
        return self.installed and run_procedure(self._platform.manager.at_login(), self._machine)

    def start_at_login(self, on: bool, interpreter: Interpreter) -> None:
        """Set whether it starts at the next login, and install it if needed; a running daemon goes on.

        A new service that finds another daemon running ends at once, and starts at the next login.
        """
        if self.installed:
            run_procedure(self._platform.manager.set_at_login(on), self._machine)
        elif on:
            self.install(interpreter)

    def start(self) -> ServiceState:
        """Start the installed service if it does not run."""
        self._require_installed()
        return run_procedure(self._platform.manager.start(), self._machine)

    def stop(self) -> None:
        """Stop the service until the next login or start."""
        self._require_installed()
        run_procedure(self._platform.manager.stop(), self._machine)

    def restart(self) -> ServiceState:
        """Restart the service."""
        self._require_installed()
        return run_procedure(self._platform.manager.restart(), self._machine)

    @contextmanager
    def _exclusively(self) -> Generator[None]:
        """Exclude other processes that change the service, and first roll back an interrupted installation."""
        with _os_error_as_service_error(), self._machine.exclusive_lock(self._lock):
            self._installer.recover()
            yield

    def status(self) -> ServiceStatus:
        """Return its status, with the problems that can be found from outside."""
        with _os_error_as_service_error():
            return self._status()

    def _status(self) -> ServiceStatus:
        installed = self.installed
        observed = run_procedure(self._platform.manager.observe(), self._machine)
        record = self._machine.read(self._record)
        interpreter = Interpreter.from_json(record.data) if record else None
        problems: list[ServiceProblem] = []
        if self._installer.interrupted():
            message = "An installation was interrupted on its way"
            problems.append(ServiceProblem(message, f"To have it put right, {_AGAIN}"))
        if installed:
            reason = (
                find_problem(interpreter, self._machine) if interpreter else "It is not written down what it runs"
            )
            if reason:
                problems.append(ServiceProblem(reason, f"From where voicemate is now: {_AGAIN}"))
            if damaged := self._platform.find_damage(self._machine):
                problems.append(ServiceProblem(damaged, f"To have it made anew, {_AGAIN}"))
            problems += find_problems(observed, last_failure())
        at_login = self.starts_at_login()
        advice = self._platform.advice(self._machine) if at_login else ()
        return ServiceStatus(
            self._platform.name,
            installed,
            at_login,
            str(self._platform.definition),
            observed,
            interpreter,
            tuple(problems),
            advice,
        )

    def log_command(self, lines: int, follow: bool) -> tuple[str, ...]:
        """Return the command that shows the log of the service."""
        return self._platform.log_command(lines, follow)

    def _require_installed(self) -> None:
        if not self.installed:
            raise ServiceError("The service is not installed", "Install it with `voicemate service install`")


_AGAIN = "run `voicemate service install`"


@contextmanager
def _os_error_as_service_error() -> Generator[None]:
    try:
        yield
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        raise ServiceError(
            f"The disk refused{where}: {error.strerror or error}",
            "Make room, or make it and its folder yours, then repeat this",
        ) from None


def find_problems(observed: ServiceState, failure: ServiceFailure | None) -> Sequence[ServiceProblem]:
    """Return the problems of an installed service, from its supervisor's state and its last failure."""
    if not observed.loaded:
        hint = f"It starts at the next login; to have it now, {_AGAIN}"
        return (ServiceProblem("It is installed, but not loaded", hint),)
    if observed.pid is not None:
        return ()
    if failure:
        return (ServiceProblem(f"It ended at {failure.at}: {failure.message}", failure.hint),)
    if observed.last_exit:
        message = f"It ended with exit code {observed.last_exit}"
        return (ServiceProblem(message, "`voicemate service logs` shows what it said"),)
    return ()


def login_service(
    report: Report = lambda line: None,
    dry_run: Callable[[str], None] | None = None,
    machine: Machine | None = None,
    platform: str | None = None,
) -> LoginService:
    """Return the service of this account on this machine.

    Args:
        report: receives a line for each step.
        dry_run: change nothing, and report every file and command here instead.
        machine: this machine by default.
        platform: ``sys.platform`` by default.

    Raises:
        ServiceError: as root, for another account.
    """
    on_macos = (platform or sys.platform) == "darwin"
    if os.geteuid() == 0 and (on_macos or os.environ.get("SUDO_USER")):
        raise ServiceError("The service belongs to your own account, not to root", "Repeat this without sudo")
    machine, journal = machine or LocalMachine(), state_folder() / "service-undo"
    if dry_run:
        machine = DryRun(machine, dry_run, journal)
    home = Path.home()
    here: Platform = Launchd(home, os.getuid()) if on_macos else Systemd(home)
    return LoginService(here, machine, report, journal)
