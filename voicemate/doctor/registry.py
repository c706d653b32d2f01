"""Which checks there are, and in which order."""

from collections.abc import Callable, Sequence
from importlib import import_module

from pydantic import ValidationError

from voicemate.config.schema import Settings, load
from voicemate.control.client import ControlClient
from voicemate.control.status import DaemonStatus
from voicemate.core.errors import SettingsError, VoicemateError
from voicemate.doctor.check import DEFAULT_TIMEOUT_S, Check, CheckContext
from voicemate.doctor.checks.packages import IMPORT_TIMEOUT_S
from voicemate.doctor.finding import Finding

# How long those may take that have much to do or to wait for, in seconds.
HISTORY_TIMEOUT_S = 60.0  # a large database, from its first page to its last
VERIFY_TIMEOUT_S = 1_200.0  # the largest models, if they are read to the last byte
SERVICE_TIMEOUT_S = 100.0  # a service manager that does not answer, asked three times
DESKTOP_TIMEOUT_S = 75.0  # Qt's first start
VOICE_TIMEOUT_S = 60.0  # a speech driver that hangs is ended, and tried again
DEVICES_TIMEOUT_S = 40.0  # PortAudio gives up after 10 s; a Bluetooth headset takes some
CHIRPS_TIMEOUT_S = 60.0
SENTENCE_TIMEOUT_S = 180.0


def load_settings_or_defaults() -> Settings:
    """The person's settings; the defaults where their file cannot be used, which a check tells."""
    try:
        return load()
    except SettingsError:
        return Settings()


def query_status() -> DaemonStatus | None:
    """The running daemon's status; None where none runs, or none that we understand, which a check tells."""
    try:
        with ControlClient() as client:
            return client.status()
    except (VoicemateError, ValidationError):
        return None


def all_checks(loopback: bool) -> list[Check]:
    """Every check; what needs no sound comes first, then the process goes offline, then it listens.

    Args:
        loop: play sounds and listen for them, too.
    """
    return [
        Check("Program", "system", _from("system")),
        Check("Program", "Python", _from("installation", "look_at_python")),
        Check("Program", "packages", _from("installation", "look_at_packages"), IMPORT_TIMEOUT_S + DEFAULT_TIMEOUT_S),
        Check("Files", "settings", _from("settings")),
        Check("Files", "character", _from("settings", "look_at_persona")),
        Check("Files", "folders", _from("folders")),
        Check("Files", "disk", _from("disk")),
        Check("Files", "history", _from("past"), HISTORY_TIMEOUT_S),
        Check("Models", "models", _from("weights"), VERIFY_TIMEOUT_S),
        Check("Models", "memory", _from("weights", "look_at_memory")),
        Check("Daemon", "socket", _from("running", "look_at_socket")),
        Check("Daemon", "daemon", _from("running", "look_at_daemon")),
        Check("Daemon", "hotkey", _from("running", "look_at_hotkey")),
        Check("Daemon", "login", _from("login"), SERVICE_TIMEOUT_S),
        Check("Daemon", "desktop", _from("desktop"), DESKTOP_TIMEOUT_S),
        Check("Sound", "offline", _from("network"), main_thread=True),
        Check("Sound", "voice", _from("voice"), VOICE_TIMEOUT_S),
        Check("Sound", "devices", _from("devices", "look_at_devices"), DEVICES_TIMEOUT_S),
        Check("Sound", "permission", _from("devices", "look_at_permission")),
        Check("Sound", "level", _from("devices", "look_at_level"), DEVICES_TIMEOUT_S),
        *(_LOOP if loopback else (Check("Sound", "echo", _from("loop", "look_at_echo")),)),
        Check("Sound", "gaps", _from("past", "look_at_gaps")),
    ]


def _from(module: str, name: str = "look") -> Callable[[CheckContext], Sequence[Finding]]:
    """A function of a module of this room, imported when it is called: one that cannot be costs a single check."""

    def look(ground: CheckContext) -> Sequence[Finding]:
        return getattr(import_module(f"voicemate.doctor.{module}"), name)(ground)

    return look


_LOOP = (
    Check("Sound", "echo", _from("loop", "play_chirps"), CHIRPS_TIMEOUT_S),
    Check("Sound", "sentence", _from("loop", "say_a_sentence"), SENTENCE_TIMEOUT_S),
)
