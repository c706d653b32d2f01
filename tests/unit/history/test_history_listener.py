"""What the history keeps of the events of a conversation."""

from pathlib import Path

import pytest

from voicemate.core.events import (
    Event,
    EventStream,
    FloorChanged,
    FloorState,
    GenerationDiscarded,
    PhraseQueued,
    PhraseStarted,
    ReplyEnded,
    Transcribed,
    TurnEnded,
    TurnTimed,
)
from voicemate.history import HistoryReader, HistorySubscriber, HistoryWriter, StoredTurn
from voicemate.metrics.timing import Timing

ASKED = Transcribed(0, 1, "Tell me a story.", "en", final=True)


@pytest.fixture
def after(history: HistoryWriter, path: Path):
    """The turns that are kept when the events happened."""
    writer = HistorySubscriber(history)

    def turns(*events: Event) -> list[StoredTurn]:
        for event in events:
            writer.on_event(event)
        assert history.flush()
        with HistoryReader(path) as reader:
            return reader.recent()

    return turns


def test_a_whole_turn_is_kept(after):
    (turn,) = after(
        Transcribed(0, 1, "Tell me", "en", final=False),
        TurnEnded(0, 1, 0, 0, "480 ms of silence"),
        ASKED,
        PhraseQueued(0, 1, "Once upon a time, ", "Once upon a time,"),
        TurnTimed(0, 1, gap=600, endpoint=480, stt=90, llm=70, tts=30, ready=True),
        PhraseStarted(0, 1, "Once upon a time, "),
        PhraseStarted(0, 1, "there was a cat."),
        ReplyEnded(0, 1, "Once upon a time, there was a cat.", interrupted=False),
    )
    assert (turn.said, turn.reply, turn.interrupted) == (
        "Tell me a story.",
        "Once upon a time, there was a cat.",
        False,
    )
    assert turn.timing == Timing(600, 480, 90, 70, 30, True)


def test_whoever_is_told_of_a_turns_end_finds_it_in_the_history(history: HistoryWriter, path: Path):
    """Whenever they began to listen: a kill right after they were told loses nothing of it."""
    found: list[str] = []

    def look(event: Event) -> None:
        if isinstance(event, ReplyEnded):
            with HistoryReader(path) as reader:
                found.extend(turn.reply for turn in reader.recent() if turn.ended)

    events = EventStream()
    events.subscribe(look)
    events.subscribe(HistorySubscriber(history).on_event, first=True)
    for event in (ASKED, PhraseStarted(0, 1, "Once."), ReplyEnded(0, 1, "Once.", interrupted=False)):
        events.emit(event)
    assert found == ["Once."]


def test_a_draft_that_was_never_final_is_not_kept(after):
    assert (
        after(Transcribed(0, 1, "Tell me", "en", final=False), GenerationDiscarded(0, 1, "the person went on")) == []
    )


def test_what_was_only_planned_is_not_kept(after):
    (turn,) = after(ASKED, PhraseQueued(0, 1, "Once", "Once"), FloorChanged(0, FloorState.SPEAKING))
    assert turn.reply == ""


def test_a_phrase_counts_as_heard_when_the_next_one_begins(after):
    started = [PhraseStarted(0, 1, text) for text in ("Once upon a time, ", "there was ", "a cat.")]
    (turn,) = after(ASKED, *started)
    assert turn.reply == "Once upon a time, there was"
    assert turn.ended is None


def test_an_interrupted_reply_is_kept_to_the_word(after):
    (turn,) = after(
        ASKED,
        PhraseStarted(0, 1, "Once upon a time, "),
        PhraseStarted(0, 1, "there was a cat."),
        ReplyEnded(0, 1, "Once upon a time, there", interrupted=True),
    )
    assert (turn.reply, turn.interrupted) == ("Once upon a time, there", True)


def test_a_greeting_is_kept_as_turn_0(after):
    greeting, turn = after(
        PhraseStarted(0, 0, "Hello, "),
        PhraseStarted(0, 0, "how are you?"),
        ReplyEnded(0, 0, "Hello, how are you?", interrupted=False),
        ASKED,
    )
    assert (greeting.number, greeting.said, greeting.reply) == (0, "", "Hello, how are you?")
    assert turn.number == 1


def test_a_turn_that_went_on_after_our_first_word_is_one_turn(after):
    (turn,) = after(
        Transcribed(0, 1, "I went to the", "en", final=True),
        PhraseStarted(0, 1, "Oh, "),
        PhraseStarted(0, 1, "where to?"),
        GenerationDiscarded(0, 1, "the person went on"),
        Transcribed(0, 1, "I went to the market.", "en", final=True),
        PhraseStarted(0, 1, "What did you buy?"),
        ReplyEnded(0, 1, "What did you buy?", interrupted=False),
    )
    assert (turn.said, turn.reply) == ("I went to the market.", "What did you buy?")
