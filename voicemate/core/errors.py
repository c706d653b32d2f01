"""What can go wrong, in words a person can act on.

Every error that reaches a person says two things: what is wrong, and what to do about it. A command that
ends on one exits with the code of its class, so that a script can tell them apart.
"""


class VoicemateError(Exception):
    """A failure with a way out.

    Args:
        message: one sentence, what is wrong (no full stop needed).
        hint: one sentence, what to do about it; may be empty when there is nothing to do.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message, hint)
        self.message = message.rstrip(".")
        self.hint = hint.rstrip(".")

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}." if self.hint else f"{self.message}."


class SettingsError(VoicemateError):
    """A setting, or the settings file, cannot be used."""

    exit_code = 3


class PersonaError(VoicemateError):
    """A persona file is missing, or holds something it may not."""

    exit_code = 4


class ModelError(VoicemateError):
    """A model is missing, truncated, of the wrong hash, or not what its name says."""

    exit_code = 5


class AudioError(VoicemateError):
    """A microphone or loudspeaker is missing, refused, silent or gone; or a sound file cannot be read."""

    exit_code = 6


class HistoryError(VoicemateError):
    """The history file is locked by another program or damaged."""

    exit_code = 7


class AlreadyRunningError(VoicemateError):
    """Another conversation holds the microphone on this account."""

    exit_code = 8


class DownloadError(VoicemateError):
    """A download failed: no network, no such file, or no room on the disk."""

    exit_code = 9


class SpeechError(VoicemateError):
    """No synthesizer can speak: the engine or the voice is missing, or it hung twice."""

    exit_code = 10


class NotRunningError(VoicemateError):
    """There is no daemon to talk to."""

    exit_code = 11


class ControlError(VoicemateError):
    """The daemon refused a command, did not answer, or its socket cannot be used.

    Args:
        code: why, for programs: one of ``control.protocol.Code``.
    """

    exit_code = 12

    def __init__(self, message: str, hint: str = "", code: str = "failed"):
        super().__init__(message, hint)
        self.code = code


class RecordingError(VoicemateError):
    """A recording of a conversation cannot be made, read or used."""

    exit_code = 14


class ServiceError(VoicemateError):
    """launchd or systemd, or what they need on this machine, keeps the service from being installed or started."""

    exit_code = 15


class HotkeyError(VoicemateError):
    """The push-to-talk key cannot be watched: it is taken, there is no display, or what is needed is missing.

    Args:
        transient: trying again later may help.
    """

    exit_code = 17

    def __init__(self, message: str, hint: str = "", transient: bool = False):
        super().__init__(message, hint)
        self.transient = transient


class NoHotkeyError(HotkeyError):
    """No key can be watched here at all: there is no display, or the session or the system has no way to."""

    exit_code = 19


class MenuError(VoicemateError):
    """There is no screen, or no place for an icon on it, or what draws the menu is not installed."""

    exit_code = 18


def first_error(group: BaseExceptionGroup[VoicemateError]) -> VoicemateError:
    """The first error in ``group``, at whatever depth: what went wrong first is what a person needs to know."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, VoicemateError)
    return error
