"""What a person finds when they look into their history."""

from pathlib import Path

import pytest

from voicemate import __version__
from voicemate.core.errors import HistoryError
from voicemate.history import HistoryReader, HistoryWriter
from voicemate.metrics.timing import Timing

TIMING = Timing(gap_ms=612.5, endpoint_ms=480, stt_ms=210, llm_ms=150, tts_ms=40, ready=True)


def test_a_conversation_is_read_as_it_was_held(history: HistoryWriter, path: Path):
    history.start_turn(0)
    history.finish_turn(0, "Hello there.", interrupted=False)
    history.start_turn(1, "What is the time?", "en")
    history.add_timing(1, TIMING)
    history.update_reply(1, "It is")
    history.finish_turn(1, "It is late", interrupted=True)
    history.end_session()
    assert history.flush()

    with HistoryReader(path) as reader:
        (session,) = reader.sessions()
        greeting, turn = reader.turns(session.id)
    assert (session.persona, session.version, session.turn_count) == ("Juniper", __version__, 1)
    assert session.models == {"stt": "whisper-base", "llm": "smollm2-135m"}
    assert session.first_words == "What is the time?"
    assert session.ended is not None
    assert (greeting.number, greeting.said, greeting.reply) == (0, "", "Hello there.")
    assert (turn.said, turn.language, turn.reply, turn.interrupted) == ("What is the time?", "en", "It is late", True)
    assert turn.persona == "Juniper"
    assert turn.timing == TIMING
    assert turn.ended is not None
    assert session.started < turn.asked < turn.ended < session.ended


def test_a_turn_without_a_reply_has_no_timing_and_no_end(history: HistoryWriter, path: Path):
    history.start_turn(1, "Hello?", "en")
    assert history.flush()
    with HistoryReader(path) as reader:
        (turn,) = reader.recent()
    assert (turn.timing, turn.ended, turn.reply, turn.interrupted) == (None, None, "", False)


def test_a_conversation_in_which_nothing_is_said_leaves_no_trace(history: HistoryWriter, path: Path):
    history.end_session()
    assert history.flush()
    with HistoryReader(path) as reader:
        assert reader.sessions() == []


def test_a_fresh_machine_has_an_empty_history_and_reading_makes_no_file(path: Path):
    with HistoryReader(path) as reader:
        assert reader.sessions() == []
        assert reader.recent() == []
        assert reader.search("anything") == []
    assert not path.parent.exists()


def test_the_latest_conversations_come_last(path: Path, clock, talk):
    for persona in ("One", "Two", "Three"):
        history = HistoryWriter(path, now=clock)
        history.start_session(persona, {})
        talk(history, ("hello", "hi"))
        history.close()
    with HistoryReader(path) as reader:
        assert [session.persona for session in reader.sessions(limit=2)] == ["Two", "Three"]
        assert [turn.persona for turn in reader.recent(limit=2)] == ["Two", "Three"]


def test_an_unknown_conversation_is_an_error_with_a_way_out(history: HistoryWriter, path: Path):
    with (
        HistoryReader(path) as reader,
        pytest.raises(HistoryError, match=r"no conversation 7 .* Run `voicemate history`"),
    ):
        reader.turns(7)


def test_the_history_can_be_read_while_it_is_written(history: HistoryWriter, path: Path, talk):
    talk(history, ("first", "one"))
    with HistoryReader(path) as reader:
        assert len(reader.recent()) == 1
        talk(history, ("second", "two"), first=2)
        assert [turn.said for turn in reader.recent()] == ["first", "second"]


def test_a_turn_that_went_on_after_all_replaces_its_first_half(history: HistoryWriter, path: Path):
    history.start_turn(1, "I went to the", "en")
    history.update_reply(1, "Oh")
    history.start_turn(1, "I went to the market.", "en")
    assert history.flush()
    with HistoryReader(path) as reader:
        (turn,) = reader.recent()
    assert (turn.said, turn.reply) == ("I went to the market.", "")


def test_memory_gets_the_latest_exchanges_with_the_same_character(path: Path, clock, talk):
    for persona, said in (("Juniper", "one"), ("Mei", "two"), ("Juniper", "three"), ("Juniper", "four")):
        history = HistoryWriter(path, now=clock)
        history.start_session(persona, {})
        history.start_turn(0)
        history.finish_turn(0, "Welcome.", interrupted=False)
        talk(history, (said, "yes"), ("unanswered", ""))
        history.close()
    with HistoryReader(path) as reader:
        assert [turn.said for turn in reader.recent_exchanges("Juniper", limit=2)] == ["three", "four"]
        assert [turn.said for turn in reader.recent_exchanges("Mei", limit=9)] == ["two"]


def test_text_that_is_no_valid_unicode_does_not_stop_the_writing(history: HistoryWriter, path: Path, talk):
    talk(history, ("half a \ud83d pair and a \0 nul", "fine"))
    with HistoryReader(path) as reader:
        (turn,) = reader.search("pair and a")
    assert turn.said == "half a ? pair and a  nul"
