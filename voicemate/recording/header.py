"""What a conversation was held with: settings, persona, models, versions."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from threading import Event
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from voicemate import __version__
from voicemate.config.editor import find_setting
from voicemate.config.schema import Settings
from voicemate.config.validation import describe_first_error
from voicemate.core.errors import RecordingError, SettingsError
from voicemate.models.storage import sha256
from voicemate.personas.persona import Persona

REPLAYABLE_SETTINGS = (
    "turns.",
    "vad.",
    "barge_in.min_interruption_ms",
    "barge_in.false_cut_in_ms",
    "push_to_talk.tail_ms",
)
"""How the settings of the ears and of the floor begin."""


class RecordedModelFile(BaseModel):
    """A model file. ``sha256`` is empty where the conversation was over before it was known."""

    model_config = ConfigDict(frozen=True)

    file: str
    bytes: int
    sha256: str = ""


class RecordingHeader(BaseModel):
    """The first record.

    Attributes:
        version: of this program.
        created_at: wall time, UTC.
        settings: all of them, with the seed that was drawn when none was set.
        persona: the whole persona.
        packages: versions of the engines and the other packages that this program needs.
        model_files: the models by what they are for.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    created_at: datetime
    settings: dict[str, Any]
    persona: dict[str, Any]
    packages: dict[str, str]
    model_files: dict[str, RecordedModelFile]

    @classmethod
    def of(cls, settings: Settings, persona: Persona, models: Mapping[str, Path]) -> "RecordingHeader":
        """The header of a conversation that begins now.

        Args:
            models: the files by what they are for; those that are not there are left out.
        """
        there = {role: path for role, path in models.items() if path.is_file()}
        return cls(
            version=__version__,
            created_at=datetime.now(UTC),
            settings=settings.model_dump(mode="json"),
            persona=persona.model_dump(mode="json"),
            packages=_packages(),
            model_files={
                role: RecordedModelFile(file=path.name, bytes=path.stat().st_size) for role, path in there.items()
            },
        )

    def with_settings(self, changes: Mapping[str, Any] | None = None) -> Settings:
        """The settings of the conversation, with ``changes`` by dotted key.

        Raises:
            SettingsError: a change names no setting of the ears or the floor, or a value that it cannot have.
            RecordingError: the recording's own settings are not understood by this version.
        """
        table = _settings(self.settings).model_dump()
        for key, value in (changes or {}).items():
            find_setting(key)
            if not key.startswith(REPLAYABLE_SETTINGS):
                raise SettingsError(
                    f"A replay cannot show what `{key}` would have changed: it decides nothing about the floor",
                    f"Try a setting that begins with {' or '.join(f'`{start}`' for start in REPLAYABLE_SETTINGS)}",
                )
            section: Any = table
            *parents, last = key.split(".")
            for parent in parents:
                section = section[parent]
            section[last] = value
        try:
            return Settings.model_validate(table)
        except ValidationError as error:
            wrong, remedy = describe_first_error(error, Settings, "setting")
            raise SettingsError(wrong[0].upper() + wrong[1:], remedy) from None


def _settings(table: dict[str, Any]) -> Settings:
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        wrong, _ = describe_first_error(error, Settings, "setting")
        raise RecordingError(
            f"The recording is from another version: in its settings {wrong}",
            "Replay it with the version of voicemate that made it",
        ) from None


def _packages() -> dict[str, str]:
    """Installed versions of all packages that this program asks for, engines among them."""
    found: dict[str, str] = {}
    for requirement in _requirements():
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # an extra that is not installed
            continue
    return dict(sorted(found.items()))


def _requirements() -> list[str]:
    try:
        return metadata.requires("voicemate") or []
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return []


def hash_model_files(header: RecordingHeader, models: Mapping[str, Path], stop: Event) -> dict[str, str]:
    """SHA-256 of each model, by what it is for. Reads every byte; for a thread of its own.

    Args:
        stop: once it is set, what is known so far is returned.
    """
    found: dict[str, str] = {}

    def watch(done: int) -> None:
        if stop.is_set():
            raise InterruptedError

    for role in header.model_files:
        try:
            found[role] = sha256(models[role], watch)
        except OSError:  # stopped, or no longer there: the header says its name and size
            continue
    return found
