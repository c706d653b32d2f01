"""A home folder with a character, and voicemate commands that use it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voicemate.core.paths import models_folder

PATIENCE_S = 200

MODELS = str(models_folder())
"""Read before any test changes this process's own home."""


class VoicemateHome:
    """Runs ``voicemate`` commands with this environment in addition to the process's own, and the installed models.

    Attributes:
        environment: the whole environment.
    """

    def __init__(self, environment: Mapping[str, str]):
        self.environment = {**os.environ, "VOICEMATE_MODELS": MODELS, **environment}

    def run(self, *words: str, code: int | None = 0) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end.

        Args:
            words: the arguments.
            code: the expected exit code; None for any.
        """
        done = subprocess.run(
            [sys.executable, "-m", "voicemate", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert code in (None, done.returncode), f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def status(self) -> dict[str, Any]:
        return json.loads(self.run("status", "--json").stdout)

    def stop_daemon(self) -> None:
        """Stop its daemon, if one runs."""
        self.run("stop", code=None)


def make_home(home: Path, environment: Mapping[str, str], settings: str = "", greeting: str = "") -> VoicemateHome:
    """Make a home with the character Pip, whose card and replies are short for a busy machine.

    Args:
        home: an empty folder.
        environment: the sound server's, and the screen's.
        settings: sections of the settings file.
        greeting: Pip's greeting.
    """
    personas = home / "config" / "personas"
    personas.mkdir(parents=True)
    card = {"name": "Pip", "description": "Pip answers in three words.", "greeting": greeting}
    lines = [f"{key} = {json.dumps(value)}" for key, value in card.items()]
    (personas / "pip.toml").write_text("\n".join([*lines, "[sampling]", "max_tokens = 16", ""]))
    write_settings(home, settings)
    return VoicemateHome({**environment, "VOICEMATE_HOME": str(home)})


def write_settings(home: Path, settings: str) -> None:
    """Write the settings file with these sections, Pip, and the fastest speech recognition model."""
    ours = 'persona = "pip"\n[stt]\nmodel = "whisper-tiny.en"\n'
    (home / "config" / "settings.toml").write_text(ours + settings)
