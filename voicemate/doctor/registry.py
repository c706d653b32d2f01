"""All checks, in the order in which they run.

Each function imports its check when it is called. So a package that cannot be loaded fails one check only, and
``voicemate doctor`` starts quickly.
"""

from collections.abc import Sequence

from pydantic import ValidationError

from voicemate.config.loader import load
from voicemate.config.schema import Settings
from voicemate.control.client import ControlClient
from voicemate.control.status import DaemonStatus
from voicemate.core.errors import SettingsError, VoicemateError
from voicemate.doctor.check import DEFAULT_TIMEOUT_S, Check, CheckContext
from voicemate.doctor.finding import Finding

# Timeouts of the checks that may take long, in seconds.
PACKAGES_TIMEOUT_S = 90.0 + DEFAULT_TIMEOUT_S  # `packages.IMPORT_TIMEOUT_S` for the imports themselves
HISTORY_TIMEOUT_S = 60.0  # a large database is read completely
VERIFY_TIMEOUT_S = 1_200.0  # the largest models, if they are read completely
SERVICE_TIMEOUT_S = 100.0  # three requests to a service manager that does not answer
DESKTOP_TIMEOUT_S = 75.0  # Qt's first start
VOICE_TIMEOUT_S = 60.0  # a speech driver that hangs is restarted once
DEVICES_TIMEOUT_S = 40.0  # PortAudio gives up after 10 s; a Bluetooth headset needs some
CHIRPS_TIMEOUT_S = 60.0
SENTENCE_TIMEOUT_S = 180.0


def load_settings_or_defaults() -> Settings:
    """Load the settings, or the defaults if the settings file is invalid (a check reports that)."""
    try:
        return load()
    except SettingsError:
        return Settings()


def query_status() -> DaemonStatus | None:
    """Query the daemon's status; None if no daemon of this version answers (a check reports that)."""
    try:
        with ControlClient() as client:
            return client.status()
    except (VoicemateError, ValidationError):
        return None


def all_checks(loopback: bool) -> list[Check]:
    """List every check. First those without sound; then the process goes offline; then it opens the microphone.

    Args:
        loopback: also play test sounds and record them.
    """
    return [
        Check("Program", "system", _check_system_libraries),
        Check("Program", "Python", _check_python),
        Check("Program", "packages", _check_packages, PACKAGES_TIMEOUT_S),
        Check("Files", "settings", _check_settings),
        Check("Files", "character", _check_persona),
        Check("Files", "folders", _check_folders),
        Check("Files", "disk", _check_disks),
        Check("Files", "history", _check_history, HISTORY_TIMEOUT_S),
        Check("Models", "models", _check_models, VERIFY_TIMEOUT_S),
        Check("Models", "memory", _check_memory),
        Check("Daemon", "socket", _check_socket),
        Check("Daemon", "daemon", _check_daemon),
        Check("Daemon", "hotkey", _check_push_to_talk),
        Check("Daemon", "login", _check_login_service, SERVICE_TIMEOUT_S),
        Check("Daemon", "desktop", _check_desktop, DESKTOP_TIMEOUT_S),
        Check("Sound", "offline", _check_offline, main_thread=True),
        Check("Sound", "voice", _check_voice, VOICE_TIMEOUT_S),
        Check("Sound", "devices", _check_devices, DEVICES_TIMEOUT_S),
        Check("Sound", "permission", _check_permission),
        Check("Sound", "level", _check_level, DEVICES_TIMEOUT_S),
        *(_loopback_checks() if loopback else [Check("Sound", "echo", _check_echo)]),
        Check("Sound", "gaps", _check_gaps),
    ]


def _loopback_checks() -> list[Check]:
    return [
        Check("Sound", "echo", _check_chirps, CHIRPS_TIMEOUT_S),
        Check("Sound", "sentence", _check_sentence, SENTENCE_TIMEOUT_S),
    ]


def _check_system_libraries(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.system_libraries import check_system_libraries

    return check_system_libraries(context)


def _check_python(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.packages import check_python

    return check_python(context)


def _check_packages(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.packages import check_packages

    return check_packages(context)


def _check_settings(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.settings import check_settings

    return check_settings(context)


def _check_persona(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.settings import check_persona

    return check_persona(context)


def _check_folders(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.folders import check_folders

    return check_folders(context)


def _check_disks(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.folders import check_disks

    return check_disks(context)


def _check_history(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.past_conversations import check_history

    return check_history(context)


def _check_models(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.model_files import check_models

    return check_models(context)


def _check_memory(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.model_files import check_memory

    return check_memory(context)


def _check_socket(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.running_daemon import check_socket

    return check_socket(context)


def _check_daemon(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.running_daemon import check_daemon

    return check_daemon(context)


def _check_push_to_talk(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.running_daemon import check_push_to_talk

    return check_push_to_talk(context)


def _check_login_service(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.login_service import check_login_service

    return check_login_service(context)


def _check_desktop(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.desktop import check_desktop

    return check_desktop(context)


def _check_offline(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.network import check_offline

    return check_offline(context)


def _check_voice(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.voice import check_voice

    return check_voice(context)


def _check_devices(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.devices import check_devices

    return check_devices(context)


def _check_permission(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.devices import check_permission

    return check_permission(context)


def _check_level(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.devices import check_level

    return check_level(context)


def _check_echo(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.loopback.echo_check import check_echo

    return check_echo(context)


def _check_chirps(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.loopback.echo_check import check_chirps

    return check_chirps(context)


def _check_sentence(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.loopback.echo_check import check_sentence

    return check_sentence(context)


def _check_gaps(context: CheckContext) -> Sequence[Finding]:
    from voicemate.doctor.checks.past_conversations import check_gaps

    return check_gaps(context)
