"""The command line as scripts and users see it: exit codes, error messages, JSON."""

import json
import re
from pathlib import Path

import pytest

from voicemate import cli
from voicemate.core import errors
from voicemate.core.errors import VoicemateError
from voicemate.core.events import ReplyEnded, TurnEnded, TurnTimed
from voicemate.history import HistoryWriter
from voicemate.metrics.trace_file import TraceFile


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    monkeypatch.delenv("VOICEMATE_MODELS", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["voicemate", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def talk_once(said: str = "what is your name", reply: str = "I am Juniper.") -> None:
    history = HistoryWriter()
    history.start_session("Juniper", {"hearing": "h", "thinking": "t"})
    history.start_turn(1, said, "en")
    history.finish_turn(1, reply, interrupted=False)
    history.end_session()
    history.close()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("talk", "--persona", "junipr"), 4, "juniper"),
        (("ask", "hello", "--silent", "--llm", "smollm2-135"), 5, "Did you mean smollm2-135m?"),
        (("ask", "hello", "--silent"), 5, "voicemate models pull smollm2-135m"),
        (("transcribe", "nothing.wav"), 5, "voicemate models pull"),
        (("history", "--conversation", "7"), 7, "voicemate history"),
        (("models", "pull", "whisper-bas"), 5, "Did you mean whisper-base?"),
        (("say", "hello", "--persona", "./none.toml"), 4, "none.toml"),
    ],
)
def test_an_error_is_one_sentence_with_a_hint(
    words: tuple[str, ...],
    code: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if words[0] == "talk":
        monkeypatch.setattr("voicemate.audio.devices.portaudio.check_devices", lambda *name_parts: None)
    assert run(monkeypatch, *words) == code
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("voicemate: ")
    assert sentence in error


def test_an_invalid_settings_file_is_reported(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "config").mkdir()
    (home / "config" / "settings.toml").write_text("[turns]\nsilence = 300\n")
    assert run(monkeypatch, "ask", "hello") == 3
    assert "turns.silence_ms" in capsys.readouterr().err


def test_wrong_usage_has_exit_code_two(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "tolk") == 2
    assert run(monkeypatch, "history", "--last", "0") == 2
    assert run(monkeypatch, "forget") == 2
    assert run(monkeypatch, "forget", "--older-than", "soon") == 2


def test_help_lists_every_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--help") == 0
    shown = capsys.readouterr().out
    for command in ("talk", "ask", "say", "demo", "transcribe", "devices", "personas", "models", "history", "forget"):
        assert command in shown


def test_help_lists_every_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--help") == 0
    listed = capsys.readouterr().out.partition("Exit codes:")[2]
    codes = [int(code) for code in re.findall(r"\d+", listed)]
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, VoicemateError)]
    assert codes == sorted({0, 2, 130, 143} | {kind.exit_code for kind in kinds})


@pytest.mark.parametrize("command", ["talk", "ask", "say", "demo", "transcribe", "devices", "personas", "history"])
def test_every_command_has_help(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, command, "--help") == 0
    assert "Usage" in capsys.readouterr().out


def test_personas_and_models_as_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "personas", "--json") == 0
    personas = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"juniper", "xiaolan"} <= {persona["key"] for persona in personas}
    assert run(monkeypatch, "models", "list", "--json") == 0
    models = {model["name"]: model for model in map(json.loads, capsys.readouterr().out.splitlines())}
    assert models["whisper-base"]["state"] == "missing"
    assert models["smollm2-135m"]["licence"] == "Apache-2.0"


def test_a_broken_persona_does_not_hide_the_others(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "config" / "personas").mkdir(parents=True)
    (home / "config" / "personas" / "mine.toml").write_text('nam = "Me"\n')
    assert run(monkeypatch, "personas") == 0
    shown = capsys.readouterr()
    assert "juniper" in shown.out
    assert "`name` is meant" in shown.err


def test_history_is_listed_searched_and_deleted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    talk_once()
    assert run(monkeypatch, "history") == 0
    assert "what is your name" in capsys.readouterr().out
    assert run(monkeypatch, "history", "juniper", "--json") == 0
    (turn,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (turn["said"], turn["reply"]) == ("what is your name", "I am Juniper.")
    assert run(monkeypatch, "forget", "--everything", "--yes") == 0
    capsys.readouterr()
    assert run(monkeypatch, "history") == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "There is no conversation yet" in shown.err


def test_deletion_asks_for_confirmation(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    talk_once()
    monkeypatch.setattr("typer.confirm", lambda text, abort: (_ for _ in ()).throw(KeyboardInterrupt))
    assert run(monkeypatch, "forget", "--everything") == 130
    assert run(monkeypatch, "history") == 0
    assert "what is your name" in capsys.readouterr().out


def test_say_writes_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import soundfile

    spoken = home / "spoken.wav"
    assert run(monkeypatch, "say", "Good morning.", "--to-file", str(spoken)) == 0
    pcm, rate = soundfile.read(spoken)
    assert 0.4 < len(pcm) / rate < 4
    assert abs(pcm).max() > 0.05


def test_the_history_summarizes_speculation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    talk_once()
    assert run(monkeypatch, "history") == 0
    assert "ready" not in capsys.readouterr().err
    trace = TraceFile()
    trace.on_event(TurnEnded(2_000, 1, 0, 1_000, "350 ms of silence"))
    trace.on_event(TurnTimed(3_000, 1, gap=400, endpoint=350, stt=200, llm=90, tts=10, ready=True))
    trace.on_event(ReplyEnded(9_000, 1, "I am Juniper.", interrupted=False))
    trace.close()
    assert run(monkeypatch, "history") == 0
    assert "1 of 1 replies were ready when the turn ended" in capsys.readouterr().err
