"""A simulated Mac and a simulated Linux machine with the failures of real ones, on a simulated clock.

launchd behaves as docs/explanation/macos.md lists from reports of real Macs: ``bootout`` returns before the agent has
gone, ``bootstrap`` exits with 5 for several reasons, a loaded agent is sometimes not started.
"""

import hashlib
import plistlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from voicemate.service.effects import NOT_FOUND, CommandResult, File, RunCommand, Wait
from voicemate.service.launchd.launchctl import LABEL


class Killed(BaseException):
    """SIGKILL: nothing has an effect afterwards."""


@dataclass
class FakeMachine:
    """Files in memory, commands run by ``programs``, a clock that pauses and commands advance."""

    programs: dict[str, Callable[[tuple[str, ...]], CommandResult]] = field(default_factory=dict)
    files: dict[Path, File] = field(default_factory=dict)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    now: float = 0.0
    refuse: Callable[[Path], bool] = lambda path: False
    dies_in: int | None = None
    """Effects until the process is killed."""

    def _live(self) -> None:
        if self.dies_in is not None:
            self.dies_in -= 1
            if self.dies_in < 0:
                raise Killed

    def run(self, call: RunCommand) -> CommandResult:
        self._live()
        self.calls.append(call.argv)
        self.now += 0.01
        program = self.programs.get(call.argv[0])
        return (
            program(call.argv)
            if program
            else CommandResult(NOT_FOUND, err=f"{call.argv[0]}: No such file or directory")
        )

    def wait(self, pause: Wait) -> None:
        self._live()
        self.now += pause.seconds

    def read(self, path: Path) -> File | None:
        return self.files.get(path)

    def write(self, file: File) -> None:
        self._live()
        if self.refuse(file.path):
            raise OSError(28, "No space left on device", str(file.path))
        self.files[file.path] = file

    def remove(self, path: Path) -> None:
        self._live()
        self.files.pop(path, None)

    def exclusive_lock(self, path: Path) -> AbstractContextManager[None]:
        return nullcontext()


