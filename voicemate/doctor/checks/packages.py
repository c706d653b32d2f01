"""The Python interpreter, its virtual environment, and the packages in it."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from voicemate import __version__
from voicemate.doctor.check import REINSTALL_HINT, CheckContext
from voicemate.doctor.finding import Finding, format_command, ok, problem, warning

ENGINES = ("numpy", "soundfile", "soxr", "webrtcvad", "onnxruntime", "pywhispercpp.model", "llama_cpp", "pyttsx3")
"""Packages that a conversation needs and that have compiled code or need a system library."""

IMPORT_TIMEOUT_S = 90.0
"""Enough to import all of them from a slow disk on a busy machine."""

_IMPORT_SCRIPT = """
import importlib, sys
for name in sys.argv[1:]:
    print(name, flush=True)
    importlib.import_module(name)
print("all", flush=True)
"""


@dataclass(frozen=True, slots=True)
class PythonFacts:
    """The interpreter of this process, and the ``voicemate`` command of a terminal.

    Attributes:
        version: such as 3.12.4.
        prefix: folder of the virtual environment or the installation.
        virtual: ``prefix`` is a virtual environment.
        command: path of the command; empty if there is none.
        interpreter: the Python in the command's first line; empty if it cannot be read.
        interpreter_exists: that Python exists.
        is_own: that Python is in ``prefix``.
    """

    version: str
    prefix: str
    virtual: bool
    command: str = ""
    interpreter: str = ""
    interpreter_exists: bool = True
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class ImportFacts:
    """The result of importing the packages in another process.

    Attributes:
        last_package: the last one that it started to import, or "all".
        exit_code: negative if a signal ended it; None if it did not finish.
        last_error: its last line on standard error.
    """

    last_package: str
    exit_code: int | None
    last_error: str = ""


def check_python(context: CheckContext) -> Sequence[Finding]:
    """Check the interpreter and the ``voicemate`` command."""
    return assess_python(_gather_python_facts())


def assess_python(facts: PythonFacts) -> list[Finding]:
    """Report whether a terminal's ``voicemate`` command runs this installation."""
    kind = "in" if facts.virtual else "without a virtual environment, in"
    message = f"voicemate {__version__} on Python {facts.version} {kind} {facts.prefix}"
    if facts.command and not facts.interpreter_exists:
        moved = (
            f"The command {facts.command} runs {facts.interpreter}, which does not exist: its environment has moved"
        )
        return [problem(moved, f"{REINSTALL_HINT}; until then {_this_command()} works")]
    if facts.command and not facts.is_own:
        other = f"The command `voicemate` in a terminal is another installation ({facts.command}) than this one"
        return [warning(other, f"If that is not intended: {_this_command()} is this one", prefix=facts.prefix)]
    if not facts.command:
        not_found = f"{message}; a terminal does not find the command `voicemate`"
        return [warning(not_found, f"`export PATH={quote(facts.prefix)}/bin:$PATH`", prefix=facts.prefix)]
    return [ok(message, version=facts.version, prefix=facts.prefix)]


def _this_command() -> str:
    return format_command(sys.executable, "-m", "voicemate")


def check_packages(context: CheckContext) -> Sequence[Finding]:
    """Check that the packages with compiled code can be imported."""
    return assess_packages(_try_imports())


def assess_packages(facts: ImportFacts) -> list[Finding]:
    """Report the package that cannot be imported, if any."""
    if facts.exit_code == 0 and facts.last_package == "all":
        return [ok(f"All {len(ENGINES)} packages with compiled code can be loaded")]
    package = facts.last_package.partition(".")[0] or "Python"
    if facts.exit_code is None:
        return [problem(f"{package} does not finish loading", REINSTALL_HINT)]
    if facts.exit_code < 0:
        number = -facts.exit_code
        name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
        reason = ": it was built for another processor" if name == "SIGILL" else ""
        return [problem(f"{package} crashes when it is loaded ({name}{reason})", REINSTALL_HINT)]
    reason = facts.last_error or f"exit code {facts.exit_code}"
    return [problem(f"{package} cannot be loaded ({reason})", REINSTALL_HINT)]


def script_python(text: bytes) -> str:
    """Return the interpreter of a console script, given its first lines; empty if they do not name one.

    pip writes ``#!/path/python``, or for a path with spaces or more than 127 bytes ``#!/bin/sh`` and
    ``'''exec' "/path/python" "$0" "$@"``.
    """
    first, _, rest = text.decode("utf-8", "replace").partition("\n")
    if first.startswith("#!") and not first.endswith("/sh"):
        return first[2:].strip()
    found = re.match(r"""'''exec' (?:"([^"]+)"|(\S+))""", rest)
    return (found[1] or found[2]) if found else ""


def _gather_python_facts() -> PythonFacts:
    version, virtual = sys.version.split()[0], sys.prefix != sys.base_prefix
    command = shutil.which("voicemate") or ""
    interpreter = _script_python(Path(command)) if command else ""
    if not interpreter:
        return PythonFacts(version, sys.prefix, virtual, command)
    is_own = os.path.realpath(os.path.dirname(interpreter)) == os.path.realpath(os.path.dirname(sys.executable))
    return PythonFacts(version, sys.prefix, virtual, command, interpreter, os.path.exists(interpreter), is_own)


def _script_python(command: Path) -> str:
    try:
        with command.open("rb") as script:
            return script_python(script.read(1_000))
    except OSError:
        return ""


def _try_imports() -> ImportFacts:
    # -P: do not import from the current folder.
    command = [sys.executable, "-P", "-c", _IMPORT_SCRIPT, *ENGINES]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=IMPORT_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as expired:
        out = expired.stdout or b""
        return ImportFacts(_last_line(out if isinstance(out, str) else out.decode("utf-8", "replace")), None)
    return ImportFacts(_last_line(done.stdout), done.returncode, _last_line(done.stderr))


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]
