"""The microphone permission, which macOS grants to the program that is *responsible* for a process.

A program that opens the microphone without asking may receive zeros for ever and no dialog, so it asks explicitly.
In a terminal the terminal is responsible, so asking helps only inside Voicemate.app
(``AppHost.ask_for_microphone``). Other systems need no permission.
"""

import enum
import sys
import threading
from importlib import import_module
from typing import Any

SETTINGS_URL = "x-apple.systempreferences:com.apple.preference.security?Privacy_Microphone"
"""Opens the settings of the permission (with ``open``)."""


class MicrophonePermission(enum.Enum):
    """AVAuthorizationStatus, and two values of our own."""

    NOT_ASKED = 0
    RESTRICTED = 1
    DENIED = 2
    GRANTED = 3
    NOT_NEEDED = -1
    UNKNOWN = -2


def microphone_permission(platform: str | None = None) -> MicrophonePermission:
    """Return the permission of this process's responsible program, without a prompt."""
    if (platform or sys.platform) != "darwin":
        return MicrophonePermission.NOT_NEEDED
    framework = _av_foundation()
    if framework is None:
        return MicrophonePermission.UNKNOWN
    status = framework.AVCaptureDevice.authorizationStatusForMediaType_(framework.AVMediaTypeAudio)
    return MicrophonePermission(status) if status in (0, 1, 2, 3) else MicrophonePermission.UNKNOWN


def ask_for_permission(timeout_s: float = 120.0, platform: str | None = None) -> MicrophonePermission:
    """Have macOS ask the person, unless they have answered before; block until they answer or ``timeout_s``.

    Do not call it from the thread that runs the application's event loop.
    """
    before = microphone_permission(platform)
    if before is not MicrophonePermission.NOT_ASKED:
        return before
    framework = _av_foundation()
    assert framework is not None
    answered = threading.Event()

    def answer(granted: bool) -> None:  # on a dispatch queue of the system
        answered.set()

    framework.AVCaptureDevice.requestAccessForMediaType_completionHandler_(framework.AVMediaTypeAudio, answer)
    answered.wait(timeout_s)
    return microphone_permission(platform)


def _av_foundation() -> Any:
    """Import AVFoundation of pyobjc, which pyttsx3 requires on macOS; None if it is not installed."""
    try:
        return import_module("AVFoundation")
    except ImportError:
        return None
