"""The Python that runs this, its virtual environment, and the packages in it."""

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
"""Packages with compiled code, or a system library behind them, without which there is no conversation."""

IMPORT_TIMEOUT_S = 90.0
"""Until all of them are loaded: from a slow disk, on a busy machine."""

_TRY = """
import importlib, sys
for name in sys.argv[1:]:
    print(name, flush=True)
    importlib.import_module(name)
print("all", flush=True)
"""


@dataclass(frozen=True, slots=True)
class PythonFacts:
    """Attributes:
    version: as 3.12.4.
    prefix: the virtual environment, or what there is instead.
    virtual: it is one.
    command: the ``voicemate`` that a terminal finds; "" when there is none.
    runs: the Python in that script's first line; "" when it is not to be read.
    runs_exists: it is there.
    own: that Python belongs to ``prefix``.
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
    """What came of importing the packages in another process.

    Attributes:
        reached: the one that was begun last, or "all".
        code: the exit code; below 0 for the signal that ended it; None when it did not end.
        said: the last line that it complained.
    """

    last_package: str
    exit_code: int | None
    last_error: str = ""


def check_python(ground: CheckContext) -> Sequence[Finding]:
    return assess_python(_gather_python_facts())


def assess_python(facts: PythonFacts) -> list[Finding]:
    kind = "in" if facts.virtual else "without a virtual environment, in"
    told = f"voicemate {__version__} on Python {facts.version} {kind} {facts.prefix}"
    if facts.command and not facts.interpreter_exists:
        runs = f"The command {facts.command} runs {facts.interpreter}"
        moved = f"{runs}, which is not there any more: its environment has moved"
        return [problem(moved, f"{REINSTALL_HINT}; until then {_this_command()} works")]
    if facts.command and not facts.is_own:
        other = f"The command `voicemate` of a terminal is another installation ({facts.command}) than this one"
        return [warning(other, f"If that is not meant: {_this_command()} is this one", prefix=facts.prefix)]
    if not facts.command:
        away = f"{told}; a terminal does not find its command `voicemate`"
        return [warning(away, f"`export PATH={quote(facts.prefix)}/bin:$PATH`", prefix=facts.prefix)]
    return [ok(told, version=facts.version, prefix=facts.prefix)]


def _this_command() -> str:
    return format_command(sys.executable, "-m", "voicemate")


def check_packages(ground: CheckContext) -> Sequence[Finding]:
    return assess_packages(_try_imports())


def assess_packages(facts: ImportFacts) -> list[Finding]:
    if facts.exit_code == 0 and facts.last_package == "all":
        return [ok(f"All {len(ENGINES)} packages with engines in them can be loaded")]
    package = facts.last_package.partition(".")[0] or "Python"
    if facts.exit_code is None:
        return [problem(f"{package} does not finish loading", REINSTALL_HINT)]
    if facts.exit_code < 0:
        name = (
            signal.Signals(-facts.exit_code).name
            if -facts.exit_code in set(signal.Signals)
            else str(-facts.exit_code)
        )
        why = ": it was built for another processor" if name == "SIGILL" else ""
        return [problem(f"{package} crashes when it is loaded ({name}{why})", REINSTALL_HINT)]
    return [
        problem(f"{package} cannot be loaded ({facts.last_error or f'exit code {facts.exit_code}'})", REINSTALL_HINT)
    ]


def script_python(text: bytes) -> str:
    """The interpreter that a console script runs, from its first lines; "" when they do not tell.

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
    runs = _script_python(Path(command)) if command else ""
    if not runs:
        return PythonFacts(version, sys.prefix, virtual, command)
    own = os.path.realpath(os.path.dirname(runs)) == os.path.realpath(os.path.dirname(sys.executable))
    return PythonFacts(version, sys.prefix, virtual, command, runs, os.path.exists(runs), own)


def _script_python(command: Path) -> str:
    try:
        with command.open("rb") as script:
            return script_python(script.read(1_000))
    except OSError:
        return ""


def _try_imports() -> ImportFacts:
    # -P: what lies in the current folder is not taken for a package.
    command = [sys.executable, "-P", "-c", _TRY, *ENGINES]
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
