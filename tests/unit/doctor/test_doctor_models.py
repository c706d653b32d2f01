"""Models that are missing, cut short or too large."""

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
from voicemate.models.sizes import GB, MB
from voicemate.models.verify import VerifiedModel, VerifyResult


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_MODELS", str(tmp_path))
    return tmp_path


def test_what_is_missing_can_be_fetched() -> None:
    found = model_files.check_models(CheckContext(Settings(), "linux"))
    assert {one.severity for one in found} <= {Severity.PROBLEM, Severity.WARNING}
    assert found[0].hint == "Run `voicemate models pull whisper-base`"
    assert found[0].fix == PullModels(("whisper-base",))
    assert model_files.check_memory(CheckContext(Settings(), "linux")) == [], (
        "of what is missing nothing more is said"
    )


def test_what_was_cut_short_too(models: Path) -> None:
    model = load_catalog().find("silero-vad")
    (models / model.file).write_bytes(b"\x08" * 100)
    (found,) = [one for one in model_files.check_models(CheckContext(Settings(), "linux")) if "silero" in one.message]
    assert "is not whole" in found.message
    assert found.fix == PullModels(("silero-vad",))


def test_a_file_of_one_s_own_cannot_be_fetched() -> None:
    settings = Settings(stt=SttSettings(model="/nowhere/mine.bin"))
    found = model_files.check_models(CheckContext(settings, "linux"))[0]
    assert (found.severity, found.fix) == (Severity.PROBLEM, None)


def test_the_end_of_turn_model_is_missed_only_where_it_votes() -> None:
    always, never = TurnSettings(smart_turn="always"), TurnSettings(smart_turn="never")
    (found,) = [
        one
        for one in model_files.check_models(CheckContext(Settings(turns=always), "linux"))
        if "smart-turn" in one.message
    ]
    assert found.severity is Severity.WARNING, "a conversation does well without"
    assert not any(
        "smart-turn" in one.message for one in model_files.check_models(CheckContext(Settings(turns=never), "linux"))
    )


def test_reading_to_the_last_byte() -> None:
    model = load_catalog().find("silero-vad")
    assert assess_verification([VerifiedModel(model, Path("x"), VerifyResult.OK)])[0].severity is Severity.OK
    (found,) = assess_verification(
        [VerifiedModel(model, Path("x"), VerifyResult.WRONG_HASH), VerifiedModel(model, Path("x"), VerifyResult.OK)]
    )
    assert "wrong hash" in found.message
    assert found.fix == PullModels(("silero-vad",))


def test_a_thorough_look_reads_what_is_there(models: Path) -> None:
    watched: list[str] = []
    ground = CheckContext(Settings(), "linux", thorough=True, on_progress=lambda what: watched.append(what))
    assert not any("last byte" in one.message for one in model_files.check_models(ground)), "there is nothing to read"
    model = load_catalog().find("silero-vad")
    (models / model.file).write_bytes(b"\x08" * model.size)
    (found,) = [one for one in model_files.check_models(ground) if "wrong hash" in one.message]
    assert found.fix == PullModels(("silero-vad",))
    assert watched[-1] == "silero-vad: checking 100%"


@pytest.mark.parametrize(
    ("available", "running", "total", "level"),
    [
        (4 * GB, 0, 8 * GB, Severity.OK),
        (1 * GB, 0, 8 * GB, Severity.WARNING),
        (1 * GB, 3 * GB, 8 * GB, Severity.OK),
        (1 * GB, 0, 2 * GB, Severity.PROBLEM),
    ],
)
def test_whether_the_models_fit(available: int, running: int, total: int, level: Severity) -> None:
    found = assess_memory(MemoryFacts(500 * MB, 2 * GB, available, running, total))
    assert found.severity is level
    assert "2.5 GB" in found.message
    assert ("smaller model" in found.hint) == (level is not Severity.OK)
    assert ("has 3.0 GB now" in found.message) == bool(running)


class Ended:
    returncode = 0


def test_models_are_fetched_by_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **options: Any) -> Ended:
        ran.append(command)
        assert options["timeout"]
        return Ended()

    monkeypatch.setattr(fix.subprocess, "run", run)
    assert apply_fix(PullModels(("silero-vad",)), print) == "fetched silero-vad"
    assert ran[0][-3:] == ["models", "pull", "silero-vad"]
    monkeypatch.setattr(Ended, "returncode", 9)
    with pytest.raises(DownloadError, match="could not be fetched"):
        apply_fix(PullModels(("silero-vad",)), print)

    def hang(command: list[str], **options: Any) -> Ended:
        raise subprocess.TimeoutExpired(command, 1)

    monkeypatch.setattr(fix.subprocess, "run", hang)
    with pytest.raises(DownloadError, match="too long"):
        apply_fix(PullModels(("silero-vad",)), print)
