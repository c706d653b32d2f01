"""What a person gets out of a conversation, with scripted engines on the virtual clock."""

import asyncio

import pytest

from tests.simulation.simulated_conversation import SimulatedConversation
from voicemate.config.schema import BargeInSettings, TurnSettings
from voicemate.core.errors import ModelError, SpeechError
from voicemate.core.events import (
    Fault,
    FloorChanged,
    FloorState,
    GenerationDiscarded,
    PhraseStarted,
    ReplyEnded,
    SpeechRejected,
    StageTimed,
    Transcribed,
    TurnEnded,
    TurnTimed,
)
from voicemate.core.events import PipelineStage as Work
from voicemate.core.pcm import to_ms
from voicemate.testing.scripted_engines import SECONDS_PER_WORD, ScriptedLanguageModel, ScriptedTranscriber, loud_clip


async def one_question(stage: SimulatedConversation) -> None:
    await stage.room.say(loud_clip(1.5))
    assert await stage.room.wait_until_answered(timeout_s=5)


def test_a_question_gets_its_answer_out_loud() -> None:
    stage = SimulatedConversation(
        ScriptedTranscriber(["what is this"]), ScriptedLanguageModel({"what is this": "This is a test. It works."})
    )
    stage.run(one_question)
    (heard,) = [event for event in stage.of(Transcribed) if event.final]
    (ended,) = stage.of(ReplyEnded)
    assert heard.text == "what is this"
    assert ended.heard_prefix == "This is a test. It works."
    assert stage.synthesizer.rendered == ["This is a test.", "It works."]


def test_the_gap_is_the_longer_of_waiting_and_computing_and_not_their_sum() -> None:
    stage = SimulatedConversation(turn_settings=TurnSettings(silence_ms=500, shortest_ms=500, longest_ms=500))
    stage.run(one_question)
    (timed,) = stage.of(TurnTimed)
    assert timed.ready
    assert 500 <= timed.gap <= 500 + 2 * 32 + 20, "endpoint, one block to decide, one to play"
    assert timed.stt + timed.llm + timed.tts < 500


def test_to_judge_the_sentence_is_part_of_the_thinking_that_is_told() -> None:
    stage = SimulatedConversation(llm=ScriptedLanguageModel(scoring_s=0.2, first_token_s=0.1))
    stage.run(one_question)
    heard, thought = (
        next(event for event in stage.of(StageTimed) if event.stage is kind) for kind in (Work.STT, Work.LLM)
    )
    assert thought.began == heard.at
    assert to_ms(thought.at - thought.began) >= 300


def test_slow_engines_delay_the_answer_by_what_they_take() -> None:
    stage = SimulatedConversation(
        ScriptedTranscriber(["what is this"], ms=300),
        ScriptedLanguageModel(first_token_s=0.7),
        turn_settings=TurnSettings(silence_ms=400, shortest_ms=400),
    )
    stage.run(one_question)
    (timed,) = stage.of(TurnTimed)
    assert not timed.ready
    assert 1_000 < timed.gap < 1_400


def test_a_turn_stays_open_for_a_reply_that_is_nearly_ready_and_nobody_waits_longer_for_that() -> None:
    def gap(reply_ms: int) -> TurnTimed:
        endpoint = TurnSettings(silence_ms=400, shortest_ms=400, reply_wait_ms=reply_ms)
        stage = SimulatedConversation(
            ScriptedTranscriber(["what is this"], ms=300),
            ScriptedLanguageModel(first_token_s=0.1),
            turn_settings=endpoint,
        )
        stage.run(one_question)
        (timed,) = stage.of(TurnTimed)
        return timed

    at_once, kept_open = gap(0), gap(200)
    assert (at_once.ready, kept_open.ready) == (False, True)
    assert kept_open.endpoint > at_once.endpoint
    assert kept_open.gap == pytest.approx(at_once.gap, abs=1)


def test_a_pause_in_the_middle_is_not_the_end_and_both_halves_are_one_turn() -> None:
    stage = SimulatedConversation(
        ScriptedTranscriber(["I would like", "I would like some tea please"]),
        turn_settings=TurnSettings(silence_ms=500, shortest_ms=500, longest_ms=500),
    )

    async def hesitating(stage: SimulatedConversation) -> None:
        await stage.room.say(loud_clip(1.0))
        await asyncio.sleep(0.4)
        await stage.room.say(loud_clip(1.0))
        assert await stage.room.wait_until_answered(timeout_s=5)

    stage.run(hesitating)
    assert len(stage.of(GenerationDiscarded)) == 1
    (ended,) = stage.of(TurnEnded)
    assert to_ms(ended.ended - ended.began) == pytest.approx(2400, abs=150)
    assert [event.text for event in stage.of(Transcribed) if event.final] == ["I would like some tea please"]
    assert [len(asked) for asked in stage.llm.requests][-1] == len(stage.llm.requests[0]), (
        "nothing of the draft stays"
    )


def test_going_on_in_the_last_moment_takes_the_reply_back_before_it_is_heard() -> None:
    stage = SimulatedConversation(
        ScriptedTranscriber(["I would", "I would like some tea"], ms=600),
        turn_settings=TurnSettings(silence_ms=300),
    )

    async def late(stage: SimulatedConversation) -> None:
        await stage.room.say(loud_clip(1.0))
        await asyncio.sleep(0.5)  # the turn is over, the words are not known yet
        await stage.room.say(loud_clip(1.0))
        assert await stage.room.wait_until_answered(timeout_s=5)

    stage.run(late)
    assert len(stage.of(ReplyEnded)) == 1
    assert [event.text for event in stage.of(Transcribed) if event.final][-1] == "I would like some tea"


