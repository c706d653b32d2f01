"""The settings file and the character it names."""

from collections.abc import Sequence
from pathlib import Path

from voicemate.config.editor import keys_in_file
from voicemate.config.schema import load, settings_file
from voicemate.core.errors import PersonaError, SettingsError
from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, from_error, ok, problem, warning
from voicemate.personas.library import find, load_library


def check_settings(ground: CheckContext) -> Sequence[Finding]:
    path = settings_file()
    try:
        load()
    except SettingsError as error:
        return [problem(error.message, f"{error.hint or 'Correct it'}: `voicemate config edit`", file=str(path))]
    return [assess_settings(path, sorted(keys_in_file()) if path.exists() else None)]


def assess_settings(path: Path, keys: Sequence[str] | None) -> Finding:
    """A file that can be used; None for ``keys`` when there is none."""
    if keys is None:
        return ok("No settings file: every setting has its default", file=str(path))
    return ok(f"{path} sets {len(keys)} {'key' if len(keys) == 1 else 'keys'}", file=str(path), keys=list(keys))


def check_persona(ground: CheckContext) -> Sequence[Finding]:
    """The chosen character, and those whose files are broken."""
    broken = [
        warning(error.message, error.hint)
        for error in load_library().broken
        if ground.settings.persona not in error.message
    ]
    try:
        chosen = find(ground.settings.persona)
    except PersonaError as error:
        return [from_error(error), *broken]
    return [ok(f"{chosen.persona.name} ({chosen.source})", file=str(chosen.file)), *broken]
