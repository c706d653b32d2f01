"""The floor taken back: whole conversations on the virtual clock in which the person talks over the character."""

import asyncio

from tests.simulation.simulated_conversation import SimulatedConversation
from voicemate.config.schema import PushToTalkSettings, TurnSettings
from voicemate.core.events import (
    FloorChanged,
    FloorState,
    GenerationDiscarded,
    ReplyEnded,
    SpeechRejected,
    Transcribed,
    TurnEnded,
)
from voicemate.core.pcm import CLOCK_HZ
from voicemate.testing.scripted_engines import ScriptedLanguageModel, ScriptedTranscriber, loud_clip

LONG = "Once there was a sailor who " + "went on and on " * 12
ENDPOINT = TurnSettings(silence_ms=500, shortest_ms=500, longest_ms=500)


def stage_that_hears(*texts: str) -> SimulatedConversation:
    return SimulatedConversation(
        transcriber=ScriptedTranscriber(list(texts)), llm=ScriptedLanguageModel(default=LONG), turn_settings=ENDPOINT
    )


async def until_speaking(stage: SimulatedConversation, for_s: float) -> None:
    """Ask, and wait until the character has spoken for so long."""
    await stage.room.say(loud_clip(1.0))
    while stage.session._floor.state is not FloorState.SPEAKING:
        await asyncio.sleep(0.01)
    await asyncio.sleep(for_s)


def states(stage: SimulatedConversation) -> list[FloorState]:
    return [event.state for event in stage.of(FloorChanged)]


def test_a_bid_silences_the_character_and_is_answered() -> None:
    stage = stage_that_hears("tell me a story", "wait, what was his name")

    async def interrupted(stage: SimulatedConversation) -> None:
        await until_speaking(stage, 3.0)
        await stage.room.say(loud_clip(1.2))
        await stage.room.wait_until_answered()

    stage.run(interrupted)
    first, second = stage.of(ReplyEnded)
    assert first.interrupted
    assert not second.interrupted
    assert [event.text for event in stage.of(Transcribed) if event.final] == [
        "tell me a story",
        "wait, what was his name",
    ]
    remembered = stage.llm.requests[-1][-2].content
    assert remembered == first.heard_prefix
    assert LONG.startswith(remembered)
    assert len(remembered) < len(LONG) / 2, "only what was heard"


def test_the_loudspeaker_is_silent_soon_after_the_person_begins() -> None:
    stage = stage_that_hears("tell me a story", "wait, what was his name")
    begun: list[int] = []

    async def interrupted(stage: SimulatedConversation) -> None:
        await until_speaking(stage, 3.0)
        begun.append(stage.clock.now())
        await stage.room.say(loud_clip(1.2))

    stage.run(interrupted)
    played = stage.room.speaker.played()
    last = max(at + len(pcm) for at, pcm in played if at < begun[0] + CLOCK_HZ)
    assert (last - begun[0]) / CLOCK_HZ < 0.2


def test_a_short_sound_that_is_no_word_lets_it_go_on_where_it_stopped() -> None:
    stage = stage_that_hears("tell me a story", "(coughs)")

    async def coughed(stage: SimulatedConversation) -> None:
        await until_speaking(stage, 3.0)
        await stage.room.say(loud_clip(0.3))
        await stage.room.wait_until_quiet(2)

    stage.run(coughed)
    (reply,) = stage.of(ReplyEnded)
    assert not reply.interrupted
    assert reply.heard_prefix.split() == LONG.split()
    assert FloorState.OVERLAPPING in states(stage)
    assert len(stage.of(SpeechRejected)) == 1


def test_a_sign_of_listening_lets_it_go_on_too() -> None:
    stage = stage_that_hears("tell me a story", "Mm-hmm.")

    async def listened(stage: SimulatedConversation) -> None:
        await until_speaking(stage, 3.0)
        await stage.room.say(loud_clip(0.4))
        await stage.room.wait_until_quiet(2)

    stage.run(listened)
    (reply,) = stage.of(ReplyEnded)
    assert not reply.interrupted
    assert len(stage.of(TurnEnded)) == 1


