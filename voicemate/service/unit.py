"""The systemd user unit.

Its sandbox uses only what a user manager can do everywhere (seccomp, no namespaces), and leaves out
``MemoryDenyWriteExecute``: the sound library's callbacks are made at run time (cffi) and need such memory.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from voicemate.service.interpreter import Interpreter
from voicemate.service.outcome import STAY_DOWN
from voicemate.service.systemctl import UNIT


def definition_path(home: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Where systemd looks for the units of an account."""
    config = environ.get("XDG_CONFIG_HOME", "")
    return (Path(config) if os.path.isabs(config) else home / ".config") / "systemd" / "user" / UNIT


def render(interpreter: Interpreter) -> bytes:
    """The unit's text, as systemd.unit(5), systemd.service(5) and systemd.exec(5) have it."""
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
ExecStart={" ".join(quoted(word) for word in (*interpreter.command, "run"))}
{chr(10).join(f"Environment={quoted(f'{name}={value}', command=False)}" for name, value in environment.items())}
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


def quoted(word: str, command: bool = True) -> str:
    """``word`` so that systemd reads exactly it (systemd.syntax(7), "Quoting").

    ``%`` would begin a specifier anywhere, ``$`` a variable on a command line only.
    """
    escaped = "".join(
        f"\\x{ord(letter):02x}" if letter < " " or letter == "\x7f" else f"\\{letter}" if letter in '"\\' else letter
        for letter in word
    ).replace("%", "%%")
    return f'"{escaped.replace("$", "$$") if command else escaped}"'
