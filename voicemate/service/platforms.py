"""What differs between macOS and Linux: the files of an installation, and the steps around them."""

import os
from pathlib import Path
from typing import Protocol

from platformdirs import user_log_path

from voicemate.service.effects import File, Machine, RunCommand
from voicemate.service.installer import Report
from voicemate.service.interpreter import Interpreter
from voicemate.service.launchd import agent
from voicemate.service.launchd.app_host import AppHost
from voicemate.service.launchd.launchctl import Launchctl
from voicemate.service.launchd.microphone_permission import SETTINGS_URL, MicrophonePermission
from voicemate.service.service_manager import ServiceManager
from voicemate.service.systemd import unit
from voicemate.service.systemd.systemctl import UNIT, Systemctl
from voicemate.service.transaction import FileTransaction


class Platform(Protocol):
    """What differs between launchd and systemd. The default methods do nothing."""

    name: str
    manager: ServiceManager
    definition: Path
    paths: tuple[Path, ...]
    """All files that an installation may have written, except the record of the interpreter."""

    def files(self, interpreter: Interpreter, machine: Machine, report: Report) -> tuple[File, ...]:
        """Return the files of an installation. Raises ServiceError."""
        ...

    def before_start(self, changes: FileTransaction, machine: Machine, report: Report) -> None:
        """Prepare the start after the files are written. Raises ServiceError."""

    def after_uninstall(self, machine: Machine) -> None:
        """Clean up after the files were removed."""

    def find_damage(self, machine: Machine) -> str:
        """Return what is wrong with the installed files, or ""."""
        return ""

    def advice(self, machine: Machine) -> tuple[str, ...]:
        """Return what is useful to know and no problem."""
        return ()

    def log_command(self, lines: int, follow: bool) -> tuple[str, ...]:
        """Return the command that shows the log of the service."""
        ...


class Launchd(Platform):
    """macOS: a LaunchAgent that runs Voicemate.app."""

    name = "launchd"

    def __init__(self, home: Path, uid: int) -> None:
        self._host = AppHost(home)
        self._log = user_log_path("voicemate", appauthor=False) / "launchd.log"
        self.definition = agent.definition_path(home)
        self.manager: ServiceManager = Launchctl(uid, self.definition)
        self.paths = (self.definition, *self._host.files)

    def files(self, interpreter: Interpreter, machine: Machine, report: Report) -> tuple[File, ...]:
        """See ``Platform``."""
        conf = self._host.render_conf(interpreter)
        reason = self._host.reason_to_build(machine)
        if reason:
            report(f"building Voicemate.app ({reason})")
        built = self._host.build(machine) if reason else ()
        return (*built, conf, File(self.definition, agent.render(self._host.executable, self._log)))

    def before_start(self, changes: FileTransaction, machine: Machine, report: Report) -> None:
        """See ``Platform``."""
        self._host.test_run(machine)
        if machine.read(self._log) is None:  # launchd starts no agent whose log it cannot write
            machine.write(File(self._log, b"", 0o600))
        if self._host.executable in changes.paths:
            self._host.after_build(machine)
        report("asking macOS for the microphone (answer the question on the screen)")
        permission = self._host.ask_for_microphone(machine)
        if permission is not MicrophonePermission.GRANTED:
            state = _UNGRANTED.get(permission, "not granted yet")
            report(
                f"the microphone is {state}: allow Voicemate in System Settings > Privacy & Security > Microphone "
                f"(`open '{SETTINGS_URL}'`)"
            )

    def after_uninstall(self, machine: Machine) -> None:
        """See ``Platform``."""
        self._host.forget_permission(machine)

    def find_damage(self, machine: Machine) -> str:
        """See ``Platform``."""
        reason = self._host.reason_to_build(machine)
        return f"Voicemate.app has to be built anew ({reason})" if reason else ""

    def log_command(self, lines: int, follow: bool) -> tuple[str, ...]:
        """See ``Platform``."""
        return ("tail", "-n", str(lines), *(("-F",) if follow else ()), str(self._log))


_UNGRANTED = {
    MicrophonePermission.DENIED: "refused",
    MicrophonePermission.RESTRICTED: "refused by a profile of this Mac",
    MicrophonePermission.UNKNOWN: "not granted yet, since no answer came",
}


class Systemd(Platform):
    """Linux: a unit of the account's systemd."""

    name = "systemd"

    def __init__(self, home: Path) -> None:
        self.definition = unit.definition_path(home)
        self.manager: ServiceManager = Systemctl()
        self.paths = (self.definition,)

    def files(self, interpreter: Interpreter, machine: Machine, report: Report) -> tuple[File, ...]:
        """See ``Platform``."""
        return (File(self.definition, unit.render(interpreter)),)

    def advice(self, machine: Machine) -> tuple[str, ...]:
        """See ``Platform``."""
        command = ("loginctl", "show-user", str(os.getuid()), "--property=Linger")
        if "Linger=yes" in machine.run(RunCommand(command, read_only=True)).out:
            return ("It starts when the machine does, before anyone logs in (lingering is on).",)
        return ("It starts when you log in. `loginctl enable-linger` makes it start with the machine instead.",)

    def log_command(self, lines: int, follow: bool) -> tuple[str, ...]:
        """See ``Platform``."""
        words = ("journalctl", "--user", "--unit", UNIT, "--output", "cat", "--lines", str(lines))
        return (*words, *(("--follow",) if follow else ("--no-pager",)))
