"""The settings file and the character it names."""

from collections.abc import Sequence
from pathlib import Path

from voicemate.config import load, settings_file
from voicemate.doctor.check import Ground
from voicemate.doctor.finding import Finding, of_error, ok, problem, warning
from voicemate.errors import PersonaError, SettingsError
from voicemate.personas.library import find, shelf
from voicemate.settings_file import set_keys


def look(ground: Ground) -> Sequence[Finding]:
    path = settings_file()
    try:
        load()
    except SettingsError as error:
        return [problem(error.wrong, f"{error.remedy or 'Correct it'}: `voicemate config edit`", file=str(path))]
    return [judge(path, sorted(set_keys()) if path.exists() else None)]


def judge(path: Path, keys: Sequence[str] | None) -> Finding:
    """A file that can be used; None for ``keys`` when there is none."""
    if keys is None:
        return ok("No settings file: every setting has its default", file=str(path))
    return ok(f"{path} sets {len(keys)} {'key' if len(keys) == 1 else 'keys'}", file=str(path), keys=list(keys))


def look_at_persona(ground: Ground) -> Sequence[Finding]:
    """The chosen character, and those whose files are broken."""
    broken = [
        warning(error.wrong, error.remedy) for error in shelf().broken if ground.settings.persona not in error.wrong
    ]
    try:
        chosen = find(ground.settings.persona)
    except PersonaError as error:
        return [of_error(error), *broken]
    return [ok(f"{chosen.persona.name} ({chosen.source})", file=str(chosen.file)), *broken]
