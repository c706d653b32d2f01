"""The service of this account, whatever system starts it: what ``voicemate service`` does."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
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
    """Something that is wrong with the service, and the way out."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """How the service is.

    Args:
        installed: its definition is on the disk.
        at_login: it starts at the next login.
        interpreter: what it runs; None where that is not written down.
        findings: what is wrong; empty when all is well.
        advice: what is worth knowing.
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
        tell: gets one line for each thing that is done.
        journal: a private folder for what is needed to undo a change.
    """

    def __init__(self, platform: Platform, machine: Machine, report: Report, journal: Path):
        self._platform = platform
        self._machine = machine
        self._report = report
        self._record = state_folder() / "service.json"
        self._lock = state_folder() / "service.lock"
        self._installer = Installer(machine, platform.manager, journal, report)

    def install(self, interpreter: Interpreter) -> ServiceState:
        """Install or upgrade, and start."""
        require_usable(interpreter, self._machine)
        with self._changing():
            files = (
                *self._platform.files(interpreter, self._machine, self._report),
                File(self._record, interpreter.to_json(), 0o600),
            )
            return self._installer.install(
                files, lambda changes: self._platform.before_start(changes, self._machine, self._report)
            )

    def uninstall(self) -> bool:
        """End and remove; models, settings, history and logs stay. False when there was nothing."""
        with self._changing():
            gone = self._installer.uninstall((*self._platform.paths, self._record))
            if gone:
                self._platform.after_uninstall(self._machine)
            return gone

    def recover(self) -> None:
        """Put back what an installation changed that was killed on its way; every installation begins with this."""
        with self._changing():
            pass

    @property
    def installed(self) -> bool:
        """Whether its definition is on the disk; asks nobody."""
        return self._machine.read(self._platform.definition) is not None

    def starts_at_login(self) -> bool:
        """Whether it is installed and starts at the next login."""
        return self.installed and run_procedure(self._platform.manager.at_login(), self._machine)

    def start_at_login(self, on: bool, interpreter: Interpreter) -> None:
        """Have it start at the next login, or not, for a switch in a menu; what runs now goes on.

        For ``on`` it is installed if it is not. A service that finds another daemon running ends at once, and
        starts at the next login all the same.
        """
        if self.installed:
            run_procedure(self._platform.manager.set_at_login(on), self._machine)
        elif on:
            self.install(interpreter)

    def start(self) -> ServiceState:
        """Start the installed service, if it is down."""
        self._require_installed()
        return run_procedure(self._platform.manager.start(), self._machine)

    def stop(self) -> None:
        """End the service until the next login or start."""
        self._require_installed()
        run_procedure(self._platform.manager.stop(), self._machine)

    def restart(self) -> ServiceState:
        """End the service and start it again."""
        self._require_installed()
        return run_procedure(self._platform.manager.restart(), self._machine)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """For the body this is the only process that changes the service, and nothing is left half done."""
        with _disk_refusals(), self._machine.exclusive_lock(self._lock):
            self._installer.recover()
            yield

    def status(self) -> ServiceStatus:
        """How it is, with everything that can be found wrong from outside."""
        with _disk_refusals():
            return self._status()

    def _status(self) -> ServiceStatus:
        installed = self.installed
        observed = run_procedure(self._platform.manager.observe(), self._machine)
        record = self._machine.read(self._record)
        interpreter = Interpreter.from_json(record.data) if record else None
        findings = []
        if self._installer.interrupted():
            findings.append(
                ServiceProblem("An installation was interrupted on its way", f"To have it put right, {_AGAIN}")
            )
        if installed:
            wrong = find_problem(interpreter, self._machine) if interpreter else "It is not written down what it runs"
            if wrong:
                findings.append(ServiceProblem(wrong, f"From where voicemate is now: {_AGAIN}"))
            if damaged := self._platform.find_damage(self._machine):
                findings.append(ServiceProblem(damaged, f"To have it made anew, {_AGAIN}"))
            findings += find_problems(observed, last_failure())
        at_login = self.starts_at_login()
        advice = self._platform.advice(self._machine) if at_login else ()
        return ServiceStatus(
            self._platform.name,
            installed,
            at_login,
            str(self._platform.definition),
            observed,
            interpreter,
            tuple(findings),
            advice,
        )

    def log_command(self, lines: int, follow: bool) -> tuple[str, ...]:
        """The command that shows what the service wrote."""
        return self._platform.log_command(lines, follow)

    def _require_installed(self) -> None:
        if not self.installed:
            raise ServiceError("The service is not installed", "Install it with `voicemate service install`")


_AGAIN = "run `voicemate service install`"


@contextmanager
def _disk_refusals() -> Iterator[None]:
    """A disk that is full, or a file that is somebody else's, in a sentence."""
    try:
        yield
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        raise ServiceError(
            f"The disk refused{where}: {error.strerror or error}",
            "Make room, or make it and its folder yours, then repeat this",
        ) from None


def find_problems(observed: ServiceState, failure: ServiceFailure | None) -> Sequence[ServiceProblem]:
    """What is wrong with an installed service, from what its supervisor and its own last words say."""
    if not observed.loaded:
        return (
            ServiceProblem(
                "It is installed, but not loaded", f"It starts at the next login; to have it now, {_AGAIN}"
            ),
        )
    if observed.pid is not None:
        return ()
    if failure:
        return (ServiceProblem(f"It ended at {failure.at}: {failure.message}", failure.hint),)
    if observed.last_exit:
        return (
            ServiceProblem(
                f"It ended with exit code {observed.last_exit}", "`voicemate service logs` shows what it said"
            ),
        )
    return ()


def login_service(
    report: Report = lambda line: None,
    dry_run: Callable[[str], None] | None = None,
    machine: Machine | None = None,
    platform: str | None = None,
) -> LoginService:
    """The service of this account on this machine.

    Args:
        tell: gets one line for each thing that is done.
        rehearse: do nothing, and give every file and command to this instead.
        platform: as ``sys.platform`` has it; this machine's when left out.

    Raises:
        ServiceError: as root, for an account that is somebody else's.
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
