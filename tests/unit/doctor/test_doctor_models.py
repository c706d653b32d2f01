"""Models that are missing, cut short or too large."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from voicemate.config import EndpointSettings, HearingSettings, Settings
from voicemate.doctor import mending, weights
from voicemate.doctor.check import Ground
from voicemate.doctor.finding import Level, PullModels
from voicemate.doctor.mending import carry_out
from voicemate.doctor.weights import MemoryFacts, judge_memory, judge_reading
from voicemate.errors import DownloadError
from voicemate.models.catalog import load
from voicemate.models.sizes import GB, MB
from voicemate.models.verify import Verdict, Verified


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_MODELS", str(tmp_path))
    return tmp_path


def test_what_is_missing_can_be_fetched() -> None:
    found = weights.look(Ground(Settings(), "linux"))
    assert {one.level for one in found} <= {Level.PROBLEM, Level.WARNING}
    assert found[0].fix == "Run `voicemate models pull whisper-base`"
    assert found[0].mend == PullModels(("whisper-base",))
    assert weights.look_at_memory(Ground(Settings(), "linux")) == [], "of what is missing nothing more is said"


def test_what_was_cut_short_too(models: Path) -> None:
    model = load().find("silero-vad")
    (models / model.file).write_bytes(b"\x08" * 100)
    (found,) = [one for one in weights.look(Ground(Settings(), "linux")) if "silero" in one.told]
    assert "is not whole" in found.told
    assert found.mend == PullModels(("silero-vad",))


def test_a_file_of_one_s_own_cannot_be_fetched() -> None:
    settings = Settings(hearing=HearingSettings(model="/nowhere/mine.bin"))
    found = weights.look(Ground(settings, "linux"))[0]
    assert (found.level, found.mend) == (Level.PROBLEM, None)


def test_the_end_of_turn_model_is_missed_only_where_it_votes() -> None:
    always, never = EndpointSettings(voice="always"), EndpointSettings(voice="never")
    (found,) = [one for one in weights.look(Ground(Settings(endpoint=always), "linux")) if "smart-turn" in one.told]
    assert found.level is Level.WARNING, "a conversation does well without"
    assert not any("smart-turn" in one.told for one in weights.look(Ground(Settings(endpoint=never), "linux")))


def test_reading_to_the_last_byte() -> None:
    model = load().find("silero-vad")
    assert judge_reading([Verified(model, Path("x"), Verdict.OK)])[0].level is Level.OK
    (found,) = judge_reading([Verified(model, Path("x"), Verdict.WRONG_HASH), Verified(model, Path("x"), Verdict.OK)])
    assert "wrong hash" in found.told
    assert found.mend == PullModels(("silero-vad",))


def test_a_thorough_look_reads_what_is_there(models: Path) -> None:
    watched: list[str] = []
    ground = Ground(Settings(), "linux", thorough=True, watch=lambda what: watched.append(what))
    assert not any("last byte" in one.told for one in weights.look(ground)), "there is nothing to read"
    model = load().find("silero-vad")
    (models / model.file).write_bytes(b"\x08" * model.size)
    (found,) = [one for one in weights.look(ground) if "wrong hash" in one.told]
    assert found.mend == PullModels(("silero-vad",))
    assert watched[-1] == "silero-vad: checking 100%"


@pytest.mark.parametrize(
    ("available", "running", "total", "level"),
    [
        (4 * GB, 0, 8 * GB, Level.OK),
        (1 * GB, 0, 8 * GB, Level.WARNING),
        (1 * GB, 3 * GB, 8 * GB, Level.OK),
        (1 * GB, 0, 2 * GB, Level.PROBLEM),
    ],
)
def test_whether_the_models_fit(available: int, running: int, total: int, level: Level) -> None:
    found = judge_memory(MemoryFacts(500 * MB, 2 * GB, available, running, total))
    assert found.level is level
    assert "2.5 GB" in found.told
    assert ("smaller model" in found.fix) == (level is not Level.OK)
    assert ("has 3.0 GB now" in found.told) == bool(running)


class Ended:
    returncode = 0


def test_models_are_fetched_by_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **options: Any) -> Ended:
        ran.append(command)
        assert options["timeout"]
        return Ended()

    monkeypatch.setattr(mending.subprocess, "run", run)
    assert carry_out(PullModels(("silero-vad",)), print) == "fetched silero-vad"
    assert ran[0][-3:] == ["models", "pull", "silero-vad"]
    monkeypatch.setattr(Ended, "returncode", 9)
    with pytest.raises(DownloadError, match="could not be fetched"):
        carry_out(PullModels(("silero-vad",)), print)

    def hang(command: list[str], **options: Any) -> Ended:
        raise subprocess.TimeoutExpired(command, 1)

    monkeypatch.setattr(mending.subprocess, "run", hang)
    with pytest.raises(DownloadError, match="too long"):
        carry_out(PullModels(("silero-vad",)), print)
