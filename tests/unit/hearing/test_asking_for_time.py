"""Words in which a person asks for time."""

import pytest

from voicemate.hearing.patience import PATIENT, USUAL, patience_asked, thinking_aloud


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
    assert thinking_aloud(text, language)


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
    assert not thinking_aloud(text, language)


@pytest.mark.parametrize(
    ("text", "language", "asked"),
    [
        ("Take your time.", "en", PATIENT),
        ("Please, don't interrupt me.", "en", PATIENT),
        ("Lass dir Zeit!", "de", PATIENT),
        ("Prends ton temps.", "fr", PATIENT),
        ("Tómate tu tiempo.", "es", PATIENT),
        ("慢慢来吧。", "zh", PATIENT),
        ("You don't have to wait so long.", "en", USUAL),
        ("He told me to take your time.", "en", None),
        ("Good morning.", "en", None),
        ("Take your time.", "xx", None),
    ],
)
def test_patience_is_asked_for_from_now_on(text: str, language: str, asked: float | None):
    assert patience_asked(text, language) == asked
