"""The first start: the starter model proves the loop and is no companion, so a better one is offered, once."""

import json
import subprocess
import sys
from typing import Any

import typer

from voicemate.cli.render.output import print_note, stderr_console
from voicemate.config.editor import set_setting
from voicemate.config.schema import Settings
from voicemate.core.errors import SettingsError
from voicemate.core.paths import make_private_folder, state_folder
from voicemate.models.storage import as_size


def offer_better_model(settings: Settings) -> Settings:
    """Offer to fetch a better thinking model when this is the first start with the starter.

    The network is used only by other processes, and only after this one has asked. Returns the settings to go on
    with.
    """
    starter = Settings().llm.model
    told = make_private_folder(state_folder()) / "better-model-offered"
    if settings.llm.model != starter or told.exists():
        return settings
    told.touch()
    offer = _query_better_model()
    name = offer.get("name")
    if not name:
        return settings
    if not offer.get("reachable") or not (sys.stdin.isatty() and stderr_console().is_terminal):
        print_note(f"The starter model is small. For a better companion, later: voicemate models pull {name}")
        return settings
    size = as_size(offer["size"])
    if not typer.confirm(f"The starter model is small. Fetch {name} ({size}), which suits this machine?", err=True):
        return settings
    if subprocess.run([sys.executable, "-m", "voicemate", "models", "pull", name], check=False).returncode:
        return settings
    try:
        set_setting("llm.model", name)
    except SettingsError as error:  # the model is there all the same
        print_note(f"{error} To keep {name}: voicemate config set llm.model {name}")
    return settings.model_copy(update={"llm": settings.llm.model_copy(update={"model": name})})


def _query_better_model() -> dict[str, Any]:
    command = [sys.executable, "-m", "voicemate", "models", "better", "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    try:
        return json.loads(answer.stdout)
    except ValueError:
        return {}