@dataclass
class FakeLaunchd:
    """launchd and launchctl for one agent.

    Args:
        drain_s: how long a booted-out agent stays.
        bootout_code: what ``bootout`` of a loaded agent answers.
        busy_code: what ``bootstrap`` answers while the agent is loaded or draining.
        moods: answers of ``bootstrap`` to the next tries, for no reason at all; 0 lets it work.
        lazy: a bootstrapped agent is not started before it is kicked.
        session: somebody is logged in at the screen.
        ends_with: the program ends at once with this code; None for one that runs.
        ends_after_s: it does so only after this long.
        words: ``print-disabled`` says enabled and disabled, as today, instead of false and true.
    """

    machine: FakeMachine
    drain_s: float = 5.0
    bootout_code: int = 0
    busy_code: int = 5
    moods: list[int] = field(default_factory=list)
    lazy: bool = False
    session: bool = True
    ends_with: int | None = None
    ends_after_s: float = 0.0
    disabled: bool = False
    words: bool = True
    definition: bytes | None = None
    pid: int | None = None
    runs: int = 0
    last_exit: int | None = None
    _gone_at: float | None = None
    _started_at: float = 0.0
    _pids: int = 500

    def __call__(self, argv: tuple[str, ...]) -> CommandResult:
        self._settle()
        verb, *words = argv[1:]
        if not self.session:
            return CommandResult(125, err="Domain does not support specified action")
        return getattr(self, f"_{verb.replace('-', '_')}")(*words)

    @property
    def running_from(self) -> bytes | None:
        """The definition of the agent, if it is loaded and not being unloaded."""
        self._settle()
        return self.definition if self._gone_at is None else None

    def _settle(self) -> None:
        if self._gone_at is not None and self.machine.now >= self._gone_at:
            self.definition = self.pid = self._gone_at = None
        if self.pid and self.ends_with is not None and self.machine.now >= self._started_at + self.ends_after_s:
            self.pid, self.last_exit = None, self.ends_with

    def _print(self, target: str) -> CommandResult:
        if self.definition is None:
            return CommandResult(113, err=f'Could not find service "{LABEL}" in domain for user gui: 501')
        exited = "(never exited)" if self.last_exit is None else str(self.last_exit)
        pid = "" if self.pid is None else f"\tpid = {self.pid}\n"
        return CommandResult(
            0,
            f"{target} = {{\n\tactive count = 1\n\tpath = /x.plist\n\ttype = LaunchAgent\n"
            f"\tstate = {'running' if self.pid else 'not running'}\n\n\tprogram = /x\n"
            "\targuments = {\n\t\tpid = 1\n\t}\n\n\tminimum runtime = 30\n\texit timeout = 15\n"
            f"\truns = {self.runs}\n{pid}\tlast exit code = {exited}\n\n"
            '\tendpoints = {\n\t\t"x" = {\n\t\t\tstate = active\n\t\t}\n\t}\n}\n',
        )

    def _bootout(self, target: str) -> CommandResult:
        if self.definition is None:
            return CommandResult(3, err="Boot-out failed: 3: No such process")
        if self._gone_at is not None:
            return CommandResult(36, err="Boot-out failed: 36: Operation now in progress")
        self._gone_at = self.machine.now + self.drain_s
        return CommandResult(self.bootout_code)

    def _bootstrap(self, domain: str, path: str) -> CommandResult:
        if self.definition is not None:
            return CommandResult(self.busy_code, err=f"Bootstrap failed: {self.busy_code}: Input/output error")
        if self.disabled:
            return CommandResult(119, err="Bootstrap failed: 119: Service is disabled")
        mood = self.moods.pop(0) if self.moods else 0
        file = self.machine.read(Path(path))
        if mood or file is None:
            return CommandResult(mood or 5, err=f"Bootstrap failed: {mood or 5}: Input/output error")
        assert plistlib.loads(file.data)["Label"] == LABEL
        self.definition, self.runs, self.last_exit = file.data, 0, None
        if not self.lazy:
            self._start()
        return CommandResult()

    def _kickstart(self, *words: str) -> CommandResult:
        if self.definition is None:
            return CommandResult(113, err="Could not find service")
        if self.pid is None or "-k" in words:
            self._start()
        return CommandResult()

    def _kill(self, signal: str, target: str) -> CommandResult:
        if self.definition is None:
            return CommandResult(113, err="Could not find service")
        self.pid, self.last_exit = None, 0
        return CommandResult()

    def _enable(self, target: str) -> CommandResult:
        self.disabled = False
        return CommandResult()

    def _disable(self, target: str) -> CommandResult:
        self.disabled = True
        return CommandResult()

    def _print_disabled(self, domain: str) -> CommandResult:
        others = '\t"com.apple.else" => disabled\n\t"dev.voicemate.agent.not" => disabled\n'
        word = ("disabled" if self.disabled else "enabled") if self.words else str(self.disabled).lower()
        return CommandResult(0, f'disabled services = {{\n{others}\t"{LABEL}" => {word}\n}}\n')

    def _start(self) -> None:
        self.runs += 1
        self._pids += 1
        self.pid, self._started_at = self._pids, self.machine.now


