"""What of a reply is heard, remembered and reported."""

from dataclasses import dataclass, field

import pytest

from tests.unit.conversation.fakes import PERSONA, Bench, RecordingListener, ScriptedPipeline
from voicemate.config.schema import AttentionSettings
from voicemate.conversation.chat_history import ChatHistory
from voicemate.conversation.playback import ECHO_WINDOW, ReplyPlayback
from voicemate.conversation.reply import Reply
from voicemate.conversation.turn import Turn
from voicemate.core.events import PhraseStarted, ReplyEnded, TurnTimed
from voicemate.llm.context_window import ContextWindow
from voicemate.testing.scripted_engines import ScriptedLanguageModel as ScriptedLanguageModel
from voicemate.turns.attention import Attention
from voicemate.turns.messages import (
    CommitTurn,
    DuckPlayback,
    PausePlayback,
    PlaybackAction,
    ReplyAudible,
    ReplySilent,
    ResumePlayback,
    StopPlayback,
    UnduckPlayback,
)


class NotedChatHistory(ChatHistory):
    """Keeps the exchanges it is given."""

    def __init__(self) -> None:
        llm = ScriptedLanguageModel()
        super().__init__(PERSONA, llm, ContextWindow(PERSONA, 2048, llm.count_tokens), seed=1)
        self.added: list[tuple[str, str]] = []

    def add_exchange(self, words: str, heard: str) -> None:
        self.added.append((words, heard))


@dataclass
class Rig:
    """A playback between doubles."""

    bench: Bench = field(default_factory=Bench)
    chat: NotedChatHistory = field(default_factory=NotedChatHistory)

    def __post_init__(self) -> None:
        attention = Attention(AttentionSettings(), PERSONA.name)
        self.playback = ReplyPlayback(self.bench.speaker, self.bench.clock, self.chat, attention, self.bench.stream)

    async def committed(self, ended: int = 0) -> Turn:
        """A turn whose reply is queued: "Good morning." (2000 samples) and "How are you?" (3000)."""
        turn = Turn(1, 1, ScriptedPipeline(), RecordingListener(), self.bench.output)
        turn.start()
        self.playback.start(turn)
        turn.commit(self.bench.clock.at, CommitTurn(1, 0, ended, "silence"))
        await turn.finish()
        return turn

    def at(self, position: int) -> list[ReplyAudible | ReplySilent]:
        """Poll when the speaker and the clock are at ``position`` (both run at 16 kHz)."""
        self.bench.speaker.at = self.bench.clock.at = position
        return self.playback.poll()

    def ended(self) -> ReplyEnded:
        (event,) = [event for event in self.bench.events if isinstance(event, ReplyEnded)]
        return event


async def test_a_reply_is_audible_once_its_first_sample_has_left_the_speaker() -> None:
    rig = Rig()
    await rig.committed()
    assert rig.at(0) == []
    assert rig.at(512) == [ReplyAudible(0)]
    assert rig.at(1_024) == []


async def test_the_gap_is_counted_from_the_persons_last_sample_to_the_replys_first() -> None:
    rig = Rig()
    rig.bench.clock.at = 1_600
    await rig.committed(ended=0)
    rig.bench.speaker.at, rig.bench.clock.at = 160, 3_360
    rig.playback.poll()
    (timed,) = [event for event in rig.bench.events if isinstance(event, TurnTimed)]
    assert (timed.gap, timed.endpoint) == (200.0, 100.0)


async def test_a_reply_that_was_played_to_its_end_is_remembered_whole() -> None:
    rig = Rig()
    await rig.committed()
    rig.at(100)
    assert rig.at(5_000) == [ReplySilent(5_000)]
    assert (rig.ended().heard_prefix, rig.ended().interrupted) == ("Good morning. How are you?", False)
    assert rig.chat.added == [("hello there", "Good morning. How are you?")]


async def test_phrases_are_reported_as_they_start() -> None:
    rig = Rig()
    await rig.committed()
    started: list[list[str]] = []
    for position in (1, 1_500, 2_500):
        rig.bench.events.clear()
        rig.at(position)
        started.append([event.text.strip() for event in rig.bench.events if isinstance(event, PhraseStarted)])
    assert started == [["Good morning."], [], ["How are you?"]]


async def test_of_a_stopped_reply_only_what_was_heard_is_remembered() -> None:
    rig = Rig()
    await rig.committed()
    rig.at(2_000)
    rig.playback.stop()
    assert (rig.ended().heard_prefix, rig.ended().interrupted) == ("Good morning.", True)
    assert rig.chat.added == [("hello there", "Good morning.")]
    assert rig.bench.speaker.calls[-2:] == ["stop", "duck 0"]


async def test_a_retracted_reply_was_never_said() -> None:
    rig = Rig()
    turn = await rig.committed()
    rig.at(2_000)
    rig.bench.events.clear()
    assert rig.playback.retract() is turn
    assert rig.chat.added == []
    assert rig.bench.events == []
    assert rig.bench.speaker.calls[-2:] == ["stop", "duck 0"]


async def test_when_the_conversation_ends_what_was_heard_is_remembered() -> None:
    rig = Rig()
    await rig.committed()
    rig.at(2_000)
    rig.playback.close()
    assert rig.chat.added == [("hello there", "Good morning.")]


async def test_when_the_conversation_ends_before_a_sound_nothing_is_remembered() -> None:
    rig = Rig()
    await rig.committed()
    rig.playback.close()
    assert rig.chat.added == []


async def test_an_unprompted_reply_is_reported_and_is_no_exchange() -> None:
    rig = Rig()
    reply = Reply(0, ScriptedPipeline().reply_to(""), rig.bench.output)
    reply.release()
    rig.playback.start_unprompted(reply)
    await reply.run()
    rig.at(100)
    rig.at(5_000)
    assert (rig.ended().turn, rig.ended().heard_prefix) == (0, "Good morning. How are you?")
    assert rig.chat.added == []


@pytest.mark.parametrize(
    ("action", "calls"),
    [
        (DuckPlayback(12), ["duck 12"]),
        (UnduckPlayback(), ["duck 0"]),
        (PausePlayback(), ["pause"]),
        (ResumePlayback("it was nothing"), ["duck 0", "resume"]),
        (StopPlayback(1, "the person speaks"), ["stop", "duck 0"]),
    ],
)
async def test_the_floors_decisions_reach_the_speaker(action: PlaybackAction, calls: list[str]) -> None:
    rig = Rig()
    await rig.committed()
    rig.bench.speaker.calls.clear()
    rig.playback.apply(action)
    assert rig.bench.speaker.calls == calls


async def test_the_words_of_an_echo_are_those_that_played_a_little_before() -> None:
    rig = Rig()
    await rig.committed()
    rig.at(2_500)
    position = rig.playback.position_before(2_500)
    assert position == 2_500 - ECHO_WINDOW
    assert rig.playback.words_since(position) == "Good morning. How are you?"
    assert rig.playback.words_since(2_400) == "How are you?"
