"""Which checks there are, and in which order."""

from collections.abc import Callable, Sequence
from importlib import import_module

from pydantic import ValidationError

from voicemate.config import Settings, load
from voicemate.control.client import Client
from voicemate.control.status import Status
from voicemate.doctor.check import Check, Ground
from voicemate.doctor.finding import Finding
from voicemate.errors import SettingsError, VoicemateError


def settings_or_defaults() -> Settings:
    """The person's settings; the defaults where their file cannot be used, which a check tells."""
    try:
        return load()
    except SettingsError:
        return Settings()


def status_now() -> Status | None:
    """The running daemon's status; None where none runs, or none that we understand, which a check tells."""
    try:
        with Client() as client:
            return client.status()
    except (VoicemateError, ValidationError):
        return None


def all_checks(loop: bool) -> list[Check]:
    """Every check; what needs no sound comes first, then the process goes offline, then it listens.

    Args:
        loop: play sounds and listen for them, too.
    """
    return [
        Check("Program", "system", _from("system")),
        Check("Program", "Python", _from("installation", "look_at_python")),
        Check("Program", "packages", _from("installation", "look_at_packages"), 100.0),
        Check("Files", "settings", _from("settings")),
        Check("Files", "character", _from("settings", "look_at_persona")),
        Check("Files", "folders", _from("folders")),
        Check("Files", "disk", _from("disk")),
        Check("Files", "history", _from("past"), 60.0),
        Check("Models", "models", _from("weights"), 600.0),
        Check("Models", "memory", _from("weights", "look_at_memory")),
        Check("Daemon", "socket", _from("running", "look_at_socket")),
        Check("Daemon", "daemon", _from("running", "look_at_daemon")),
        Check("Daemon", "login", _from("login"), 60.0),
        Check("Daemon", "desktop", _from("desktop"), 75.0),
        Check("Sound", "offline", _from("network"), main_thread=True),
        Check("Sound", "voice", _from("voice"), 40.0),
        Check("Sound", "devices", _from("devices", "look_at_devices"), 30.0),
        Check("Sound", "permission", _from("devices", "look_at_permission")),
        Check("Sound", "level", _from("devices", "look_at_level"), 30.0),
        *(_LOOP if loop else (Check("Sound", "echo", _from("loop", "look_at_echo")),)),
        Check("Sound", "gaps", _from("past", "look_at_gaps")),
    ]


def _from(module: str, name: str = "look") -> Callable[[Ground], Sequence[Finding]]:
    """A function of a module of this room, imported when it is called: one that cannot be costs a single check."""

    def look(ground: Ground) -> Sequence[Finding]:
        return getattr(import_module(f"voicemate.doctor.{module}"), name)(ground)

    return look


_LOOP = (
    Check("Sound", "echo", _from("loop", "play_chirps"), 45.0),
    Check("Sound", "sentence", _from("loop", "say_a_sentence"), 150.0),
)
