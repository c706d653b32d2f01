"""The templates below are minimal ones of the kinds that current models carry."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.core.errors import ModelError
from voicemate.llm.base import Message
from voicemate.llm.chat_template import ChatTemplate, stop_markers

SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a model.<|im_end|>\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA3 = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}"
    "{{ message['content'] | trim + '<|eot_id|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('must alternate') }}{% endif %}"
    "{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
MISTRAL_V1 = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('must alternate') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token }}"
    "{% else %}{{ raise_exception('only user and assistant') }}{% endif %}{% endfor %}"
)
MISTRAL_V3 = (
    "{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] %}{% set said = messages[1:] %}"
    "{% else %}{% set said = messages %}{% endif %}{{ bos_token }}{% for message in said %}"
    "{% if message['role'] == 'user' %}{% if loop.last and system is defined %}"
    "{{ '[INST] ' + system + '\n\n' + message['content'] + '[/INST]' }}"
    "{% else %}{{ '[INST] ' + message['content'] + '[/INST]' }}{% endif %}"
    "{% else %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
)
QWEN3 = (
    "{% set ns = namespace(last=0) %}{% for message in messages %}"
    "{% if message['role'] == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}"
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' and loop.index0 > ns.last %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{{ message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{% endif %}"
)
KINDS = {
    "smollm2": SMOLLM2, "llama3": LLAMA3, "gemma": GEMMA, "mistral v1": MISTRAL_V1, "mistral v3": MISTRAL_V3,
    "qwen3": QWEN3, "none": "",
}  # fmt: skip
PERSONA = [Message("system", "You are Juniper."), Message("user", "Hello."), Message("assistant", "Hi!")]


def template(kind: str) -> ChatTemplate:
    return ChatTemplate(KINDS[kind], bos="<s>", eos="</s>", now=datetime(2026, 1, 2))


def user(words: str) -> Message:
    return Message("user", words)


def test_a_prompt_ends_with_the_header_of_the_reply():
    assert template("smollm2").prompt([*PERSONA, user("Tea?")]) == (
        "<|im_start|>system\nYou are Juniper.<|im_end|>\n<|im_start|>user\nHello.<|im_end|>\n"
        "<|im_start|>assistant\nHi!<|im_end|>\n<|im_start|>user\nTea?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_model_without_a_template_gets_the_most_common_one():
    assert template("none").prompt([*PERSONA, user("Tea?")]) == template("smollm2").prompt([*PERSONA, user("Tea?")])


@pytest.mark.parametrize("kind", ["gemma", "mistral v1", "mistral v3"])
def test_where_the_system_message_is_refused_or_wanders_the_user_says_it_first(kind):
    prompt = template(kind).prompt([*PERSONA, user("Tea?")])
    assert prompt.startswith(
        ("<s><start_of_turn>user\nYou are Juniper.\n\nHello.", "<s>[INST] You are Juniper.\n\nHello.")
    )
    assert prompt.count("You are Juniper.") == 1


def test_a_reasoning_model_is_prompted_not_to_reason():
    assert template("qwen3").prompt([user("Tea?")]).endswith("<think>\n\n</think>\n\n")


@pytest.mark.parametrize("kind", KINDS)
def test_an_open_turn_ends_with_its_words(kind):
    assert template(kind).prompt_prefix([*PERSONA, user("Would you like some ")]).endswith("Would you like some")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10)
@given(words=st.lists(st.sampled_from(["tea", "or", "milk?"]), min_size=1, max_size=4))
def test_every_prefix_is_the_beginning_of_the_prompts_that_follow(kind, words):
    chat = template(kind)
    history = [*PERSONA, user("One?"), Message("assistant", "Two."), user("Three?"), Message("assistant", "Four.")]
    prompt = chat.prompt([*history, user(" ".join(words))])
    for length in (1, 3, 5, 7):
        assert prompt.startswith(chat.prompt_prefix(history[:length]))
    for length in range(1, len(words) + 1):
        assert prompt.startswith(chat.prompt_prefix([*history, user(" ".join(words[:length]))]))


def test_after_a_reply_the_prefix_reaches_into_the_users_next_turn():
    assert (
        template("llama3")
        .prompt_prefix(PERSONA)
        .endswith("Hi!<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_words_of_one_speaker_become_one_message(kind):
    together = template(kind).prompt([*PERSONA, user("One. Two.")])
    assert template(kind).prompt([*PERSONA, user("One."), user(" Two. ")]) == together


def test_a_private_sign_in_the_words_does_no_harm():
    chat = template("smollm2")
    odd = user("odd \U0010fffd sign")
    assert chat.prompt([odd]).startswith(chat.prompt_prefix([odd]))


def test_the_date_stays_the_one_of_the_start():
    chat = ChatTemplate("{{ strftime_now('%d %b %Y') }}", now=datetime(2026, 1, 2))
    assert chat.prompt([]) == "02 Jan 2026"


def test_a_template_of_a_trained_model_may_mark_what_was_trained():
    marked = "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% break %}{% endfor %}"
    assert ChatTemplate(marked).prompt([user("Tea?")]) == "Tea?"


@pytest.mark.parametrize("source", ["{% if %}", "{{ raise_exception('never') }}", "{{ messages.missing.deeper }}"])
def test_a_template_that_cannot_be_used_is_named_as_the_reason(source):
    with pytest.raises(ModelError, match="chat template"):
        ChatTemplate(source).prompt([user("Tea?")])


def test_a_template_cannot_reach_into_the_program():
    with pytest.raises(ModelError, match="chat template"):
        ChatTemplate("{{ messages.__class__.__mro__[1].__subclasses__() }}").prompt([user("Tea?")])


@pytest.mark.parametrize(
    ("kind", "special", "expected"),
    [
        ("smollm2", ["<|im_end|>", "<|im_start|>"], {"<|im_end|>", "<|im_start|>"}),
        ("llama3", ["<|eot_id|>", "<|start_header_id|>"], {"<|eot_id|>", "<|start_header_id|>"}),
        ("mistral v1", ["</s>"], {"</s>", "[INST]", "[/INST]"}),
    ],
)
def test_what_stands_between_two_turns_ends_a_reply_when_it_leaks(kind, special, expected):
    found = set(stop_markers(template(kind).between_turns(), special))
    assert found >= expected
    assert not found & {"user", "assistant"}
