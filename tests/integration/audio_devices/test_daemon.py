"""The daemon as a process of its own, on a real microphone and loudspeaker, steered by its real commands."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.voicemate_home import VoicemateHome, make_home
from voicemate.history import HistoryReader
from voicemate.testing.pulseaudio_room import PulseAudioRoom

pytestmark = [pytest.mark.audio_devices, pytest.mark.models]


@pytest.fixture
def house(pulse_room: PulseAudioRoom, tmp_path: Path) -> Iterator[VoicemateHome]:
    house = make_home(tmp_path, pulse_room.environment)
    yield house
    house.stop_daemon()


def process_of(house: VoicemateHome) -> psutil.Process:
    return psutil.Process(house.status()["pid"])


def test_it_is_started_speaks_and_is_ended(house: VoicemateHome, pulse_room: PulseAudioRoom, tmp_path: Path) -> None:
    assert "voicemate is listening" in house.run("start").stderr
    status = house.status()
    assert (status["problems"], status["character"]) == ([], "Pip")
    assert all(status["offline"].values())
    with pulse_room.recording() as recording:
        house.run("say", "Good morning to everyone.")
    assert abs(recording.speaker).max() > 0.02

    process = process_of(house)
    house.run("stop")
    assert not process.is_running()
    house.run("status", code=11)
    assert not (tmp_path / "run" / "control.sock").exists()
    log = (tmp_path / "state" / "log" / "voicemate.log").read_text()
    assert "ReplyEnded" in log
    assert "Good morning" not in log
    assert "left behind" not in log, "everything ended in order"


def test_it_rises_again_after_a_crash(house: VoicemateHome, tmp_path: Path) -> None:
    house.run("start")
    assert house.run("ask", "What is your name?").stdout.strip()
    process = process_of(house)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=20)
    assert (tmp_path / "run" / "control.sock").exists(), "a crash leaves its socket behind"
    house.run("status", code=11)
    house.run("start")
    assert house.status()["problems"] == []
    with HistoryReader(tmp_path / "data" / "history.sqlite3") as history:
        assert "What is your name?" in [turn.said for turn in history.recent()]


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux can the folders be chosen one by one")
def test_a_home_that_cannot_be_written_is_told_and_it_speaks_all_the_same(
    pulse_room: PulseAudioRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "nowhere"
    nowhere.write_text("a file where folders belong")
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    folders = {f"XDG_{name}_HOME": str(nowhere) for name in ("CONFIG", "DATA", "STATE")}
    monkeypatch.delenv("VOICEMATE_HOME", raising=False)
    house = VoicemateHome({**pulse_room.environment, **folders, "XDG_RUNTIME_DIR": str(runtime)})
    try:
        house.run("start")
        house.run("say", "I am still here.")
        assert {"log", "history"} <= {problem["component"] for problem in house.status()["problems"]}
        assert "cannot be written" in house.run("config", "set", "turns.silence_ms", "500", code=3).stderr
    finally:
        house.stop_daemon()


def test_a_start_that_fails_says_why(pulse_room: PulseAudioRoom, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where a folder belongs")
    house = VoicemateHome({**pulse_room.environment, "VOICEMATE_HOME": str(tmp_path)})
    assert "lock" in house.run("start", code=1).stderr


def test_without_a_model_it_stays_and_says_what_to_do(pulse_room: PulseAudioRoom, tmp_path: Path) -> None:
    house = VoicemateHome(
        {**pulse_room.environment, "VOICEMATE_HOME": str(tmp_path), "VOICEMATE_MODELS": str(tmp_path)}
    )
    try:
        assert "models pull" in house.run("start", code=12).stderr
        assert house.status()["state"] == "unavailable"
    finally:
        house.stop_daemon()
