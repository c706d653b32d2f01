"""The header of a recording: settings, persona, models and versions."""

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
"""Prefixes of the settings of the segmenter and of the floor."""

VAD_ROLE = "voice activity"
"""Silero's role among the model files."""


class RecordedModelFile(BaseModel):
    """A model file. ``sha256`` is empty when the conversation ended before it was known."""

    model_config = ConfigDict(frozen=True)

    file: str
    bytes: int
    sha256: str = ""


class RecordingHeader(BaseModel):
    """The first record.

    Attributes:
        version: of this program.
        created_at: wall time, UTC.
        settings: all settings, including the seed that was drawn if none was set.
        persona: the whole persona.
        packages: versions of the packages that this program requires.
        model_files: the models by role.
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
        """Return the header of a conversation that begins now.

        Args:
            settings: all settings.
            persona: the whole persona.
            models: the files by role; missing ones are left out.
        """
        present = {role: path for role, path in models.items() if path.is_file()}
        return cls(
            version=__version__,
            created_at=datetime.now(UTC),
            settings=settings.model_dump(mode="json"),
            persona=persona.model_dump(mode="json"),
            packages=_packages(),
            model_files={
                role: RecordedModelFile(file=path.name, bytes=path.stat().st_size) for role, path in present.items()
            },
        )

    def with_settings(self, changes: Mapping[str, Any] | None = None) -> Settings:
        """Return the settings of the conversation with ``changes``, by dotted key.

        Raises:
            SettingsError: a change is not of a setting of the segmenter or the floor, or its value is not allowed.
            RecordingError: this version does not understand the recording's own settings.
        """
        table = _settings(self.settings).model_dump()
        for key, value in (changes or {}).items():
            find_setting(key)
            if not key.startswith(REPLAYABLE_SETTINGS):
                raise SettingsError(
                    f"A replay cannot show the effect of `{key}`: it does not affect the floor's decisions",
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
            message, hint = describe_first_error(error, Settings, "setting")
            raise SettingsError(message[0].upper() + message[1:], hint) from None


def _settings(table: dict[str, Any]) -> Settings:
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        message, _ = describe_first_error(error, Settings, "setting")
        raise RecordingError(
            f"The recording is from another version: in its settings {message}",
            "Replay it with the version of voicemate that made it",
        ) from None


def _packages() -> dict[str, str]:
    """Return the installed versions of all packages that this program requires."""
    found: dict[str, str] = {}
    try:
        requirements = metadata.requires("voicemate") or []
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        requirements = []
    for requirement in requirements:
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # an extra that is not installed
            continue
    return dict(sorted(found.items()))


def hash_model_files(header: RecordingHeader, models: Mapping[str, Path], stop: Event) -> dict[str, str]:
    """Return the SHA-256 of each model by role. Reads every byte; for a thread of its own.

    Args:
        header: names the roles.
        models: the files by role.
        stop: once it is set, return what is known so far.
    """
    found: dict[str, str] = {}

    def check_stop(done: int) -> None:
        if stop.is_set():
            raise InterruptedError

    for role in header.model_files:
        try:
            found[role] = sha256(models[role], check_stop)
        except OSError:  # stopped, or the file is gone: the header has its name and size
            continue
    return found
