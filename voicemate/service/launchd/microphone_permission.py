"""The permission for the microphone, which macOS gives to the program that is *responsible* for a process.

A program that opens the microphone without having asked may get zeros for ever and no dialog, so it is asked for in
so many words. Asking counts for the responsible program: from a terminal that is the terminal, so the question only
helps inside Voicemate.app (``app_host.ask``). Elsewhere than on macOS nothing needs to be asked.
"""

import enum
import sys
import threading
from importlib import import_module
from typing import Any

SETTINGS_URL = "x-apple.systempreferences:com.apple.preference.security?Privacy_Microphone"
"""Opens the pane in which the permission is given and taken (`open` it)."""


class MicrophonePermission(enum.Enum):
    """AVAuthorizationStatus, and what there is beside it."""

    NOT_ASKED = 0
    RESTRICTED = 1
    DENIED = 2
    GRANTED = 3
    NOT_NEEDED = -1
    UNKNOWN = -2


def microphone_permission(platform: str | None = None) -> MicrophonePermission:
    """What the responsible program of this process may do now; asks nobody."""
    if (platform or sys.platform) != "darwin":
        return MicrophonePermission.NOT_NEEDED
    framework = _av_foundation()
    if framework is None:
        return MicrophonePermission.UNKNOWN
    status = framework.AVCaptureDevice.authorizationStatusForMediaType_(framework.AVMediaTypeAudio)
    return MicrophonePermission(status) if status in (0, 1, 2, 3) else MicrophonePermission.UNKNOWN


def ask_for_permission(timeout_s: float = 120.0, platform: str | None = None) -> MicrophonePermission:
    """Have macOS ask the person, unless they have answered before; blocks until they answer or time is up.

    Not to be called from the thread that runs the application's event loop.
    """
    before = microphone_permission(platform)
    if before is not MicrophonePermission.NOT_ASKED:
        return before
    framework = _av_foundation()
    assert framework is not None
    answered = threading.Event()

    def answer(granted: bool) -> None:  # called on a queue of the system's
        answered.set()

    framework.AVCaptureDevice.requestAccessForMediaType_completionHandler_(framework.AVMediaTypeAudio, answer)
    answered.wait(timeout_s)
    return microphone_permission(platform)


def _av_foundation() -> Any:
    """pyobjc's AVFoundation, which pyttsx3 brings along on macOS; None where it is not installed."""
    try:
        return import_module("AVFoundation")
    except ImportError:
        return None
