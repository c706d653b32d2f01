"""Models that are missing, truncated or too large."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from voicemate.config.schema import Settings, SttSettings, TurnSettings
from voicemate.core.errors import DownloadError
from voicemate.doctor import fix
from voicemate.doctor.check import CheckContext
from voicemate.doctor.checks import model_files
from voicemate.doctor.checks.model_files import MemoryFacts, assess_memory, assess_verification
from voicemate.doctor.finding import PullModels, Severity
from voicemate.doctor.fix import apply_fix
from voicemate.models.catalog import load_catalog
from voicemate.models.storage import GB, MB
from voicemate.models.verify import VerifiedModel, VerifyResult


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_MODELS", str(tmp_path))
    return tmp_path


def test_a_missing_model_can_be_downloaded() -> None:
    found = model_files.check_models(CheckContext(Settings(), "linux"))
    assert {one.severity for one in found} <= {Severity.PROBLEM, Severity.WARNING}
    assert found[0].hint == "Run `voicemate models pull whisper-base`"
    assert found[0].fix == PullModels(("whisper-base",))
    assert model_files.check_memory(CheckContext(Settings(), "linux")) == [], "a missing model is reported once"


def test_a_truncated_model_can_be_downloaded(models: Path) -> None:
    model = load_catalog().find("silero-vad")
    (models / model.file).write_bytes(b"\x08" * 100)
    (found,) = [one for one in model_files.check_models(CheckContext(Settings(), "linux")) if "silero" in one.message]
    assert "is not whole" in found.message
    assert found.fix == PullModels(("silero-vad",))


def test_a_model_file_of_the_user_cannot_be_downloaded() -> None:
    settings = Settings(stt=SttSettings(model="/nowhere/mine.bin"))
    found = model_files.check_models(CheckContext(settings, "linux"))[0]
    assert (found.severity, found.fix) == (Severity.PROBLEM, None)


def test_the_end_of_turn_model_is_needed_only_if_it_is_used() -> None:
    always, never = TurnSettings(smart_turn="always"), TurnSettings(smart_turn="never")
    (found,) = [
        one
        for one in model_files.check_models(CheckContext(Settings(turns=always), "linux"))
        if "smart-turn" in one.message
    ]
    assert found.severity is Severity.WARNING, "a conversation works without it"
    assert not any(
        "smart-turn" in one.message for one in model_files.check_models(CheckContext(Settings(turns=never), "linux"))
    )


def test_verification_reports_a_wrong_hash() -> None:
    model = load_catalog().find("silero-vad")
    assert assess_verification([VerifiedModel(model, Path("x"), VerifyResult.OK)])[0].severity is Severity.OK
    (found,) = assess_verification(
        [VerifiedModel(model, Path("x"), VerifyResult.WRONG_HASH), VerifiedModel(model, Path("x"), VerifyResult.OK)]
    )
    assert "wrong hash" in found.message
    assert found.fix == PullModels(("silero-vad",))


def test_a_thorough_check_verifies_installed_models(models: Path) -> None:
    progress: list[str] = []
    context = CheckContext(Settings(), "linux", thorough=True, on_progress=lambda message: progress.append(message))
    assert not any("Read completely" in one.message for one in model_files.check_models(context)), (
        "no model is installed"
    )
    model = load_catalog().find("silero-vad")
    (models / model.file).write_bytes(b"\x08" * model.size)
    (found,) = [one for one in model_files.check_models(context) if "wrong hash" in one.message]
    assert found.fix == PullModels(("silero-vad",))
    assert progress[-1] == "silero-vad: checking 100%"


@pytest.mark.parametrize(
    ("available", "running", "total", "severity"),
    [
        (4 * GB, 0, 8 * GB, Severity.OK),
        (1 * GB, 0, 8 * GB, Severity.WARNING),
        (1 * GB, 3 * GB, 8 * GB, Severity.OK),
        (1 * GB, 0, 2 * GB, Severity.PROBLEM),
    ],
)
def test_whether_the_models_fit(available: int, running: int, total: int, severity: Severity) -> None:
    found = assess_memory(MemoryFacts(500 * MB, 2 * GB, available, running, total))
    assert found.severity is severity
    assert "2.5 GB" in found.message
    assert ("smaller model" in found.hint) == (severity is not Severity.OK)
    assert ("uses 3.0 GB now" in found.message) == bool(running)


class Completed:
    returncode = 0


def test_models_are_downloaded_by_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **options: Any) -> Completed:
        ran.append(command)
        assert options["timeout"]
        return Completed()

    monkeypatch.setattr(fix.subprocess, "run", run)
    assert apply_fix(PullModels(("silero-vad",)), print) == "downloaded silero-vad"
    assert ran[0][-3:] == ["models", "pull", "silero-vad"]
    monkeypatch.setattr(Completed, "returncode", 9)
    with pytest.raises(DownloadError, match="could not be downloaded"):
        apply_fix(PullModels(("silero-vad",)), print)

    def hang(command: list[str], **options: Any) -> Completed:
        raise subprocess.TimeoutExpired(command, 1)

    monkeypatch.setattr(fix.subprocess, "run", hang)
    with pytest.raises(DownloadError, match="too long"):
        apply_fix(PullModels(("silero-vad",)), print)
