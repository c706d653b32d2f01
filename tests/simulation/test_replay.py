"""A recorded conversation is decided again: the same way, or otherwise with other settings."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.simulation.recorded_conversation import DECISIONS, hesitant, record
from tests.simulation.simulated_conversation import SimulatedConversation
from voicemate.config.schema import TurnSettings
from voicemate.core.errors import SettingsError
from voicemate.core.events import FloorChanged, PhraseStarted, TurnTimed
from voicemate.core.pcm import CLOCK_HZ
from voicemate.recording.format import RecordingEnd
from voicemate.recording.journal import BlockProcessed, EventPublished, FloorStepped
from voicemate.recording.recording import Recording, read
from voicemate.replay.counterfactual import replay_with
from voicemate.replay.recorded_session import RecordedSession
from voicemate.replay.replayer import replay
from voicemate.replay.turn_log import pair_turns
from voicemate.testing.scripted_engines import ScriptedLanguageModel, ScriptedTranscriber, loud_clip
from voicemate.turns.messages import CommitTurn, DiscardGeneration

SETTINGS = TurnSettings(shortest_ms=480, longest_ms=480)
LONG = ScriptedLanguageModel(default="Yes. That is a long story and it takes a while to tell.")


@pytest.fixture(scope="module")
def hesitation(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path = tmp_path_factory.mktemp("tape") / "hesitant"
    record(SimulatedConversation(llm=LONG, turn_settings=SETTINGS), path, hesitant)
    return read(path)


def test_a_recorded_conversation_is_decided_the_same_way_again(hesitation: Recording) -> None:
    verdict = replay(hesitation, DECISIONS)
    assert verdict.difference is None
    assert verdict.blocks > 300
    assert verdict.actions > 20


def test_a_broken_off_recording_is_decided_the_same_way_as_far_as_it_goes(
    hesitation: Recording, tmp_path: Path
) -> None:
    path = tmp_path / "cut"
    whole = hesitation.path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    half = read(path)
    verdict = replay(half, DECISIONS)
    assert half.ends is RecordingEnd.TRUNCATED
    assert verdict.difference is None
    assert 50 < verdict.blocks < len([entry for entry in hesitation.journal if isinstance(entry, BlockProcessed)])


def test_the_first_different_decision_of_the_floor_is_named(hesitation: Recording) -> None:
    commits = [
        i for i, one in enumerate(hesitation.journal) if isinstance(one, FloorStepped) and has(one, CommitTurn)
    ]
    journal = list(hesitation.journal)
    changed = journal[commits[1]]
    assert isinstance(changed, FloorStepped)
    journal[commits[1]] = replace(changed, actions=())
    difference = replay(replace(hesitation, journal=journal), DECISIONS).difference
    assert difference is not None
    assert (difference.at, difference.component, difference.recorded) == (changed.message.at, "floor", ())
    assert difference.replayed == changed.actions


def test_ears_that_hear_otherwise_are_named(hesitation: Recording) -> None:
    journal = list(hesitation.journal)
    first = next(i for i, one in enumerate(journal) if isinstance(one, BlockProcessed) and one.voice_events)
    heard = journal[first]
    assert isinstance(heard, BlockProcessed)
    journal[first] = BlockProcessed(heard.at, ())
    difference = replay(replace(hesitation, journal=journal), DECISIONS).difference
    assert difference is not None
    assert (difference.at, difference.component, difference.replayed) == (heard.at, "segmenter", heard.voice_events)


def test_everything_that_happened_is_on_the_recording(tmp_path: Path) -> None:
    stage = SimulatedConversation(llm=LONG)
    record(stage, tmp_path / "a", hesitant)
    recording = read(tmp_path / "a")
    happened = [entry.event for entry in recording.journal if isinstance(entry, EventPublished)]
    assert happened == [event for event in stage.events if event in happened]
    assert {FloorChanged, PhraseStarted, TurnTimed} <= {type(event) for event in happened}
    assert recording.header.persona["name"] == stage.persona.name


def test_the_sound_on_both_sides_is_on_the_recording(tmp_path: Path) -> None:
    stage = SimulatedConversation(llm=LONG)
    record(stage, tmp_path / "a", hesitant)
    recording = read(tmp_path / "a")
    person, character = stage.room.recording().T
    kept = recording.microphone.end
    assert np.abs(recording.microphone.between(0, kept) / 32768 - person[:kept]).max() < 1e-4
    played = min(recording.speaker.end, len(character))
    assert played > kept - CLOCK_HZ
    assert np.abs(recording.speaker.between(0, played) / 32768 - character[:played]).max() < 1e-4
    assert character[:played].any()


def test_with_its_own_settings_the_world_repeats_every_turn_exactly(hesitation: Recording) -> None:
    past = RecordedSession(hesitation, DECISIONS)
    repeated = replay_with(past, DECISIONS.make_floor(past.settings), past.settings)
    assert repeated.turns == past.turns
    assert len(past.turns) >= 4
    assert not repeated.estimated


def test_a_greeting_and_a_typed_turn_are_repeated_too(tmp_path: Path) -> None:
    async def mixed(stage: SimulatedConversation) -> None:
        stage.session.greet("Hello, I am Echo.")
        assert await stage.room.wait_until_answered()
        stage.session.ask("who are you")
        assert await stage.room.wait_until_answered()
        await stage.room.say(loud_clip(1.0))
        assert await stage.room.wait_until_answered()

    record(SimulatedConversation(llm=LONG), tmp_path / "a", mixed)
    recording = read(tmp_path / "a")
    assert replay(recording, DECISIONS).difference is None
    past = RecordedSession(recording, DECISIONS)
    assert [turn.typed for turn in past.turns] == [True, False]
    assert replay_with(past, DECISIONS.make_floor(past.settings), past.settings).turns == past.turns


def test_a_shorter_silence_shortens_the_gap_and_cuts_in_where_the_person_paused(hesitation: Recording) -> None:
    past = RecordedSession(hesitation, DECISIONS)
    settings = hesitation.header.with_settings({"turns.shortest_ms": 250, "turns.longest_ms": 250})
    now = replay_with(past, DECISIONS.make_floor(settings), settings)
    then_cut, now_cut = (
        sum(turn.is_false_cut_in(past.onsets) for turn in turns) for turns in (past.turns, now.turns)
    )
    assert min(turn.gap_ms or 0 for turn in now.turns) < min(turn.gap_ms or 0 for turn in past.turns)
    assert then_cut == 1, "the pause of 0.65 s"
    assert now_cut == 2, "that of 0.35 s as well"


def test_a_longer_silence_makes_one_turn_of_two_halves(hesitation: Recording) -> None:
    past = RecordedSession(hesitation, DECISIONS)
    longer: dict[str, int] = {f"turns.{wait}_ms": 900 for wait in ("silence", "shortest", "longest")}
    settings = hesitation.header.with_settings(longer)
    now = replay_with(past, DECISIONS.make_floor(settings), settings)
    assert not any(turn.is_false_cut_in(past.onsets) for turn in now.turns)
    assert all(turn.wait_ms >= 900 for turn in now.turns)
    assert len(now.turns) == 4
    assert len(pair_turns(past.turns, now.turns)) >= len(past.turns)


def test_a_pause_that_was_too_short_to_be_transcribed_is_estimated(hesitation: Recording) -> None:
    past = RecordedSession(hesitation, DECISIONS)
    settings = hesitation.header.with_settings({"vad.pause_ms": 500, "turns.longest_ms": 600})
    assert not replay_with(past, DECISIONS.make_floor(settings), settings).estimated
    slow = replace(hesitation, journal=[one for one in hesitation.journal if not isinstance(one, FloorStepped)])
    unheard = RecordedSession(slow, DECISIONS)
    now = replay_with(unheard, DECISIONS.make_floor(unheard.settings), unheard.settings)
    assert {turn.generation_id for turn in now.turns} <= now.estimated


def test_words_that_were_not_waited_for_are_not_known_any_sooner(tmp_path: Path) -> None:
    """The person went on before whisper was done: with a shorter silence the floor would have waited in vain too."""

    async def breathless(stage: SimulatedConversation) -> None:
        await stage.room.say(loud_clip(0.9))
        await asyncio.sleep(0.3)
        await stage.room.say(loud_clip(0.9))
        assert await stage.room.wait_until_answered(timeout_s=6)

    record(
        SimulatedConversation(ScriptedTranscriber(["I would", "I would like tea"], ms=800), LONG),
        tmp_path / "a",
        breathless,
    )
    recording = read(tmp_path / "a")
    past = RecordedSession(recording, DECISIONS)
    settings = recording.header.with_settings({"turns.shortest_ms": 200, "turns.longest_ms": 200})
    now = replay_with(past, DECISIONS.make_floor(settings), settings)
    assert len(now.turns) == 1
    assert any(isinstance(one, FloorStepped) and has(one, DiscardGeneration) for one in recording.journal)


@pytest.mark.parametrize(
    ("key", "value"),
    [("turns.shortest_ms", -1), ("turns.shortets_ms", 300), ("llm.model", "x"), ("turns", 1), ("", 1)],
)
def test_what_cannot_be_tried_is_refused(hesitation: Recording, key: str, value: object) -> None:
    with pytest.raises(SettingsError):
        hesitation.header.with_settings({key: value})


def has(step: FloorStepped, kind: type) -> bool:
    return any(isinstance(act, kind) for act in step.actions)
