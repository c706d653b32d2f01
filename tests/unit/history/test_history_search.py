"""Finding again what was said, in any script."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voicemate.history import HistoryReader, HistoryWriter, search_terms

EXCHANGES = (
    ("Where did I leave the green umbrella?", "By the door, I think."),
    ("今天天气很好，我们去公园吧。", "好啊，我也想去散步。"),
    ("Tell me about Café Größenwahn", "It's a café with 3 cats."),
    ("Is it an umbrella or a parasol?", 'They call it a "parapluie".'),
)


@pytest.fixture
def said(history: HistoryWriter, path: Path, talk):
    """What the person had said in the turns that a query finds."""
    talk(history, *EXCHANGES)

    def find(query: str) -> list[int]:
        with HistoryReader(path) as reader:
            return [turn.number for turn in reader.search(query)]

    return find


@pytest.mark.parametrize(
    ("query", "turns"),
    [
        ("umbrella", [1, 4]),
        ("UMBRELLA", [1, 4]),
        ("green umbrella", [1]),
        ("door umbrella", [1]),  # one word said, the other replied
        ('"the green"', [1]),
        ('"green the"', []),
        ("brell", [1, 4]),
        ("天气很好", [2]),
        ("公园", [2]),
        ("去", [2]),
        ("好", [2]),
        ("公园 散步", [2]),
        ("café", [3]),
        ("cafe\u0301", [3]),
        ("GRÖSSENWAHN", []),  # folding ß is more than the index does
        ("größenwahn", [3]),
        ("3", [3]),
        ("it's", [3]),
        ("IT", [3, 4]),
        ("xyz", []),
        ("", []),
        ("  ", []),
        ('"', []),
        ("%", []),
        ("__", []),
    ],
)
def test_a_query_finds(said, query: str, turns: list[int]):
    assert said(query) == turns


def test_quotes_within_the_words_can_be_searched_for(said):
    assert said("parapluie") == [4]


@given(
    query=st.text(max_size=30) | st.sampled_from(['a" OR b', "NEAR(a b)", "said:door", "*", "^abc", "-door", "a\0b"])
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_query_breaks_the_search(said, query: str):
    said(query)


@given(text=st.text(st.characters(codec="utf-8", exclude_characters='\0"'), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_said_is_found_by_its_own_words(history: HistoryWriter, path: Path, text: str):
    history.start_turn(1, text, "en")
    assert history.flush()
    with HistoryReader(path) as reader:
        found = reader.search(text)
    assert len(found) == (1 if search_terms(text) else 0)


def test_the_latest_finds_are_kept_when_there_are_too_many(history: HistoryWriter, path: Path, talk):
    talk(history, *((f"number {n}", "yes") for n in range(10)))
    with HistoryReader(path) as reader:
        assert [turn.said for turn in reader.search("number", limit=2)] == ["number 8", "number 9"]


def test_words_that_were_replaced_are_not_found(history: HistoryWriter, path: Path):
    history.start_turn(1, "rhubarb", "en")
    history.start_turn(1, "rosemary", "en")
    history.update_reply(1, "thyme")
    history.finish_turn(1, "thyme and tarragon", interrupted=False)
    assert history.flush()
    with HistoryReader(path) as reader:
        assert not reader.search("rhubarb")
        assert reader.search("rosemary tarragon")
