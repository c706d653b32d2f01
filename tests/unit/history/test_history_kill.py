"""``kill -9`` at any moment costs at most the phrase in the air."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from voicemate.history import HistoryReader

KILLS = 20

TALKERS = """
# Forks a talker for every line it reads; each talker tells what it has been promised is kept.
import os, sys
from pathlib import Path
from voicemate.history import HistoryWriter

def tell(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())  # at once, so that no kill leaves half a line

def talk():
    history = HistoryWriter(Path(sys.argv[1]))
    history.start_session("Juniper", {})
    turn = 0
    while True:
        turn += 1
        history.start_turn(turn, f"question {turn}", "en")
        for phrase in range(1, 4):
            history.update_reply(turn, " ".join(f"phrase{n}" for n in range(1, phrase + 1)))
            assert history.flush()
            tell(turn, phrase)
        history.finish_turn(turn, "phrase1 phrase2 phrase3.", False)
        assert history.flush()
        tell(turn, "finished")

while sys.stdin.readline():
    child = os.fork()
    if child == 0:
        talk()
    tell("pid", child)
    os.waitpid(child, 0)
    tell("dead")
"""


class Talkers:
    """Starts talkers in another process, one at a time, and kills each."""

    def __init__(self, process: subprocess.Popen[str]):
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self._order, self._told = process.stdin, process.stdout

    def start_and_kill(self, acknowledgements: int, pause: float) -> list[list[str]]:
        """Kill a talker ``pause`` seconds after so many acknowledgements; returns all that it gave."""
        self._order.write("\n")
        self._order.flush()
        acknowledged: list[list[str]] = []
        pid = 0
        while (line := self._told.readline().split()) != ["dead"]:
            assert line, "the talkers ended too early"
            if line[0] == "pid":
                pid = int(line[1])
            else:
                acknowledged.append(line)
            if pid and len(acknowledged) >= acknowledgements:
                time.sleep(pause)  # to strike anywhere between two acknowledgements
                os.kill(pid, signal.SIGKILL)
                pid = 0
        return acknowledged


@pytest.fixture
def talkers(path: Path) -> Iterator[Talkers]:
    command = [sys.executable, "-c", TALKERS, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield Talkers(process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_every_word_that_was_acknowledged_survives_a_kill_at_any_moment(talkers: Talkers, path: Path):
    moments = random.Random(8)
    sessions = 0
    for _ in range(KILLS):
        acknowledged = talkers.start_and_kill(moments.randrange(12), moments.uniform(0, 0.01))
        with HistoryReader(path) as reader:
            kept = reader.sessions(limit=KILLS)
            last = reader.turns(kept[-1].id) if len(kept) > sessions else []
        assert len(kept) - sessions in ((1,) if acknowledged else (0, 1))
        sessions = len(kept)
        turns = {turn.number: turn for turn in last}
        for number, what in acknowledged:
            turn = turns[int(number)]
            assert turn.said == f"question {number}"
            if what == "finished":
                assert turn.reply == "phrase1 phrase2 phrase3."
                assert turn.ended is not None
            else:
                assert f"phrase{what}" in turn.reply
        if path.exists():
            assert_whole(path)
    assert sessions > KILLS // 2


def assert_whole(path: Path) -> None:
    """The database, and the index against the words it was made from."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
            connection.rollback()
