"""Conversations in which the floor is taken back, and with the key, are replayed and repeated too."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.simulation.recorded_conversation import DECISIONS, record
from tests.simulation.simulated_conversation import SimulatedConversation
from voicemate.core.events import FloorState, PhraseStarted
from voicemate.recording.journal import FloorStepped
from voicemate.recording.recording import Recording, read
from voicemate.replay.counterfactual import replay_with
from voicemate.replay.recorded_session import RecordedSession
from voicemate.replay.replayer import replay
from voicemate.testing.scripted_engines import ScriptedLanguageModel, ScriptedTranscriber, loud_clip
from voicemate.turns.floor import FloorPolicy
from voicemate.turns.messages import (
    EndSpeech,
    FloorAction,
    FloorInput,
    ResumePlayback,
    RetractReply,
    StopPlayback,
)

STORY = ScriptedLanguageModel(
    default="Yes. That is a long story and it takes quite a while to tell, so sit down and listen."
)


async def speaking(stage: SimulatedConversation) -> None:
    while not stage.of(PhraseStarted):
        await asyncio.sleep(0.01)


async def cough(stage: SimulatedConversation) -> None:
    """Something that is no word, over the character's voice."""
    await stage.room.say(loud_clip(1.0))
    await speaking(stage)
    await asyncio.sleep(1.5)
    await stage.room.say(loud_clip(0.3))
    await stage.room.wait_until_quiet(2)


async def bid(stage: SimulatedConversation) -> None:
    """The person takes the floor in the middle of the reply, and is answered."""
    await stage.room.say(loud_clip(1.0))
    await speaking(stage)
    await asyncio.sleep(1.5)
    await stage.room.say(loud_clip(1.5))
    assert await stage.room.wait_until_answered(timeout_s=6)


async def not_done(stage: SimulatedConversation) -> None:
    """The person goes on right after the reply has begun."""
    await stage.room.say(loud_clip(1.0))
    await speaking(stage)
    await asyncio.sleep(0.3)
    await stage.room.say(loud_clip(1.5))
    assert await stage.room.wait_until_answered(timeout_s=6)


async def with_the_key(stage: SimulatedConversation) -> None:
    """The key comes up while the person still makes a sound."""
    stage.session.press()
    stage.room.say_at(loud_clip(2.5), 0)
    await asyncio.sleep(1.5)
    stage.session.release()
    assert await stage.room.wait_until_answered(timeout_s=6)


def made(folder: Path, script: Callable[[SimulatedConversation], Awaitable[None]], *texts: str) -> Recording:
    record(SimulatedConversation(ScriptedTranscriber(list(texts)), STORY), folder / "tape", script)
    return read(folder / "tape")


def acts(recording: Recording) -> set[type[FloorAction]]:
    return {type(act) for entry in recording.journal if isinstance(entry, FloorStepped) for act in entry.actions}


@pytest.mark.parametrize(
    ("script", "texts", "act"),
    [
        (cough, ("hello there", "(coughing)"), ResumePlayback),
        (bid, ("hello there", "tell me something else instead"), StopPlayback),
        (not_done, ("I would like", "some tea please"), RetractReply),
        (with_the_key, ("hello there",), EndSpeech),
    ],
)
def test_it_is_decided_the_same_way_and_the_world_repeats_it(
    tmp_path: Path,
    script: Callable[[SimulatedConversation], Awaitable[None]],
    texts: tuple[str, ...],
    act: type[FloorAction],
) -> None:
    recording = made(tmp_path, script, *texts)
    assert act in acts(recording)
    assert replay(recording, DECISIONS).difference is None
    past = RecordedSession(recording, DECISIONS)
    assert replay_with(past, DECISIONS.make_floor(past.settings), past.settings).turns == past.turns
    assert past.turns


def test_a_reply_that_the_floor_took_back_was_a_false_cut_in(tmp_path: Path) -> None:
    past = RecordedSession(made(tmp_path, not_done, "I would like", "some tea please"), DECISIONS)
    assert [turn.is_false_cut_in(past.onsets) for turn in past.turns] == [True, False]
    assert past.turns[0].retracted
    assert past.turns[1].began == past.turns[0].began, "both halves are one turn"


def test_with_a_longer_wait_nothing_has_to_be_taken_back(tmp_path: Path) -> None:
    recording = made(tmp_path, not_done, "I would like", "some tea please")
    past = RecordedSession(recording, DECISIONS)
    settings = recording.header.with_settings({"turns.shortest_ms": 1500, "turns.longest_ms": 1500})
    now = replay_with(past, DECISIONS.make_floor(settings), settings)
    (turn,) = now.turns
    assert not turn.is_false_cut_in(past.onsets)
    assert turn.began == past.turns[0].began


class Watched:
    """A floor that remembers what it wanted done."""

    def __init__(self, floor: FloorPolicy):
        self._floor = floor
        self.acts: list[FloorAction] = []

    @property
    def state(self) -> FloorState:
        return self._floor.state

    @property
    def key_ends_turn(self) -> bool:
        return self._floor.key_ends_turn

    def step(self, message: FloorInput) -> list[FloorAction]:
        acts = self._floor.step(message)
        self.acts += acts
        return acts


def test_a_lower_bar_for_bids_cuts_off_what_went_on_then(tmp_path: Path) -> None:
    recording = made(tmp_path, cough, "hello there", "(coughing)")
    past = RecordedSession(recording, DECISIONS)
    kinds = list[set[type[FloorAction]]]()
    for bid_ms in (700, 100):
        settings = recording.header.with_settings({"barge_in.min_interruption_ms": bid_ms})
        watched = Watched(DECISIONS.make_floor(settings))
        replay_with(past, watched, settings)
        kinds.append({type(act) for act in watched.acts})
    assert (ResumePlayback in kinds[0], StopPlayback in kinds[0]) == (True, False)
    assert (ResumePlayback in kinds[1], StopPlayback in kinds[1]) == (False, True)