def test_its_own_words_are_an_echo_and_no_bid() -> None:
    stage = stage_that_hears("tell me a story", "went on and on went")

    async def echoed(stage: SimulatedConversation) -> None:
        await until_speaking(stage, 3.0)
        await stage.room.say(loud_clip(0.5))
        await stage.room.wait_until_quiet(2)

    stage.run(echoed)
    (reply,) = stage.of(ReplyEnded)
    assert not reply.interrupted


def test_stop_silences_it_for_good() -> None:
    stage = stage_that_hears("tell me a story", "Stop!")

    async def stopped(stage: SimulatedConversation) -> None:
        await until_speaking(stage, 3.0)
        await stage.room.say(loud_clip(0.4))
        await asyncio.sleep(4)

    stage.run(stopped)
    (reply,) = stage.of(ReplyEnded)
    assert reply.interrupted
    assert len(stage.of(TurnEnded)) == 1, "a command is not answered"


def test_whoever_goes_on_after_its_first_word_was_not_done_and_both_halves_are_one_turn() -> None:
    stage = stage_that_hears("I would like to", "hear about the sea")

    async def cut_in_on(stage: SimulatedConversation) -> None:
        await until_speaking(stage, 0.4)
        await stage.room.say(loud_clip(1.5))
        await stage.room.wait_until_answered()

    stage.run(cut_in_on)
    assert len(stage.of(GenerationDiscarded)) >= 1
    assert len(stage.of(ReplyEnded)) == 1, "the first reply was never said"
    assert stage.llm.requests[-1][-1].content == "I would like to hear about the sea"
    assert [event.turn for event in stage.of(TurnEnded)] == [1, 1]
    assert all(LONG not in message.content for message in stage.llm.requests[-1])


def test_the_key_takes_the_floor_and_gives_it_back() -> None:
    stage = stage_that_hears("tell me a story", "and now a song")

    async def pressed(stage: SimulatedConversation) -> None:
        await until_speaking(stage, 3.0)
        stage.session.press()
        assert stage.session._floor.state is FloorState.HEARING
        await stage.room.say(loud_clip(1.0))
        await asyncio.sleep(2)  # no silence ends the turn
        assert len(stage.of(TurnEnded)) == 1
        stage.session.release()
        await stage.room.wait_until_answered()

    stage.run(pressed)
    _, second = stage.of(TurnEnded)
    assert "key" in second.reason
    assert stage.of(ReplyEnded)[0].interrupted


def test_nobody_weighs_what_the_key_ends() -> None:
    stage = stage_that_hears("tell me a story", "and now a song")

    async def with_and_without(stage: SimulatedConversation) -> None:
        stage.session.press()
        await stage.room.say(loud_clip(1.0))
        stage.session.release()
        await stage.room.wait_until_answered()
        assert stage.llm.scored == []
        await stage.room.say(loud_clip(1.0))
        await stage.room.wait_until_answered()
        assert stage.llm.scored

    stage.run(with_and_without)
    assert len(stage.of(TurnEnded)) == 2


def test_with_the_key_alone_nothing_is_heard_without_it() -> None:
    stage = stage_that_hears("hello there")
    stage.push_to_talk = PushToTalkSettings(hands_free=False)

    async def with_and_without(stage: SimulatedConversation) -> None:
        await stage.room.say(loud_clip(1.0))
        await asyncio.sleep(2)
        assert not stage.of(TurnEnded)
        stage.session.press()
        await stage.room.say(loud_clip(1.0))
        stage.session.release()
        await stage.room.wait_until_answered()

    stage.run(with_and_without)
    assert len(stage.of(TurnEnded)) == 1


def test_words_said_so_far_are_read_by_the_model_while_the_person_speaks() -> None:
    stage = stage_that_hears("tell me all about the sea and the ships")
    stage.transcriber.drafted = "tell me all about the"

    async def long_question(stage: SimulatedConversation) -> None:
        await stage.room.say(loud_clip(4.0))
        await stage.room.wait_until_answered()

    stage.run(long_question)
    assert "tell me all about" in [warmed[-1].content for warmed in stage.llm.warmed if warmed]


def test_a_muted_microphone_hears_nothing() -> None:
    stage = stage_that_hears("hello there")

    async def muted(stage: SimulatedConversation) -> None:
        stage.session.mute(True)
        await stage.room.say(loud_clip(1.0))
        await asyncio.sleep(2)

    stage.run(muted)
    assert not stage.of(TurnEnded)
