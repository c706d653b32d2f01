"""Voicemate.app: the bundle that macOS gives the microphone to (launchd/README.md says why there has to be one).

Its signature is ad-hoc, so macOS knows it by its bytes alone, and the permission is lost when one changes. Therefore
it is built once, when it is missing, damaged, or its source is another than it was built from, and never on an
upgrade.
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
"""How long a person may take to answer the question about the microphone; a little longer than ``microphone.ask``."""


@dataclass(frozen=True, slots=True)
class AppHost:
    """The bundle of one account.

    Args:
        home: the account's home folder.
    """

    home: Path

    @property
    def app(self) -> Path:
        return self.home / "Applications" / "Voicemate.app"

    @property
    def executable(self) -> Path:
        return self.app / "Contents" / "MacOS" / "Voicemate"

    @property
    def conf(self) -> Path:
        """What may change, for the executable to read; the same path stands in host.c."""
        return self.home / "Library" / "Application Support" / "voicemate" / "host.conf"

    @property
    def record(self) -> Path:
        """What the bundle was built from and what came out."""
        return self.conf.with_name("host-build.json")

    @property
    def _bundle(self) -> tuple[Path, ...]:
        contents = self.app / "Contents"
        return (self.executable, contents / "Info.plist", contents / "_CodeSignature" / "CodeResources")

    @property
    def files(self) -> tuple[Path, ...]:
        """All that an installation may have put on the disk for it."""
        return (*self._bundle, self.record, self.conf)

    def render_conf(self, interpreter: Interpreter) -> File:
        """host.conf.

        Raises:
            ServiceError: this Python has no shared library, or a path that the file cannot hold.
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
        """Why the bundle has to be built; "" when the one on the disk is to be kept."""
        present = [machine.read(path) for path in self._bundle]
        record = machine.read(self.record)
        if not all(present):
            return "it is not there yet" if not any(present) else "parts of it are missing"
        try:
            built = json.loads(record.data) if record else {}
        except ValueError:
            built = {}
        if built.get("bundle") != _digest(*(file.data for file in present if file)):
            return "it is not as it was built"
        return "" if built.get("source") == _digest(_source(), _info()) else "its source has changed"

    def build(self, machine: Machine) -> tuple[File, ...]:
        """Compile and sign the bundle in a temporary folder; returns its files and the record, not yet in place.

        Raises:
            ServiceError: there is no compiler, or it or codesign failed.
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
            for argv in (
                compile_command(source, draft.executable),
                sign_command(draft.app),
                verify_command(draft.app),
            ):
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
        """Let macOS know of new bytes, and forget the permission that belonged to other ones.

        Such a permission is worth nothing and looks given in System Settings.
        """
        machine.run(RunCommand((_REGISTER, "-f", str(self.app)), CommandResult()))
        self.forget_permission(machine)

    def forget_permission(self, machine: Machine) -> None:
        """Take the permission for the microphone back, whatever it is; fails only where there is none."""
        machine.run(RunCommand(("tccutil", "reset", "Microphone", LABEL), CommandResult()))

    def test_run(self, machine: Machine) -> None:
        """Run voicemate in the host once.

        Raises:
            ServiceError: it cannot, with its own words.
        """
        answer = machine.run(RunCommand((str(self.executable), "--version"), CommandResult(0, "voicemate\n")))
        if answer.code or "voicemate" not in answer.out:
            raise ServiceError(
                f"Voicemate.app cannot run voicemate ({answer.first_line or f'it ended with {answer.code}'})",
                "Nothing was changed; set voicemate up again and repeat this",
            )

    def ask_for_microphone(self, machine: Machine) -> MicrophonePermission:
        """Have macOS ask for the microphone in the name of Voicemate.app; blocks until the person answers.

        It is started by LaunchServices (``open``), because what a terminal starts asks in the terminal's name.
        """
        with tempfile.TemporaryDirectory(prefix="voicemate-microphone-") as folder:
            note = Path(folder) / "answer"
            words = ("open", "-W", "-n", "-a", str(self.app), "--args", "service", "ask-microphone", str(note))
            machine.run(RunCommand(words, CommandResult(), timeout_s=_ANSWER_S))
            for _ in range(10):  # the answer is written before the app ends, but be patient with a slow disk
                answer = machine.read(note)
                if answer:
                    break
                machine.wait(Wait(0.1))
        try:
            return MicrophonePermission[answer.data.decode().strip()] if answer else MicrophonePermission.UNKNOWN
        except (KeyError, UnicodeDecodeError):
            return MicrophonePermission.UNKNOWN


def compile_command(source: Path, executable: Path) -> tuple[str, ...]:
    """clang, for the Mac it runs on."""
    flags = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-arch", "arm64", "-mmacosx-version-min=13.0")
    return ("/usr/bin/clang", *flags, "-o", str(executable), str(source))


def sign_command(app: Path) -> tuple[str, ...]:
    """Ad-hoc, and without the hardened runtime: that would need an entitlement and refuse Python's libraries."""
    return ("/usr/bin/codesign", "--force", "--sign", "-", "--identifier", LABEL, str(app))


def verify_command(app: Path) -> tuple[str, ...]:
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
