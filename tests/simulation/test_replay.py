"""A recorded conversation is decided again: the same way, or otherwise with other settings."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.simulation.recorded_conversation import HOUSE, hesitant, record
from tests.simulation.simulated_conversation import Stage
from voicemate.config.schema import TurnSettings
from voicemate.core.errors import SettingsError
from voicemate.core.events import FloorChanged, PhraseStarted, TurnTimed
from voicemate.core.pcm import CLOCK_HZ
from voicemate.recording.format import Ending
from voicemate.recording.journal import Happened, Heard, Step
from voicemate.recording.recording import Recording, read
from voicemate.replay.counterfactual import outcome
from voicemate.replay.recorded_session import RecordedSession
from voicemate.replay.replayer import decide_again
from voicemate.replay.turn_log import pair
from voicemate.testing.scripted_engines import ScriptedMind, ScriptedTranscriber, voice
from voicemate.turns.messages import CommitTurn, DiscardGeneration

SETTINGS = TurnSettings(shortest_ms=480, longest_ms=480)
LONG = ScriptedMind(default="Yes. That is a long story and it takes a while to tell.")


@pytest.fixture(scope="module")
def hesitation(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path = tmp_path_factory.mktemp("tape") / "hesitant"
    record(Stage(mind=LONG, endpoint=SETTINGS), path, hesitant)
    return read(path)


def test_a_recorded_conversation_is_decided_the_same_way_again(hesitation: Recording) -> None:
    verdict = decide_again(hesitation, HOUSE)
    assert verdict.difference is None
    assert verdict.blocks > 300
    assert verdict.acts > 20


def test_a_broken_off_recording_is_decided_the_same_way_as_far_as_it_goes(
    hesitation: Recording, tmp_path: Path
) -> None:
    path = tmp_path / "cut"
    whole = hesitation.path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    half = read(path)
    verdict = decide_again(half, HOUSE)
    assert half.ending is Ending.BROKEN_OFF
    assert verdict.difference is None
    assert 50 < verdict.blocks < len([entry for entry in hesitation.journal if isinstance(entry, Heard)])


def test_the_first_different_decision_of_the_floor_is_named(hesitation: Recording) -> None:
    commits = [i for i, one in enumerate(hesitation.journal) if isinstance(one, Step) and has(one, CommitTurn)]
    journal = list(hesitation.journal)
    changed = journal[commits[1]]
    assert isinstance(changed, Step)
    journal[commits[1]] = replace(changed, acts=())
    difference = decide_again(replace(hesitation, journal=journal), HOUSE).difference
    assert difference is not None
    assert (difference.at, difference.who, difference.then) == (changed.got.at, "floor", ())
    assert difference.now == changed.acts


def test_ears_that_hear_otherwise_are_named(hesitation: Recording) -> None:
    journal = list(hesitation.journal)
    first = next(i for i, one in enumerate(journal) if isinstance(one, Heard) and one.told)
    heard = journal[first]
    assert isinstance(heard, Heard)
    journal[first] = Heard(heard.at, ())
    difference = decide_again(replace(hesitation, journal=journal), HOUSE).difference
    assert difference is not None
    assert (difference.at, difference.who, difference.now) == (heard.at, "ears", heard.told)


def test_everything_that_happened_is_on_the_recording(tmp_path: Path) -> None:
    stage = Stage(mind=LONG)
    record(stage, tmp_path / "a", hesitant)
    recording = read(tmp_path / "a")
    happened = [entry.event for entry in recording.journal if isinstance(entry, Happened)]
    assert happened == [event for event in stage.events if event in happened]
    assert {FloorChanged, PhraseStarted, TurnTimed} <= {type(event) for event in happened}
    assert recording.header.persona["name"] == stage.persona.name


def test_the_sound_on_both_sides_is_on_the_recording(tmp_path: Path) -> None:
    stage = Stage(mind=LONG)
    record(stage, tmp_path / "a", hesitant)
    recording = read(tmp_path / "a")
    person, character = stage.room.recording().T
    kept = recording.microphone.ended
    assert np.abs(recording.microphone.between(0, kept) / 32768 - person[:kept]).max() < 1e-4
    played = min(recording.loudspeaker.ended, len(character))
    assert played > kept - CLOCK_HZ
    assert np.abs(recording.loudspeaker.between(0, played) / 32768 - character[:played]).max() < 1e-4
    assert character[:played].any()


def test_with_its_own_settings_the_world_repeats_every_turn_exactly(hesitation: Recording) -> None:
    past = RecordedSession(hesitation, HOUSE)
    repeated = outcome(past, HOUSE.floor(past.settings), past.settings)
    assert repeated.turns == past.turns
    assert len(past.turns) >= 4
    assert not repeated.estimated


def test_a_greeting_and_a_typed_turn_are_repeated_too(tmp_path: Path) -> None:
    async def mixed(stage: Stage) -> None:
        stage.session.greet("Hello, I am Echo.")
        assert await stage.room.wait_until_answered()
        stage.session.ask("who are you")
        assert await stage.room.wait_until_answered()
        await stage.room.say(voice(1.0))
        assert await stage.room.wait_until_answered()

    record(Stage(mind=LONG), tmp_path / "a", mixed)
    recording = read(tmp_path / "a")
    assert decide_again(recording, HOUSE).difference is None
    past = RecordedSession(recording, HOUSE)
    assert [turn.typed for turn in past.turns] == [True, False]
    assert outcome(past, HOUSE.floor(past.settings), past.settings).turns == past.turns


def test_a_shorter_silence_shortens_the_gap_and_cuts_in_where_the_person_paused(hesitation: Recording) -> None:
    past = RecordedSession(hesitation, HOUSE)
    settings = hesitation.header.with_settings({"turns.shortest_ms": 250, "turns.longest_ms": 250})
    now = outcome(past, HOUSE.floor(settings), settings)
    then_cut, now_cut = (sum(turn.cut_in(past.onsets) for turn in turns) for turns in (past.turns, now.turns))
    assert min(turn.gap_ms or 0 for turn in now.turns) < min(turn.gap_ms or 0 for turn in past.turns)
    assert then_cut == 1, "the pause of 0.65 s"
    assert now_cut == 2, "that of 0.35 s as well"


def test_a_longer_silence_makes_one_turn_of_two_halves(hesitation: Recording) -> None:
    past = RecordedSession(hesitation, HOUSE)
    longer: dict[str, int] = {f"endpoint.{wait}_ms": 900 for wait in ("silence", "shortest", "longest")}
    settings = hesitation.header.with_settings(longer)
    now = outcome(past, HOUSE.floor(settings), settings)
    assert not any(turn.cut_in(past.onsets) for turn in now.turns)
    assert all(turn.wait_ms >= 900 for turn in now.turns)
    assert len(now.turns) == 4
    assert len(pair(past.turns, now.turns)) >= len(past.turns)


def test_a_pause_that_was_too_short_to_be_transcribed_is_estimated(hesitation: Recording) -> None:
    past = RecordedSession(hesitation, HOUSE)
    settings = hesitation.header.with_settings({"vad.pause_ms": 500, "turns.longest_ms": 600})
    assert not outcome(past, HOUSE.floor(settings), settings).estimated
    slow = replace(hesitation, journal=[one for one in hesitation.journal if not isinstance(one, Step)])
    unheard = RecordedSession(slow, HOUSE)
    now = outcome(unheard, HOUSE.floor(unheard.settings), unheard.settings)
    assert {turn.number for turn in now.turns} <= now.estimated


def test_words_that_were_not_waited_for_are_not_known_any_sooner(tmp_path: Path) -> None:
    """The person went on before whisper was done: with a shorter silence the floor would have waited in vain too."""

    async def breathless(stage: Stage) -> None:
        await stage.room.say(voice(0.9))
        await asyncio.sleep(0.3)
        await stage.room.say(voice(0.9))
        assert await stage.room.wait_until_answered(timeout_s=6)

    record(Stage(ScriptedTranscriber(["I would", "I would like tea"], ms=800), LONG), tmp_path / "a", breathless)
    recording = read(tmp_path / "a")
    past = RecordedSession(recording, HOUSE)
    settings = recording.header.with_settings({"turns.shortest_ms": 200, "turns.longest_ms": 200})
    now = outcome(past, HOUSE.floor(settings), settings)
    assert len(now.turns) == 1
    assert any(isinstance(one, Step) and has(one, DiscardGeneration) for one in recording.journal)


@pytest.mark.parametrize(
    ("key", "value"),
    [("turns.shortest_ms", -1), ("turns.shortets_ms", 300), ("llm.model", "x"), ("turns", 1), ("", 1)],
)
def test_what_cannot_be_tried_is_refused(hesitation: Recording, key: str, value: object) -> None:
    with pytest.raises(SettingsError):
        hesitation.header.with_settings({key: value})


def has(step: Step, kind: type) -> bool:
    return any(isinstance(act, kind) for act in step.acts)