@dataclass
class FakeMac:
    """A Mac: launchd, the tools that build the bundle, and the permission that depends on its bytes."""

    machine: FakeMachine
    launchd: FakeLaunchd
    home: Path
    compiler: bytes = b"clang 17"
    answers: str = "GRANTED"
    host_works: bool = True
    granted_to: bytes | None = None

    def __post_init__(self) -> None:
        self.machine.programs |= {
            "launchctl": self.launchd,
            "xcode-select": lambda argv: CommandResult(0, "/Library/Developer/CommandLineTools\n"),
            "/usr/bin/clang": self._compile,
            "/usr/bin/codesign": self._sign,
            "open": self._open,
            "tccutil": self._forget,
            str(self.executable): self._host,
        }

    @property
    def executable(self) -> Path:
        return self.home / "Applications" / "Voicemate.app" / "Contents" / "MacOS" / "Voicemate"

    @property
    def may_listen(self) -> bool:
        """Whether the current bundle may use the microphone."""
        return self.granted_to is not None and self.granted_to == self._identity()

    def _identity(self) -> bytes | None:
        file = self.machine.files.get(self.executable)
        return hashlib.sha256(file.data).digest() if file else None

    def _compile(self, argv: tuple[str, ...]) -> CommandResult:
        source, executable = Path(argv[-1]), Path(argv[argv.index("-o") + 1])
        executable.write_bytes(self.compiler + hashlib.sha256(source.read_bytes()).digest())
        return CommandResult()

    def _sign(self, argv: tuple[str, ...]) -> CommandResult:
        if "--sign" in argv:
            contents = Path(argv[-1]) / "Contents"
            (contents / "_CodeSignature").mkdir(exist_ok=True)
            (contents / "_CodeSignature" / "CodeResources").write_bytes(b"resources")
            program = contents / "MacOS" / "Voicemate"
            program.write_bytes(program.read_bytes() + b"signed")
        return CommandResult()

    def _open(self, argv: tuple[str, ...]) -> CommandResult:
        self.machine.files[Path(argv[-1])] = File(Path(argv[-1]), self.answers.encode())
        if self.answers == "GRANTED":
            self.granted_to = self._identity()
        return CommandResult()

    def _forget(self, argv: tuple[str, ...]) -> CommandResult:
        self.granted_to = None
        return CommandResult()

    def _host(self, argv: tuple[str, ...]) -> CommandResult:
        return (
            CommandResult(0, "voicemate 0.1.0\n")
            if self.host_works
            else CommandResult(78, err="voicemate: cannot load Python")
        )


@dataclass
class FakeSystemd:
    """A user manager with one unit."""

    machine: FakeMachine
    unit: Path
    bus: bool = True
    ends_with: int | None = None
    read: bytes | None = None
    """The unit's text when it was last read from the disk."""
    enabled: bool = False
    pid: int | None = None
    failed: int = 0

    def __post_init__(self) -> None:
        self.machine.programs |= {"systemctl": self, "loginctl": lambda argv: CommandResult(0, "Linger=no\n")}

    def __call__(self, argv: tuple[str, ...]) -> CommandResult:
        assert argv[1] == "--user"
        if not self.bus:
            return CommandResult(1, err="Failed to connect to bus: No medium found")
        return getattr(self, "_" + argv[2].replace("-", "_"))(*argv[3:])

    def _show(self, unit: str, properties: str) -> CommandResult:
        load = "loaded" if self.read is not None else "not-found"
        active = ("active", "running") if self.pid else ("failed", "failed") if self.failed else ("inactive", "dead")
        return CommandResult(
            0,
            f"MainPID={self.pid or 0}\nNRestarts=0\nExecMainStatus={self.failed}\nLoadState={load}\n"
            f"ActiveState={active[0]}\nSubState={active[1]}\nUnitFileState={'enabled' if self.enabled else ''}\n",
        )

    def _daemon_reload(self) -> CommandResult:
        file = self.machine.read(self.unit)
        self.read = file.data if file else None if self.pid is None else self.read
        return CommandResult()

    def _enable(self, unit: str) -> CommandResult:
        if self.machine.read(self.unit) is None:
            return CommandResult(1, err=f"Failed to enable unit: Unit file {unit} does not exist.")
        self.enabled = True
        return CommandResult()

    def _disable(self, *words: str) -> CommandResult:
        self.enabled, self.pid = False, None if "--now" in words else self.pid
        return CommandResult()

    def _is_enabled(self, unit: str) -> CommandResult:
        return CommandResult(0, "enabled\n") if self.enabled else CommandResult(1, "disabled\n")

    def _reset_failed(self, unit: str) -> CommandResult:
        self.failed = 0
        return (
            CommandResult()
            if self.read is not None
            else CommandResult(1, err=f"Failed to reset failed state: {unit} not loaded.")
        )

    def _restart(self, unit: str) -> CommandResult:
        if self.failed:
            return CommandResult(1, err=f"{unit}: Start request repeated too quickly.")
        if self.read is None:
            return CommandResult(5, err=f"Failed to restart {unit}: Unit {unit} not found.")
        self.pid, self.failed = (700, 0) if self.ends_with is None else (None, self.ends_with)
        return CommandResult()

    _start = _restart

    def _stop(self, unit: str) -> CommandResult:
        self.pid = None
        return CommandResult()
