"""The commands that control a daemon, with a daemon that records them."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.control.recording_target import RecordingTarget, serving
from voicemate import cli
from voicemate.control.server import ControlServer
from voicemate.control.socket_path import socket_path
from voicemate.core.events import Event, PhraseStarted, Transcribed, TurnEnded


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["voicemate", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


class Daemon:
    """A control server in another thread."""

    def __init__(self) -> None:
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._started.wait(20)

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        async with serving(socket_path()) as (self.conversation, self.server):
            self.conversation.reply_ready.set()
            self._started.set()
            await self._stopping.wait()

    conversation: RecordingTarget
    server: ControlServer

    def is_watched(self) -> bool:
        return any(client.event_filter for client in tuple(self.server._clients))

    def emit(self, *events: Event) -> None:
        for event in events:
            self._loop.call_soon_threadsafe(self.conversation.events.emit, event)

    def hang_started(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(20)


@pytest.fixture
def daemon(home: Path) -> Iterator[Daemon]:
    running = Daemon()
    yield running
    running.hang_started()


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("stop",),
        ("listen", "off"),
        ("mute",),
        ("unmute",),
        ("ptt", "toggle"),
        ("interrupt",),
        ("events",),
        ("persona", "use", "ambrose", "--for-now"),
    ],
)
def test_without_a_daemon_the_error_says_how_to_start_it(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *words) == 11
    assert capsys.readouterr().err.startswith("voicemate: voicemate is not running")


def test_each_command_reaches_the_daemon(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (("listen", "off"), ("listen", "on"), ("mute",), ("unmute",), ("ptt", "press"), ("ptt", "release")):
        assert run(monkeypatch, *words) == 0
    assert daemon.conversation.commands == [
        ("listen", False),
        ("listen", True),
        ("mute", True),
        ("mute", False),
        ("press",),
        ("release",),
    ]


def test_wrong_usage_has_exit_code_two(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "listen", "maybe") == 2
    assert run(monkeypatch, "ptt", "hold") == 2
    assert daemon.conversation.commands == []


def test_a_refused_command_is_one_sentence(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "ptt", "toggle") == 12
    assert capsys.readouterr().err == "voicemate: There is no key. Set one.\n"


def test_status_as_a_table_and_as_json(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "status") == 0
    shown = capsys.readouterr().out
    for part in ("listening", "Juniper", "h · t · s", "mic", "480 ms"):
        assert part in shown
    assert run(monkeypatch, "status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["state"] == "listening"


def test_say_and_ask_use_a_running_daemon(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.conversation.events_while_asked = (
        TurnEnded(1, 3, 0, 1, "350 ms of silence"),
        TurnEnded(1, 4, 0, 1, "typed", request_id="any"),
        PhraseStarted(2, 3, "Of another turn. "),
        PhraseStarted(2, 4, "In"),
        PhraseStarted(3, 4, "deed."),
    )
    assert run(monkeypatch, "say", "Good morning.") == 0
    assert run(monkeypatch, "ask", "who are you") == 0
    assert daemon.conversation.commands == [("say", "Good morning."), ("ask", "who are you")]
    assert capsys.readouterr().out == "Indeed.\n"


def test_events_are_printed_one_per_line(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def emit() -> None:
        while not daemon.is_watched():
            time.sleep(0.01)
        daemon.emit(Transcribed(16_000, 1, "a secret", "en", final=True))
        daemon.hang_started()

    thread = threading.Thread(target=emit)
    thread.start()
    assert run(monkeypatch, "events", "--json") == 0
    thread.join()
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"event": "Transcribed", "at": 16_000, "turn": 1, "language": "en", "final": True}
    ]


def test_without_a_daemon_a_persona_is_chosen_for_the_next_start(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "persona", "use", "ambrose") == 0
    assert "Ambrose, from the next start on" in capsys.readouterr().err
    assert (home / "config" / "settings.toml").read_text() == 'persona = "ambrose"\n'
    assert run(monkeypatch, "persona", "use", "ambros") == 4


def test_an_empty_log_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "logs") == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "The log is empty" in shown.err
