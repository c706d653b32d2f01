"""Which Python the service runs, and whether it still can.

Paths inside a virtual environment are absolute: when the environment is moved, or the Python below it is replaced by
a package manager, a service goes on naming what is no longer there. So what was installed is written down
(``Interpreter``), and ``problem`` tries it.
"""

import json
import os
import re
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from voicemate import __version__
from voicemate.core.errors import ServiceError
from voicemate.service.effects import CommandResult, Machine, RunCommand

FLAGS = ("-I", "-X", "utf8", "-u", "-m", "voicemate")
"""Isolated from the environment and the current folder, UTF-8 whatever the locale, output at once."""

_CARRIED = ("VOICEMATE_HOME", "VOICEMATE_MODELS")
"""Variables that say where things are kept; the service must look where the person who installs it does."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """What the service runs.

    Args:
        python: the virtual environment's own, not resolved: its place is how Python finds the environment.
        version: of Python, as 3.12.
        library: the shared library of that Python; empty where there is none.
        environment: variables that say where things are kept.
        voicemate: the version that was installed.
    """

    python: str
    version: str
    library: str
    environment: dict[str, str]
    voicemate: str

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes) -> "Interpreter | None":
        """What ``to_json`` wrote; None when it is damaged."""
        try:
            held = json.loads(data)
            return cls(**{key: held[key] for key in cls.__dataclass_fields__})
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def command(self) -> tuple[str, ...]:
        """How it runs voicemate; words of the command line follow."""
        return (self.python, *FLAGS)


def this_interpreter(environ: Mapping[str, str] = os.environ) -> Interpreter:
    """The Python that is running now."""
    return Interpreter(
        python=stable_path(sys.executable),
        version=f"{sys.version_info[0]}.{sys.version_info[1]}",
        library=find_library(sysconfig.get_config_vars(), sys.base_prefix),
        environment={
            name: os.path.abspath(os.path.expanduser(environ[name])) for name in _CARRIED if environ.get(name)
        },
        voicemate=__version__,
    )


def find_library(
    variables: Mapping[str, Any], base_prefix: str, exists: Callable[[str], bool] = os.path.isfile
) -> str:
    """The shared library that holds Python itself; "" for a Python that has none.

    Args:
        variables: as ``sysconfig.get_config_vars()`` gives them.
        base_prefix: ``sys.base_prefix``. Relocated Pythons (uv's) have their build machine's folders in
            ``variables`` and their library here.
    """
    names = [variables.get(key) or "" for key in ("INSTSONAME", "LDLIBRARY")]
    folders = [
        variables.get("PYTHONFRAMEWORKPREFIX") or "",
        variables.get("LIBDIR") or "",
        os.path.join(variables.get("LIBDIR") or "", variables.get("MULTIARCH") or ""),
        os.path.join(base_prefix, "lib"),
        base_prefix,  # of a framework: …/Versions/3.12, which holds the library
    ]
    for folder in filter(None, folders):
        for name in filter(None, names):
            for path in (os.path.join(folder, name), os.path.join(folder, os.path.basename(name))):
                if not name.endswith(".a") and exists(path):
                    return stable_path(path)
    return ""


def stable_path(path: str, exists: Callable[[str], bool] = os.path.exists) -> str:
    """``path`` by Homebrew's ``opt`` link, which stays when a new patch version replaces the one in ``Cellar``."""
    stable = re.sub(r"/Cellar/([^/]+)/[^/]+/", r"/opt/\1/", path, count=1)
    return stable if stable != path and exists(stable) else path


def require_usable(interpreter: Interpreter, machine: Machine) -> None:
    """That the service will be able to run.

    Raises:
        ServiceError: it would not, and why.
    """
    wrong = find_problem(interpreter, machine)
    if wrong:
        raise ServiceError(wrong, "Set voicemate up again (`make talk` in a checkout), then repeat this from there")


def find_problem(interpreter: Interpreter, machine: Machine) -> str:
    """What keeps ``interpreter`` from running voicemate, in one sentence; "" when nothing does."""
    if not os.access(interpreter.python, os.X_OK):
        return f"The virtual environment has moved or is gone: there is no Python at {interpreter.python}"
    # -I as in the service itself, or the folder this is run from would hide what is missing.
    code = "import sys, voicemate; print('%d.%d' % sys.version_info[:2])"
    answer = machine.run(RunCommand((interpreter.python, "-I", "-c", code), read_only=True))
    if answer.code:
        return f"{interpreter.python} cannot run voicemate ({_reason(answer)})"
    version = answer.out.strip()
    if version != interpreter.version:
        return f"{interpreter.python} is Python {version} now and was {interpreter.version} when it was installed"
    return ""


def _reason(answer: CommandResult) -> str:
    # Of a traceback, the last line names the reason; dyld names it in its first.
    lines = answer.err.strip().splitlines() or [f"it ended with {answer.code}"]
    return lines[-1 if lines[0].startswith("Traceback") else 0].strip()
