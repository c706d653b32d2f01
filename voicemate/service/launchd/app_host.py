"""Voicemate.app: the bundle to which macOS grants the microphone (launchd/README.md says why it is needed).

Its signature is ad-hoc, so macOS identifies it by its bytes, and any change loses the permission. So it is built only
when it is missing, damaged, or its source has changed, and not on an upgrade.
"""

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from voicemate.core.errors import ServiceError
from voicemate.core.paths import shipped_path
from voicemate.service.effects import CommandResult, File, Machine, RunCommand, Wait
from voicemate.service.interpreter import FLAGS, Interpreter
from voicemate.service.launchd.launchctl import LABEL
from voicemate.service.launchd.microphone_permission import MicrophonePermission

_REGISTER = "/System/Library/Frameworks/CoreServices.framework/Frameworks/LaunchServices.framework/Support/lsregister"
_ANSWER_S = 150.0
"""Seconds to answer the microphone prompt; a little longer than the timeout of ``ask_for_permission``."""


@dataclass(frozen=True, slots=True)
class AppHost:
    """The bundle of one account.

    Args:
        home: the account's home folder.
    """

    home: Path

    @property
    def app(self) -> Path:
        """The bundle."""
        return self.home / "Applications" / "Voicemate.app"

    @property
    def executable(self) -> Path:
        """The main executable of the bundle."""
        return self.app / "Contents" / "MacOS" / "Voicemate"

    @property
    def conf(self) -> Path:
        """The configuration that the executable reads; host.c has the same path."""
        return self.home / "Library" / "Application Support" / "voicemate" / "host.conf"

    @property
    def record(self) -> Path:
        """Digests of the bundle and its source."""
        return self.conf.with_name("host-build.json")

    @property
    def _bundle(self) -> tuple[Path, ...]:
        contents = self.app / "Contents"
        return (self.executable, contents / "Info.plist", contents / "_CodeSignature" / "CodeResources")

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that an installation may have written for it."""
        return (*self._bundle, self.record, self.conf)

    def render_conf(self, interpreter: Interpreter) -> File:
        """Return host.conf.

        Raises:
            ServiceError: Python has no shared library, or a path has a line break.
        """
        if not interpreter.library:
            raise ServiceError(
                f"{interpreter.python} is a Python without a shared library, which Voicemate.app has to load",
                "Set voicemate up with Python from Homebrew, python.org or uv (with pyenv: "
                "`PYTHON_CONFIGURE_OPTS=--enable-shared`)",
            )
        lines = [
            "# Written by `voicemate service install`; read by Voicemate.app.",
            f"library={interpreter.library}",
            f"python={interpreter.python}",
            *(f"argument={word}" for word in FLAGS),
            "default=run",
            *(f"environment={name}={value}" for name, value in interpreter.environment.items()),
            # llama.cpp would wake 200 times a second to keep weights resident, and may abort at exit.
            "environment=GGML_METAL_NO_RESIDENCY=1",
        ]
        if any("\n" in line for line in lines):
            raise ServiceError("A folder's name on the way to voicemate has a line break in it", "Rename that folder")
        return File(self.conf, "\n".join((*lines, "")).encode(), 0o600)

    def reason_to_build(self, machine: Machine) -> str:
        """Return why the bundle has to be built, or "" to keep it."""
        present = [machine.read(path) for path in self._bundle]
        record = machine.read(self.record)
        if not all(present):
            return "it is not there yet" if not any(present) else "parts of it are missing"
        try:
            built: dict[str, str] = json.loads(record.data) if record else {}
        except ValueError:
            built = {}
        if built.get("bundle") != _digest(*(file.data for file in present if file)):
            return "it is not as it was built"
        return "" if built.get("source") == _digest(_source(), _info()) else "its source has changed"

    def build(self, machine: Machine) -> tuple[File, ...]:
        """Compile and sign the bundle in a temporary folder; return its files and the record, to be written.

        Raises:
            ServiceError: the compiler is missing, or it or codesign failed.
        """
        if machine.run(RunCommand(("xcode-select", "-p"), read_only=True)).code:
            raise ServiceError(
                "The Xcode command line tools are missing, which compile Voicemate.app",
                "Install them with `xcode-select --install`, then repeat this",
            )
        with tempfile.TemporaryDirectory(prefix="voicemate-app-") as folder:
            draft = AppHost(Path(folder))
            for path in (draft.executable, *draft._bundle[1:]):
                path.parent.mkdir(parents=True, exist_ok=True)
            draft._bundle[1].write_bytes(_info())
            source = Path(folder) / "host.c"
            source.write_bytes(_source())
            commands = compile_command(source, draft.executable), sign_command(draft.app), verify_command(draft.app)
            for argv in commands:
                answer = machine.run(RunCommand(argv, CommandResult(), timeout_s=120))
                if answer.code:
                    raise ServiceError(
                        f"Voicemate.app could not be built: {argv[0]} failed with {answer.code} "
                        f"({answer.first_line})",
                        "Update the Xcode command line tools (`softwareupdate --list`), then repeat this",
                    )
            contents = [path.read_bytes() if path.exists() else b"" for path in draft._bundle]
        files = [File(path, data) for path, data in zip(self._bundle, contents, strict=True)]
        files[0] = File(self.executable, contents[0], 0o755)
        record = {"source": _digest(_source(), _info()), "bundle": _digest(*contents)}
        return (*files, File(self.record, json.dumps(record).encode(), 0o600))

    def after_build(self, machine: Machine) -> None:
        """Register the new bundle with macOS, and reset the permission of the old bytes.

        That permission has no effect, but System Settings would show it as granted.
        """
        machine.run(RunCommand((_REGISTER, "-f", str(self.app)), CommandResult()))
        self.forget_permission(machine)

    def forget_permission(self, machine: Machine) -> None:
        """Reset the microphone permission; a failure means that there is none."""
        machine.run(RunCommand(("tccutil", "reset", "Microphone", LABEL), CommandResult()))

    def test_run(self, machine: Machine) -> None:
        """Run voicemate in the host once.

        Raises:
            ServiceError: it fails; the message has its error output.
        """
        answer = machine.run(RunCommand((str(self.executable), "--version"), CommandResult(0, "voicemate\n")))
        if answer.code or "voicemate" not in answer.out:
            raise ServiceError(
                f"Voicemate.app cannot run voicemate ({answer.first_line or f'it ended with {answer.code}'})",
                "Nothing was changed; set voicemate up again and repeat this",
            )

    def ask_for_microphone(self, machine: Machine) -> MicrophonePermission:
        """Have macOS ask for the microphone on behalf of Voicemate.app; block until the person answers.

        LaunchServices (``open``) starts it, because a child of a terminal would ask on the terminal's behalf.
        """
        with tempfile.TemporaryDirectory(prefix="voicemate-microphone-") as folder:
            path = Path(folder) / "answer"
            words = ("open", "-W", "-n", "-a", str(self.app), "--args", "service", "ask-microphone", str(path))
            machine.run(RunCommand(words, CommandResult(), timeout_s=_ANSWER_S))
            answer = None
            for _ in range(10):  # written before the app ends, but the disk may be slow
                answer = machine.read(path)
                if answer:
                    break
                machine.wait(Wait(0.1))
        try:
            return MicrophonePermission[answer.data.decode().strip()] if answer else MicrophonePermission.UNKNOWN
        except (KeyError, UnicodeDecodeError):
            return MicrophonePermission.UNKNOWN


def compile_command(source: Path, executable: Path) -> tuple[str, ...]:
    """Return the clang command."""
    flags = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-arch", "arm64", "-mmacosx-version-min=13.0")
    return ("/usr/bin/clang", *flags, "-o", str(executable), str(source))


def sign_command(app: Path) -> tuple[str, ...]:
    """Return the ad-hoc signing command. A hardened runtime would refuse Python's libraries."""
    return ("/usr/bin/codesign", "--force", "--sign", "-", "--identifier", LABEL, str(app))


def verify_command(app: Path) -> tuple[str, ...]:
    """Return the command that verifies the signature."""
    return ("/usr/bin/codesign", "--verify", "--strict", str(app))


def _source() -> bytes:
    return (shipped_path("launchd") / "host.c").read_bytes()


def _info() -> bytes:
    return (shipped_path("launchd") / "Info.plist").read_bytes()


def _digest(*parts: bytes) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()
