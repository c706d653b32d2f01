"""The settings file, and the persona that it names."""

from collections.abc import Sequence
from pathlib import Path

from voicemate.config.editor import keys_in_file
from voicemate.config.loader import load, settings_file
from voicemate.core.errors import PersonaError, SettingsError
from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, from_error, ok, problem, warning
from voicemate.personas.library import find, load_library


def check_settings(context: CheckContext) -> Sequence[Finding]:
    """Check that the settings file can be loaded."""
    path = settings_file()
    try:
        load()
    except SettingsError as error:
        return [problem(error.message, f"{error.hint or 'Correct it'}: `voicemate config edit`", file=str(path))]
    return [assess_settings(path, sorted(keys_in_file()) if path.exists() else None)]


def assess_settings(path: Path, keys: Sequence[str] | None) -> Finding:
    """Describe a valid settings file; ``keys`` is None if there is no file."""
    if keys is None:
        return ok("No settings file: every setting has its default", file=str(path))
    return ok(f"{path} sets {len(keys)} {'key' if len(keys) == 1 else 'keys'}", file=str(path), keys=list(keys))


def check_persona(context: CheckContext) -> Sequence[Finding]:
    """Check the chosen persona, and list persona files that cannot be used."""
    broken = [
        warning(error.message, error.hint)
        for error in load_library().broken
        if context.settings.persona not in error.message
    ]
    try:
        entry = find(context.settings.persona)
    except PersonaError as error:
        return [from_error(error), *broken]
    return [ok(f"{entry.persona.name} ({entry.source})", file=str(entry.file)), *broken]