def test_unfinished_words_are_waited_for() -> None:
    stage = SimulatedConversation(
        ScriptedTranscriber(["I went there and"]), turn_settings=TurnSettings(silence_ms=400, broken_off_ms=1500)
    )
    stage.run(one_question)
    (timed,) = stage.of(TurnTimed)
    assert timed.gap >= 1500


def test_noise_that_whisper_makes_words_of_takes_no_turn() -> None:
    stage = SimulatedConversation(ScriptedTranscriber(["(keyboard clicking)"]))

    async def noise(stage: SimulatedConversation) -> None:
        await stage.room.say(loud_clip(1.0))
        assert not await stage.room.wait_until_answered(timeout_s=3)

    stage.run(noise)
    (dismissed,) = stage.of(SpeechRejected)
    assert dismissed.text == "(keyboard clicking)"
    assert not stage.of(TurnEnded)
    assert not stage.llm.requests


def test_the_character_remembers_what_was_said_and_heard() -> None:
    stage = SimulatedConversation(
        ScriptedTranscriber(["my name is Ada", "what is my name"]),
        ScriptedLanguageModel({"my name is Ada": "Hello Ada.", "what is my name": "It is Ada."}),
    )

    async def two_turns(stage: SimulatedConversation) -> None:
        await one_question(stage)
        await one_question(stage)

    stage.run(two_turns)
    said = [message.content for message in stage.llm.requests[-1]]
    assert said[-3:] == ["my name is Ada", "Hello Ada.", "what is my name"]


def test_where_nobody_may_interrupt_by_voice_the_character_does_not_answer_itself() -> None:
    stage = SimulatedConversation(
        llm=ScriptedLanguageModel(default="Well, " + "and so on " * 20), barge_in=BargeInSettings(by_voice=False)
    )

    async def leak(stage: SimulatedConversation) -> None:
        await stage.room.say(loud_clip(1.0))
        await asyncio.sleep(1.5)
        await stage.room.say(loud_clip(1.0))  # as loud as its own voice would come back
        await stage.room.wait_until_quiet(3)

    stage.run(leak)
    assert len(stage.of(TurnEnded)) == 1


def test_a_greeting_is_spoken_first() -> None:
    stage = SimulatedConversation()

    async def greeted(stage: SimulatedConversation) -> None:
        stage.session.greet("Hello, I am Echo.")
        assert await stage.room.wait_until_answered(timeout_s=5)

    stage.run(greeted)
    (ended,) = stage.of(ReplyEnded)
    assert (ended.turn, ended.heard_prefix) == (0, "Hello, I am Echo.")


def test_a_typed_question_is_answered_without_a_voice() -> None:
    stage = SimulatedConversation(llm=ScriptedLanguageModel({"who are you": "I am Echo."}))

    async def typed(stage: SimulatedConversation) -> None:
        stage.session.ask("who are you")
        assert await stage.room.wait_until_answered(timeout_s=5)

    stage.run(typed)
    assert stage.of(ReplyEnded)[0].heard_prefix == "I am Echo."
    assert not stage.transcriber.calls


@pytest.mark.parametrize("where", ["llm", "synthesizer"])
def test_an_engine_that_fails_costs_one_reply_and_says_why(where: str) -> None:
    stage = SimulatedConversation()

    async def broken_then_well(stage: SimulatedConversation) -> None:
        engine = getattr(stage, where)
        engine.error = ModelError("The model broke", "Pull it again") if where == "llm" else SpeechError("No voice")
        await stage.room.say(loud_clip(1.0))
        assert not await stage.room.wait_until_answered(timeout_s=3)
        engine.error = None
        await one_question(stage)

    stage.run(broken_then_well)
    assert len(stage.of(Fault)) == 1
    assert len(stage.of(ReplyEnded)) == 1
    assert len([event for event in stage.of(FloorChanged) if event.state is FloorState.LISTENING]) >= 3


def test_stopping_in_mid_reply_keeps_what_was_heard() -> None:
    stage = SimulatedConversation(
        llm=ScriptedLanguageModel(default="One two three four five six seven eight nine ten.")
    )

    async def stop_early(stage: SimulatedConversation) -> None:
        await stage.room.say(loud_clip(1.0))
        while not stage.of(PhraseStarted):
            await asyncio.sleep(0.01)
        await asyncio.sleep(4.4 * SECONDS_PER_WORD)

    stage.run(stop_early)
    (ended,) = stage.of(ReplyEnded)
    assert ended.interrupted
    assert ended.heard_prefix in ("One two three", "One two three four", "One two three four five")


def test_the_same_conversation_gives_the_same_events_again() -> None:
    def converse() -> list[object]:
        stage = SimulatedConversation(ScriptedTranscriber(["first", "second"]))

        async def script(stage: SimulatedConversation) -> None:
            await one_question(stage)
            await one_question(stage)

        return [event for event in stage.run(script) if isinstance(event, FloorChanged | Transcribed | TurnEnded)]

    assert converse() == converse()
