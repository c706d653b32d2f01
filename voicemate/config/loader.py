"""Loads the settings file and checks it against the schema.

The file is ``config_folder()/settings.toml`` and may be absent: every key has a default that works.
"""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from voicemate.config.schema import Settings
from voicemate.config.toml_lines import line_of
from voicemate.config.validation import describe_first_error
from voicemate.core.errors import SettingsError
from voicemate.core.paths import config_folder

OLD_TABLES = frozenset({"hearing", "thinking", "speaking", "endpoint", "hotkey", "pause"})
"""Tables of the settings file before they got the names that they have now."""


class OldSettingsError(SettingsError):
    """The settings file uses the names of an earlier version."""


def settings_file() -> Path:
    return config_folder() / "settings.toml"


def load(overrides: dict[str, Any] | None = None, path: Path | None = None) -> Settings:
    """Settings from ``path`` (default: the person's own file, if there is one) and ``overrides``.

    Args:
        overrides: dotted keys to values, such as ``{"stt.model": "whisper-tiny.en"}``; None values are skipped.

    Raises:
        OldSettingsError: the file uses the names of an earlier version.
        SettingsError: the file is not TOML, or a key or value is not allowed.
    """
    chosen = path or settings_file()
    text = _read(chosen) if path or chosen.is_file() else ""
    table = _parsed(text, chosen)
    _check_names(table, chosen)
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    for key, value in given.items():
        _put(table, key.split("."), value)
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        wrong, remedy = describe_first_error(error, Settings, "setting")
        place = error.errors()[0]["loc"]
        if ".".join(str(part) for part in place) in given:
            raise SettingsError(wrong[0].upper() + wrong[1:], remedy) from None
        line = line_of(text, place)
        raise SettingsError(f"In {chosen}{f', line {line},' if line else ''} {wrong}", remedy) from None


def _check_names(table: dict[str, Any], path: Path) -> None:
    if OLD_TABLES & table.keys():
        raise OldSettingsError(
            f"The settings file {path} uses the names of an earlier version",
            "`voicemate config init --force` writes the new ones, and keeps the old file beside it",
        )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} cannot be read: {error.strerror}", "Correct its name, or make it yours to read"
        ) from None
    except UnicodeDecodeError as error:
        raise _not_toml(path, error) from None


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _not_toml(path, error) from None


def _not_toml(path: Path, why: Exception) -> SettingsError:
    return SettingsError(f"The settings file {path} is not TOML: {why}", "Correct that place")


def _put(table: dict[str, Any], keys: list[str], value: Any) -> None:
    """Set ``table[keys[0]][keys[1]]…``; what the file has instead of a table is left for the validation to tell."""
    *parents, last = keys
    for key in parents:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            return
    table[last] = value
