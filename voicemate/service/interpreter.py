"""The Python that the service runs, and whether it still can.

A virtual environment that has moved, or whose base Python was replaced by a package manager, no longer works. So the
installed ``Interpreter`` is recorded, and ``find_problem`` tries it.
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
"""Isolated from the environment and the current folder; UTF-8 in any locale; unbuffered output."""

_CARRIED = ("VOICEMATE_HOME", "VOICEMATE_MODELS")
"""Variables that set data folders; the service must use the same ones as the person who installs it."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python of the service.

    Attributes:
        python: the virtual environment's executable, not resolved: Python finds the environment by this path.
        version: of Python, as 3.12.
        library: the shared library of Python; empty if it has none.
        environment: variables that set data folders.
        voicemate: the installed version.
    """

    python: str
    version: str
    library: str
    environment: dict[str, str]
    voicemate: str

    def to_json(self) -> bytes:
        """Serialize for the record of an installation."""
        return json.dumps(asdict(self), indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes) -> "Interpreter | None":
        """Parse what ``to_json`` wrote; None if it is damaged."""
        try:
            held = json.loads(data)
            return cls(**{key: held[key] for key in cls.__dataclass_fields__})
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def command(self) -> tuple[str, ...]:
        """The command that runs voicemate, without arguments."""
        return (self.python, *FLAGS)


def this_interpreter(environ: Mapping[str, str] = os.environ) -> Interpreter:
    """Return the running Python."""
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
    """Return the shared library of Python, or "".

    Args:
        variables: ``sysconfig.get_config_vars()``.
        base_prefix: ``sys.base_prefix``; the ``variables`` of relocated Pythons (uv's) name the build machine's.
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
    """Replace Homebrew's ``Cellar`` in ``path`` by its ``opt`` link, which survives patch releases."""
    stable = re.sub(r"/Cellar/([^/]+)/[^/]+/", r"/opt/\1/", path, count=1)
    return stable if stable != path and exists(stable) else path


def require_usable(interpreter: Interpreter, machine: Machine) -> None:
    """Check that the service can run.

    Raises:
        ServiceError: it cannot.
    """
    problem = find_problem(interpreter, machine)
    if problem:
        raise ServiceError(problem, "Set voicemate up again (`make talk` in a checkout), then repeat this from there")


def find_problem(interpreter: Interpreter, machine: Machine) -> str:
    """Return why ``interpreter`` cannot run voicemate, in one sentence; "" if it can."""
    if not os.access(interpreter.python, os.X_OK):
        return f"The virtual environment has moved or is gone: there is no Python at {interpreter.python}"
    # With -I as in the service, or the current folder could hide that voicemate is missing.
    code = "import sys, voicemate; print('%d.%d' % sys.version_info[:2])"
    answer = machine.run(RunCommand((interpreter.python, "-I", "-c", code), read_only=True))
    if answer.code:
        return f"{interpreter.python} cannot run voicemate ({_reason(answer)})"
    version = answer.out.strip()
    if version != interpreter.version:
        return f"{interpreter.python} is Python {version} now and was {interpreter.version} when it was installed"
    return ""


def _reason(answer: CommandResult) -> str:
    # The reason is the last line of a traceback, and the first line of dyld's output.
    lines = answer.err.strip().splitlines() or [f"it ended with {answer.code}"]
    return lines[-1 if lines[0].startswith("Traceback") else 0].strip()
