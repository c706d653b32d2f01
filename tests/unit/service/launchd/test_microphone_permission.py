"""The microphone permission, with an AVFoundation that answers late, never, or with an unknown status."""

import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from voicemate.service.launchd.microphone_permission import (
    MicrophonePermission,
    ask_for_permission,
    microphone_permission,
)


class AVFoundation:
    """AVFoundation as in pyobjc; ``answer`` is what the person clicks, None for nothing."""

    AVMediaTypeAudio = "soun"

    def __init__(self, status: int, answer: int | None):
        self.status, self.answer, self.asked = status, answer, 0
        self.AVCaptureDevice = SimpleNamespace(
            authorizationStatusForMediaType_=lambda media: self.status,
            requestAccessForMediaType_completionHandler_=self._request,
        )

    def _request(self, media: str, handler: Any) -> None:
        self.asked += 1
        if self.answer is None:
            return

        def click() -> None:
            self.status = self.answer or 0
            handler(self.status == 3)

        threading.Thread(target=click).start()  # as the system does, on a queue of its own


def installed(monkeypatch: pytest.MonkeyPatch, status: int, answer: int | None = None) -> AVFoundation:
    framework = AVFoundation(status, answer)
    monkeypatch.setitem(sys.modules, "AVFoundation", framework)  # type: ignore[arg-type]
    return framework


@pytest.mark.parametrize(("clicks", "given"), [(3, MicrophonePermission.GRANTED), (2, MicrophonePermission.DENIED)])
def test_asking_waits_for_the_answer(
    clicks: int, given: MicrophonePermission, monkeypatch: pytest.MonkeyPatch
) -> None:
    framework = installed(monkeypatch, 0, clicks)
    assert ask_for_permission(60, "darwin") is given
    assert ask_for_permission(60, "darwin") is given
    assert framework.asked == 1


def test_asking_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, 0)
    assert ask_for_permission(0.01, "darwin") is MicrophonePermission.NOT_ASKED


@pytest.mark.parametrize("status", [1, 2, 3])
def test_an_earlier_answer_is_returned_without_asking(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    framework = installed(monkeypatch, status)
    assert ask_for_permission(60, "darwin") is MicrophonePermission(status)
    assert framework.asked == 0


def test_an_unknown_status_and_a_missing_framework_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, 9)
    assert ask_for_permission(60, "darwin") is MicrophonePermission.UNKNOWN
    monkeypatch.setitem(sys.modules, "AVFoundation", None)
    assert microphone_permission("darwin") is MicrophonePermission.UNKNOWN


def test_other_systems_need_no_permission() -> None:
    assert ask_for_permission(60, "linux") is MicrophonePermission.NOT_NEEDED
