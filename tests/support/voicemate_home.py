"""A home for a voicemate of the test's own, with a character in it, and commands that run there."""

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
"""Looked up before any test moves this process's own home."""


class VoicemateHome:
    """``voicemate`` commands with this environment on top of the process's own, and the models that there are.

    Attributes:
        environment: all of it.
    """

    def __init__(self, environment: Mapping[str, str]):
        self.environment = {**os.environ, "VOICEMATE_MODELS": MODELS, **environment}

    def run(self, *words: str, code: int | None = 0) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end.

        Args:
            code: the exit code that it has to have; None for any.
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
        """End its daemon, if there is one."""
        self.run("stop", code=None)


def make_home(home: Path, environment: Mapping[str, str], settings: str = "", greeting: str = "") -> VoicemateHome:
    """A house in an empty folder, with Pip in it: a busy machine has soon read that card, and Pip is soon done.

    Args:
        environment: the sound server's, and the screen's.
        settings: sections of the settings file.
        greeting: what Pip says before anybody asks.
    """
    personas = home / "config" / "personas"
    personas.mkdir(parents=True)
    card = {"name": "Pip", "description": "Pip answers in three words.", "greeting": greeting}
    lines = [f"{key} = {json.dumps(value)}" for key, value in card.items()]
    (personas / "pip.toml").write_text("\n".join([*lines, "[sampling]", "max_tokens = 16", ""]))
    write_settings(home, settings)
    return VoicemateHome({**environment, "VOICEMATE_HOME": str(home)})


def write_settings(home: Path, settings: str) -> None:
    """Have these sections in the settings file, and none else but for Pip, who has the quickest ears."""
    ours = 'persona = "pip"\n[stt]\nmodel = "whisper-tiny.en"\n'
    (home / "config" / "settings.toml").write_text(ours + settings)
