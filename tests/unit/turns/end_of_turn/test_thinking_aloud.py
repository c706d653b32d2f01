"""Words in which a person asks for a moment."""

import pytest

from voicemate.turns.end_of_turn.lexical import is_thinking_aloud


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Let me think.", "en"),
        ("That's a good question. Let me think about it for a moment.", "en"),
        ("Wait a second!", "en"),
        ("Hold on.", "en"),
        ("Just a moment, please.", "en"),
        ("Lass mich kurz nachdenken.", "de"),
        ("Moment mal.", "de"),
        ("Laisse-moi réfléchir.", "fr"),
        ("Déjame pensar.", "es"),
        ("让我想一想。", "zh"),
        ("等一下。", "zh"),
    ],
)
def test_a_moment_is_asked_for(text: str, language: str):
    assert is_thinking_aloud(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Let me think about my sister's birthday.", "en"),
        ("I can't wait.", "xx"),
        ("What should we do about it?", "en"),
        ("Das war ein schöner Tag.", "de"),
        ("我想吃苹果。", "zh"),
        ("", "en"),
    ],
)
def test_other_words_ask_for_no_moment(text: str, language: str):
    assert not is_thinking_aloud(text, language)
