"""A person speaks into a real microphone, and a real loudspeaker answers."""

import asyncio
import signal
from pathlib import Path

import numpy as np
import pytest
import soxr

from tests.support.speech import spoken
from tests.support.voicemate_home import make_home
from voicemate.core.pcm import CLOCK_HZ
from voicemate.history import HistoryReader
from voicemate.stt.whisper import Whisper
from voicemate.testing.pulseaudio_room import RATE, PulseAudioRoom
from voicemate.testing.talk_process import LISTENING, TalkProcess

pytestmark = [pytest.mark.audio_devices, pytest.mark.models]

QUESTION = "Can you tell me a story about the sea?"


def test_a_spoken_question_gets_a_spoken_answer(
    pulse_room: PulseAudioRoom, whisper_base: Path, tmp_path: Path
) -> None:
    question = spoken(QUESTION)
    house = make_home(tmp_path, pulse_room.environment, "[llm]\nseed = 7\n")  # every run draws the same reply
    with TalkProcess(["--stt", "whisper-base", "--persona", "ambrose"], house.environment) as talk:
        talk.wait_until_greeted()
        with pulse_room.recording() as recording:
            pulse_room.say(question)
            talk.wait_until_answered()
        ends_in_order(talk, by=signal.SIGINT, code=130)
    whisper = Whisper(whisper_base, threads=1)
    answer = soxr.resample(recording.speaker, RATE, CLOCK_HZ).astype(np.float32)
    heard = asyncio.run(whisper.transcribe(np.ascontiguousarray(answer[: 25 * CLOCK_HZ]), "en")).text
    whisper.close()
    understood = next(line for line in talk.seen if line.startswith("you"))
    asked = set(_words(QUESTION))
    assert len(asked & set(_words(understood))) >= len(asked) / 2, f"espeak's question came out as {understood!r}"
    assert len(heard.split()) >= 2, f"the loudspeaker said nothing that is words: {heard!r}"

    with HistoryReader(tmp_path / "data" / "history.sqlite3") as history:
        (turn,) = [turn for turn in history.recent() if turn.number == 1]
    printed = [_words(line) for line in talk.seen if line.startswith("Ambrose")]
    assert ["ambrose", *_words(turn.reply)] in printed, "the history holds what was printed as heard"
    said, spoken_words = set(_words(turn.reply)), set(_words(heard))
    assert len(said & spoken_words) >= len(spoken_words) / 4, f"{turn.reply!r} was to be heard, and {heard!r} was"


def test_a_second_talk_says_that_the_first_one_runs(pulse_room: PulseAudioRoom, tmp_path: Path) -> None:
    house = make_home(tmp_path, pulse_room.environment)
    with TalkProcess([], house.environment) as talk:
        talk.wait_for(LISTENING, 60)
        second = house.run("talk", "--no-view", code=8)
        assert str(talk.pid) in second.stderr
        assert len(second.stderr.strip().splitlines()) == 1, second.stderr
        ends_in_order(talk, by=signal.SIGTERM, code=143)


def ends_in_order(talk: TalkProcess, by: signal.Signals, code: int) -> None:
    assert talk.stop(by) == code
    assert not any("Traceback" in line for line in talk.rest())


def _words(text: str) -> list[str]:
    return "".join(letter.lower() if letter.isalpha() else " " for letter in text).split()
