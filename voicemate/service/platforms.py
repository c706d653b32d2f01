"""What differs between macOS and Linux: the files of an installation, and what has to be done around them."""

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
    """What differs between launchd and systemd."""

    name: str
    manager: ServiceManager
    definition: Path
    paths: tuple[Path, ...]
    """Everything that an installation may have put on the disk, beside the record of the interpreter."""

    def files(self, interpreter: Interpreter, machine: Machine, tell: Report) -> tuple[File, ...]:
        """The files of an installation. Raises ServiceError."""
        ...

    def before_start(self, changes: FileTransaction, machine: Machine, tell: Report) -> None:
        """What has to be done when they are in place and before the service starts. Raises ServiceError."""
        ...

    def after_uninstall(self, machine: Machine) -> None: ...

    def find_damage(self, machine: Machine) -> str:
        """What is wrong with the files of an installation; "" when nothing is."""
        ...

    def advice(self, machine: Machine) -> tuple[str, ...]:
        """What is worth knowing, without being wrong."""
        ...

    def log_command(self, lines: int, follow: bool) -> tuple[str, ...]:
        """What shows the log of the service."""
        ...


class Launchd:
    """macOS: a LaunchAgent that runs Voicemate.app."""

    name = "launchd"

    def __init__(self, home: Path, uid: int):
        self._host = AppHost(home)
        self._log = user_log_path("voicemate", appauthor=False) / "launchd.log"
        self.definition = agent.definition_path(home)
        self.manager: ServiceManager = Launchctl(uid, self.definition)
        self.paths = (self.definition, *self._host.files)

    def files(self, interpreter: Interpreter, machine: Machine, tell: Report) -> tuple[File, ...]:
        conf = self._host.render_conf(interpreter)
        why = self._host.reason_to_build(machine)
        if why:
            tell(f"building Voicemate.app ({why})")
        built = self._host.build(machine) if why else ()
        return (*built, conf, File(self.definition, agent.render(self._host.executable, self._log)))

    def before_start(self, changes: FileTransaction, machine: Machine, tell: Report) -> None:
        self._host.test_run(machine)
        if machine.read(self._log) is None:  # launchd starts nothing whose log it cannot write
            machine.write(File(self._log, b"", 0o600))
        if self._host.executable in changes.paths:
            self._host.after_build(machine)
        tell("asking macOS for the microphone (answer the question on the screen)")
        given = self._host.ask_for_microphone(machine)
        if given is not MicrophonePermission.GRANTED:
            tell(
                f"the microphone is {_UNGRANTED.get(given, 'not granted yet')}: allow Voicemate in System Settings > "
                f"Privacy & Security > Microphone (`open '{SETTINGS_URL}'`)"
            )

    def after_uninstall(self, machine: Machine) -> None:
        self._host.forget_permission(machine)

    def find_damage(self, machine: Machine) -> str:
        why = self._host.reason_to_build(machine)
        return f"Voicemate.app has to be built anew ({why})" if why else ""

    def advice(self, machine: Machine) -> tuple[str, ...]:
        return ()

    def log_command(self, lines: int, follow: bool) -> tuple[str, ...]:
        return ("tail", "-n", str(lines), *(("-F",) if follow else ()), str(self._log))


_UNGRANTED = {
    MicrophonePermission.DENIED: "refused",
    MicrophonePermission.RESTRICTED: "refused by a profile of this Mac",
    MicrophonePermission.UNKNOWN: "not granted yet, since no answer came",
}


class Systemd:
    """Linux: a unit of the account's systemd."""

    name = "systemd"

    def __init__(self, home: Path):
        self.definition = unit.definition_path(home)
        self.manager: ServiceManager = Systemctl()
        self.paths = (self.definition,)

    def files(self, interpreter: Interpreter, machine: Machine, tell: Report) -> tuple[File, ...]:
        return (File(self.definition, unit.render(interpreter)),)

    def before_start(self, changes: FileTransaction, machine: Machine, tell: Report) -> None:
        pass

    def after_uninstall(self, machine: Machine) -> None:
        pass

    def find_damage(self, machine: Machine) -> str:
        return ""

    def advice(self, machine: Machine) -> tuple[str, ...]:
        lingers = machine.run(
            RunCommand(("loginctl", "show-user", str(os.getuid()), "--property=Linger"), read_only=True)
        )
        if "Linger=yes" in lingers.out:
            return ("It starts when the machine does, before anyone logs in (lingering is on).",)
        return ("It starts when you log in. `loginctl enable-linger` makes it start with the machine instead.",)

    def log_command(self, lines: int, follow: bool) -> tuple[str, ...]:
        words = ("journalctl", "--user", "--unit", UNIT, "--output", "cat", "--lines", str(lines))
        return (*words, *(("--follow",) if follow else ("--no-pager",)))
