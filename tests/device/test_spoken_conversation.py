"""A person speaks into a real microphone, and a real loudspeaker answers."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soxr

from tests.pulse import RATE, PulseRoom
from tests.talk_process import Talk
from voicemate.config import Settings, SpeakingSettings
from voicemate.conversation.history import HistoryReader
from voicemate.errands import rendered
from voicemate.hearing.whisper import Whisper
from voicemate.personas.persona import Persona, Voice
from voicemate.sound import CLOCK_HZ, Pcm

pytestmark = [pytest.mark.device, pytest.mark.real]

QUESTION = "Can you tell me a story about the sea?"


@pytest.fixture(scope="module")
def question() -> Pcm:
    """A spoken question at the room's rate."""
    asker = Persona(name="Asker", description="Asks.", voice=Voice(language="en", rate=150))
    sounds = asyncio.run(rendered(Settings(speaking=SpeakingSettings()), QUESTION, asker))
    pcm = np.concatenate([sound.pcm for sound in sounds])
    return soxr.resample(pcm, sounds[0].rate, RATE).astype(np.float32)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder of its own, in which every run draws the same replies."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.toml").write_text("[thinking]\nseed = 7\n")
    return tmp_path


@pytest.fixture
def talk_in(pulse_room: PulseRoom, home: Path) -> Iterator[Talk]:
    options = ("--stt", "whisper-base", "--persona", "ambrose")
    with Talk(options, {**pulse_room.environment, "VOICEMATE_HOME": str(home), **models()}) as talk:
        talk.wait_until_greeted()
        yield talk


def models() -> dict[str, str]:
    from voicemate.places import models_folder

    return {"VOICEMATE_MODELS": str(models_folder())}


def test_a_spoken_question_gets_a_spoken_answer(
    pulse_room: PulseRoom, talk_in: Talk, question: Pcm, whisper_base: Path, home: Path
) -> None:
    with pulse_room.recording() as recording:
        pulse_room.say(question)
        talk_in.wait_until_answered()
    whisper = Whisper(whisper_base, threads=1)
    answer = soxr.resample(recording.loudspeaker, RATE, CLOCK_HZ).astype(np.float32)
    heard = asyncio.run(whisper.transcribe(np.ascontiguousarray(answer[: 25 * CLOCK_HZ]), "en")).text
    whisper.close()
    understood = next(line for line in talk_in.seen if line.startswith("you"))
    asked = set(_words(QUESTION))
    assert len(asked & set(_words(understood))) >= len(asked) / 2, f"espeak's question came out as {understood!r}"
    assert len(heard.split()) >= 2, f"the loudspeaker said nothing that is words: {heard!r}"

    talk_in.stop(signal.SIGINT)
    with HistoryReader(home / "data" / "history.sqlite3") as history:
        (turn,) = [turn for turn in history.recent() if turn.number == 1]
    printed = [_words(line) for line in talk_in.seen if line.startswith("Ambrose")]
    assert ["ambrose", *_words(turn.reply)] in printed, "the history holds what was printed as heard"
    said, spoken = set(_words(turn.reply)), set(_words(heard))
    assert len(said & spoken) >= len(spoken) / 4, f"{turn.reply!r} was to be heard, and {heard!r} was"


@pytest.mark.parametrize(("by", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_in_order(talk_in: Talk, by: signal.Signals, code: int) -> None:
    assert talk_in.stop(by) == code
    assert not any("Traceback" in line for line in talk_in.rest())


def test_a_second_talk_says_that_the_first_one_runs(talk_in: Talk, pulse_room: PulseRoom, home: Path) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "voicemate", "talk", "--no-view"],
        env={**os.environ, **pulse_room.environment, "VOICEMATE_HOME": str(home), **models()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 8
    assert str(talk_in.pid) in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1, second.stderr


def _words(text: str) -> list[str]:
    return "".join(letter.lower() if letter.isalpha() else " " for letter in text).split()
