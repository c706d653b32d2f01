"""The settings file as it is and as it would be."""

import difflib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voicemate.config import editor


def apply_to_copy(changes: Mapping[str, Any], path: Path) -> tuple[str, str]:
    """The text of ``path`` before and after ``changes`` (dotted keys), with every comment kept; nothing is written.

    Raises:
        SettingsError: the file is no settings file, or a value is not allowed.
    """
    with tempfile.TemporaryDirectory(prefix="voicemate-") as folder:
        trial = Path(folder) / path.name
        if path.exists():
            shutil.copyfile(path, trial)
        before = trial.read_text(encoding="utf-8-sig") if trial.exists() else ""
        for key, value in changes.items():
            editor.set_setting(key, editor.to_toml(value), trial)
        return before, trial.read_text(encoding="utf-8") if trial.exists() else ""


def unified_diff(before: str, after: str, path: Path) -> str:
    """What would change, as ``diff -u`` says it."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{path}", f"{path} (proposed)", n=1, lineterm=""
    )
    return "\n".join(lines)
