"""A turn as a transaction: what is played, reported and dropped, and when."""

import asyncio

import pytest

from tests.unit.conversation.fakes import Bench, RecordingListener, ScriptedPipeline
from voicemate.conversation.reply import Reply
from voicemate.conversation.turn import Turn
from voicemate.core.errors import ModelError
from voicemate.core.events import Fault, Transcribed, TurnEnded
from voicemate.turns.messages import CommitTurn

BLOCK_ENDED, NOW = 352 * 16, 360 * 16
"""Between two blocks of the microphone the clock is ahead of the latest."""

COMMIT = CommitTurn(1, 0, 0, "500 ms of silence")


class Rig:
    """One turn between doubles."""

    def __init__(self, pipeline: ScriptedPipeline | None = None, request_id: str | None = None):
        self.bench = Bench()
        self.bench.clock.at = NOW
        self.listener = RecordingListener()
        self.pipeline = pipeline or ScriptedPipeline()
        self.turn = Turn(1, 4, self.pipeline, self.listener, self.bench.output, request_id)

    async def settle(self) -> None:
        """Let everything run that can."""
        for _ in range(50):
            await asyncio.sleep(0)

    def commit(self) -> None:
        self.turn.commit(BLOCK_ENDED, COMMIT)


def with_reply(ready_at: int | None) -> Turn:
    rig = Rig()
    rig.turn.reply = Reply(4, rig.pipeline.reply_to("hello"), rig.bench.output)
    rig.turn.reply.ready_at = ready_at
    return rig.turn


@pytest.mark.parametrize("ready_at", [NOW, None])
def test_a_reply_is_ready_when_its_first_sound_was_there_at_the_decision(ready_at: int | None) -> None:
    turn = with_reply(ready_at)
    turn.commit(BLOCK_ENDED, COMMIT)
    assert turn.reply_was_ready == (ready_at is not None)


def test_a_reply_that_is_there_after_the_decision_was_not_ready() -> None:
    turn = with_reply(None)
    turn.commit(BLOCK_ENDED, COMMIT)
    assert turn.reply is not None
    turn.reply.ready_at = BLOCK_ENDED
    assert not turn.reply_was_ready


async def test_nothing_plays_before_the_commit_and_only_the_first_phrase_is_synthesized() -> None:
    rig = Rig()
    rig.turn.start()
    await rig.settle()
    assert rig.bench.synthesizer.rendered == ["Good morning."]
    assert rig.bench.speaker.queued == 0
    assert rig.listener.log == ["interpreted 'hello there'", "ready"]
    assert not [event for event in rig.bench.events if isinstance(event, TurnEnded)]
    rig.turn.discard()
    await rig.settle()


async def test_a_committed_turn_plays_all_of_its_reply() -> None:
    rig = Rig()
    rig.turn.start()
    await rig.settle()
    rig.commit()
    await rig.turn.finish()
    assert rig.bench.synthesizer.rendered == ["Good morning.", "How are you?"]
    assert rig.bench.speaker.queued == 5_000
    assert rig.turn.reply_was_ready


async def test_the_commit_is_reported_before_the_final_words() -> None:
    rig = Rig(request_id="r1")
    rig.turn.start()
    await rig.settle()
    rig.bench.events.clear()
    rig.commit()
    ended, words = rig.bench.events[:2]
    assert isinstance(ended, TurnEnded)
    assert (ended.turn, ended.request_id, ended.reason) == (4, "r1", "500 ms of silence")
    assert isinstance(words, Transcribed)
    assert (words.text, words.final) == ("hello there", True)
    await rig.turn.finish()


async def test_the_final_words_of_a_typed_turn_come_once_they_are_interpreted() -> None:
    rig = Rig()
    rig.turn.start()
    rig.commit()
    await rig.turn.finish()
    finals = [event for event in rig.bench.events if isinstance(event, Transcribed) and event.final]
    assert [event.text for event in finals] == ["hello there"]
    assert rig.bench.speaker.queued == 5_000


async def test_a_discarded_turn_plays_nothing_and_reports_nothing_more() -> None:
    rig = Rig()
    rig.turn.start()
    await rig.settle()
    reported = list(rig.listener.log)
    rig.turn.discard()
    await rig.settle()
    rig.turn.commit(BLOCK_ENDED, COMMIT)
    await rig.settle()
    assert rig.bench.speaker.queued == 0
    assert rig.listener.log == reported


async def test_without_words_there_is_no_reply() -> None:
    rig = Rig(ScriptedPipeline(words=""))
    rig.turn.start()
    await rig.turn.finish()
    assert rig.listener.log == ["interpreted ''"]
    assert rig.turn.reply is None
    assert rig.turn.transcript == "(cough)"
    assert rig.pipeline.judged == []


async def test_the_turn_detectors_answer_is_added_to_the_interpretation() -> None:
    rig = Rig(ScriptedPipeline(voice=0.3))
    rig.turn.start()
    await rig.settle()
    assert rig.pipeline.judged == [0.3]
    rig.turn.discard()
    await rig.settle()


async def test_an_engine_that_fails_is_reported_and_ends_the_turn() -> None:
    rig = Rig(ScriptedPipeline(error=ModelError("whisper.cpp failed", "Pull it again")))
    rig.turn.start()
    await rig.turn.finish()
    assert rig.listener.log == ["failed: whisper.cpp failed"]
    (fault,) = [event for event in rig.bench.events if isinstance(event, Fault)]
    assert (fault.component, fault.message, fault.hint) == ("reply", "whisper.cpp failed", "Pull it again")


async def test_a_reply_without_sound_fails() -> None:
    rig = Rig(ScriptedPipeline(reply=""))
    rig.turn.start()
    rig.commit()
    await rig.turn.finish()
    assert rig.listener.log == ["interpreted 'hello there'", "failed: there was nothing to say"]
