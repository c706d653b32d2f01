import pytest

from voicemate.llm.base import Message
from voicemate.llm.prompt import opening_messages

pytestmark = pytest.mark.models
WHOLE_AND_CUT = [
    ("What is the capital of France", "What is the capital of"),
    ("I went to the market yesterday", "I went to the"),
    ("Can you tell me a joke", "Can you tell me a"),
    ("I would like a cup of tea, please", "I would like a cup of"),
    ("My sister lives in London", "My sister lives in"),
    ("How do I grow tomatoes", "How do I"),
    ("It was raining all day", "It was raining because"),
    ("Thank you very much", "Thank you very"),
]


@pytest.mark.parametrize(("whole", "cut"), WHOLE_AND_CUT)
async def test_a_whole_sentence_sounds_more_complete_than_its_beginning(llama, juniper, whole, cut):
    complete = await llama.completeness([*opening_messages(juniper), Message("user", whole)])
    incomplete = await llama.completeness([*opening_messages(juniper), Message("user", cut)])
    assert 0 <= incomplete < complete <= 1


async def test_asking_changes_no_reply_and_costs_no_token_more(llama, juniper):
    messages = [*opening_messages(juniper), Message("user", "What's the capital of France?")]

    async def reply() -> list[str]:
        return [piece async for piece in llama.reply(messages, juniper.sampling, seed=5)]

    await llama.prefill(messages[:1])
    began = llama.evaluated_tokens
    alone = await reply()
    cost = llama.evaluated_tokens - began

    await llama.prefill(messages[:1])
    began = llama.evaluated_tokens
    await llama.completeness(messages, trailing_marks="?")
    assert await reply() == alone
    assert llama.evaluated_tokens - began == cost


async def test_the_closing_mark_is_not_judged(llama, juniper):
    words = "I would like a cup of"
    written = await llama.completeness([*opening_messages(juniper), Message("user", f"{words}.")], trailing_marks=".")
    bare = await llama.completeness([*opening_messages(juniper), Message("user", words)])
    assert written == pytest.approx(bare, rel=0.01)


PAST = [
    Message("user", "What's the weather like?"),
    Message("assistant", "I hear it will rain later, so I've put the awning out. Do you like the rain?"),
    Message("user", "Turn on the kitchen lamp."),
    Message("assistant", "I wish I could reach your lamp from here. What are you cooking tonight?"),
    Message("user", "He might even have been made amiable himself."),
    Message("assistant", "That sounds like something from an old novel. Which one are you reading?"),
]


async def test_what_was_said_before_does_not_make_a_whole_sentence_open(llama, juniper):
    start, words = opening_messages(juniper), Message("user", "Launch Firefox")
    first = await llama.completeness([*start, words])
    later = await llama.completeness([*start, *PAST, words])
    seen_twice = await llama.completeness([*start, *PAST, words], opening=start)
    assert later < first
    assert seen_twice == pytest.approx(first, rel=0.2)


async def test_an_answer_is_still_judged_as_the_answer_it_is(llama, juniper):
    start, words = opening_messages(juniper), Message("user", "Half an hour")
    asked = [*start, Message("user", "Set a timer."), Message("assistant", "For how long should I set it?"), words]
    alone = await llama.completeness([*start, words])
    answer = await llama.completeness(asked, opening=start)
    assert answer > 2 * alone


async def test_a_second_look_changes_no_reply(llama, juniper):
    start = opening_messages(juniper)
    messages = [*start, *PAST, Message("user", "Launch Firefox.")]

    async def reply() -> list[str]:
        return [piece async for piece in llama.reply(messages, juniper.sampling, seed=5)]

    plain = await reply()
    await llama.prefill(start)
    await llama.completeness(messages, ".", start)
    assert await reply() == plain
    await llama.completeness(messages, ".", start)
    assert await reply() == plain
