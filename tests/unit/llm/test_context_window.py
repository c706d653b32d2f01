from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.core.errors import PersonaError
from voicemate.llm.base import Message
from voicemate.llm.context_window import ContextWindow
from voicemate.llm.prompt import Exchange
from voicemate.personas.persona import ExampleExchange, Persona, Sampling

SIZE = 512
REPLY = 100
JUNIPER = Persona(name="Juniper", description="A gardener.", greeting="Hello!", sampling=Sampling(max_tokens=REPLY))


def count(messages: Sequence[Message]) -> int:
    """A token a word and four around each message, as chat templates have; a Chinese character is a word."""
    return 3 + sum(4 + len(m.content.split()) + sum(ord(sign) > 0x2000 for sign in m.content) for m in messages)


def said(words: int, reply: int, name: str = "x") -> Exchange:
    return Exchange(" ".join([name] * words), " ".join([name] * reply))


HISTORIES = st.lists(
    st.builds(said, st.integers(1, 120), st.integers(0, REPLY), st.text("abc", min_size=1, max_size=3)), max_size=40
)


def test_a_short_conversation_is_complete_in_the_prompt():
    context = ContextWindow(JUNIPER, SIZE, count)
    messages = context.fit([said(5, 10)], "And then?")
    assert messages == [
        *context.opening,
        Message("user", "x x x x x"),
        Message("assistant", " ".join("x" * 10)),
        Message("user", "And then?"),
    ]


@settings(max_examples=60)
@given(HISTORIES, st.integers(1, 700))
def test_a_prompt_leaves_room_for_the_reply_and_always_has_the_persona(history, words):
    context = ContextWindow(JUNIPER, SIZE, count)
    for turn in range(len(history) + 1):
        messages = context.fit(history[:turn], " ".join(["word"] * words))
        assert count(messages) + REPLY <= SIZE
        assert messages[: len(context.opening)] == context.opening
        assert messages[-1].role == "user"


@settings(max_examples=60)
@given(HISTORIES)
def test_between_two_steps_each_prompt_begins_with_the_one_before(history):
    context = ContextWindow(JUNIPER, SIZE, count)
    before: list[Message] = context.fit([])
    steps = 0
    for turn in range(1, len(history) + 1):
        messages = context.fit(history[:turn])
        if messages[: len(before)] != before:
            steps += 1
            assert count([*before, *messages[-2:]]) > SIZE - REPLY - 200
        before = messages
    said_in_all = sum(count([Message("user", past.user + " " + past.reply)]) for past in history)
    assert steps <= 1 + said_in_all / 100


def test_a_step_leaves_half_of_the_room_free_so_that_the_next_one_is_far():
    context = ContextWindow(JUNIPER, SIZE, count)
    history: list[Exchange] = []
    kept: list[int] = []
    for _ in range(60):
        history.append(said(10, 20))
        kept.append(len(context.fit(history)) - len(context.opening))
    steps = [turn for turn in range(1, 60) if kept[turn] < kept[turn - 1]]
    assert len(steps) >= 5
    assert all(later - earlier >= 4 for earlier, later in pairwise(steps))


def test_the_step_is_due_after_a_reply_and_not_when_the_user_waits():
    context = ContextWindow(JUNIPER, SIZE, count)
    history: list[Exchange] = []
    for _ in range(40):
        idle = context.fit(history)
        assert context.fit(history, " ".join(["word"] * 50))[: len(idle)] == idle
        history.append(said(50, 30))


def test_what_was_said_last_is_kept_even_if_it_is_long():
    context = ContextWindow(JUNIPER, SIZE, count)
    history = [said(10, 10)] * 12 + [said(150, 90, "last")]
    assert "last" in context.fit(history)[-1].content


def test_words_that_alone_exceed_the_context_keep_their_beginning_and_end():
    context = ContextWindow(JUNIPER, SIZE, count)
    words = " ".join(f"w{n}" for n in range(2000))
    shortened = context.fit([said(5, 5)], words)[-1].content
    assert shortened.startswith("w0 w1 ")
    assert shortened.endswith(" w1998 w1999")
    assert " … " in shortened
    assert count(context.fit([], words)) > SIZE - REPLY - 10


def test_long_words_without_spaces_are_shortened_too():
    context = ContextWindow(JUNIPER, SIZE, count)
    shortened = context.fit([], "我" * 2000)[-1].content
    assert shortened.count("我") > 200
    assert "…" in shortened


def test_examples_give_way_to_the_conversation_the_last_ones_first():
    examples = tuple(ExampleExchange(user=f"q{n} " * 20, character=f"a{n} " * 20) for n in range(10))
    context = ContextWindow(JUNIPER.model_copy(update={"examples": examples}), SIZE, count)
    told = " ".join(message.content for message in context.opening)
    assert "a0" in told
    assert "a9" not in told
    assert "Hello!" in told
    assert count(context.opening) <= SIZE // 2


def test_a_persona_that_fills_the_context_alone_is_refused_with_numbers():
    with pytest.raises(PersonaError, match=r"takes 1\d\d\d tokens; a context of 512 tokens"):
        ContextWindow(JUNIPER.model_copy(update={"description": "word " * 1000}), SIZE, count)


def test_a_reply_that_may_be_longer_than_the_context_leaves_room_for_the_prompt():
    endless = JUNIPER.model_copy(update={"sampling": Sampling(max_tokens=4096)})
    assert count(ContextWindow(endless, SIZE, count).fit([], "word " * 1000)) <= SIZE - SIZE // 3


def test_a_history_that_lost_its_last_exchange_is_no_surprise():
    context = ContextWindow(JUNIPER, SIZE, count)
    history = [said(30, 60)] * 20
    context.fit(history)
    assert context.fit([], "Hello again.")[-1] == Message("user", "Hello again.")
