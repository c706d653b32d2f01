"""The systemd user unit.

Its sandbox uses only what every user manager can do (seccomp, no namespaces). ``MemoryDenyWriteExecute`` is left
out: the sound library creates its callbacks at run time (cffi).
"""

import os
from collections.abc import Mapping
from pathlib import Path

from voicemate.core.errors import ServiceError
from voicemate.service.failure import STAY_DOWN
from voicemate.service.interpreter import Interpreter
from voicemate.service.systemd.systemctl import UNIT


def definition_path(home: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Return where systemd looks for the unit of an account."""
    config = environ.get("XDG_CONFIG_HOME", "")
    return (Path(config) if os.path.isabs(config) else home / ".config") / "systemd" / "user" / UNIT


def render(interpreter: Interpreter) -> bytes:
    """Return the unit's text; see systemd.unit(5), systemd.service(5) and systemd.exec(5).

    Raises:
        ServiceError: systemd cannot run a program with this path, however it is quoted.
    """
    program, *words = interpreter.command
    if set(program) & set("\"'\\\x7f") or min(program) < " ":
        raise ServiceError(
            f"systemd runs no program whose path has quotes, backslashes or control characters in it: {program!r}",
            "Rename that folder, set voicemate up again in it, and repeat this",
        )
    environment = {"VOICEMATE_SERVICE": "systemd", **interpreter.environment}
    text = f"""\
# Written by `voicemate service install`, which writes it anew: change it with `systemctl --user edit {UNIT}`.
[Unit]
Description=voicemate, a character to talk to
After=pipewire.service pipewire-pulse.service pulseaudio.service
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=exec
ExecStart={quoted(program)} {" ".join(quoted(word, "$") for word in (*words, "run"))}
{chr(10).join(f"Environment={quoted(f'{name}={value}')}" for name, value in environment.items())}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=1
RestartPreventExitStatus={" ".join(map(str, sorted(STAY_DOWN)))}
# Ask the main process to end; it ends its helpers. What is left after that is killed.
KillMode=mixed
TimeoutStopSec=15
UMask=0077
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=default.target
"""
    return text.encode()


def quoted(word: str, doubled: str = "") -> str:
    """Quote ``word`` for systemd (systemd.syntax(7), "Quoting").

    Args:
        word: to quote.
        doubled: ``$`` in an argument, where it begins a variable; nothing in a program's path or in the
            environment. ``%`` begins a specifier everywhere and is always doubled.
    """
    escaped = "".join(
        f"\\x{ord(letter):02x}" if letter < " " or letter == "\x7f" else f"\\{letter}" if letter in '"\\' else letter
        for letter in word
    )
    for letter in "%" + doubled:
        escaped = escaped.replace(letter, 2 * letter)
    return f'"{escaped}"'
