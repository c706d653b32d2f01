import pytest

from voicemate.thinking.mind import Message
from voicemate.thinking.prompt import opening

pytestmark = pytest.mark.real
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
    complete = await llama.completeness([*opening(juniper), Message("user", whole)])
    incomplete = await llama.completeness([*opening(juniper), Message("user", cut)])
    assert 0 <= incomplete < complete <= 1


async def test_asking_changes_no_reply_and_saves_work_for_it(llama, juniper):
    messages = [*opening(juniper), Message("user", "What's the capital of France?")]
    await llama.completeness(messages)
    before = llama.evaluated_tokens
    await llama.warm(messages)
    assert llama.evaluated_tokens == before
