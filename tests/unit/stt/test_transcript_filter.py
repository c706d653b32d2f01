import pytest

from voicemate.core.pcm import to_samples
from voicemate.stt.transcript_filter import NonSpeech, Speech, agreement, classify, needs_second_opinion

CLEAR = -25.0


@pytest.mark.parametrize(
    "text", ["[BLANK_AUDIO]", "(keyboard clicking)", "*sighs*", "[ Inaudible ]", "[", "♪ ♪", "...", ""]
)
def test_a_tag_is_not_words(text: str):
    assert classify(text, 0.8, to_samples(1000), CLEAR) == NonSpeech("no words", text)


def test_a_tag_beside_words_is_removed():
    assert classify("(coughs) Turn on [noise] the light.", 0.8, to_samples(2000), CLEAR) == Speech(
        "Turn on the light."
    )


def test_unlikely_words_are_rejected():
    assert classify("The Earth has", 0.26, to_samples(1000), CLEAR) == NonSpeech("unclear", "The Earth has")


def test_a_sentence_needs_more_confidence_than_a_word():
    assert isinstance(classify("Skip on TV.", 0.33, to_samples(900), CLEAR), Speech)
    assert isinstance(classify("German choice and hold on the white hair.", 0.38, to_samples(3000), CLEAR), NonSpeech)
    assert isinstance(classify("Cancel the timer.", 0.45, to_samples(900), CLEAR), Speech)


def test_a_sentence_does_not_fit_into_a_cough():
    verdict = classify("Thank you for saying that to me.", 0.9, to_samples(150), CLEAR)
    assert verdict == NonSpeech("too many words for the voice heard", "Thank you for saying that to me.")


def test_two_words_are_too_few_for_ten_seconds_of_singing():
    assert classify("Thank you.", 0.9, to_samples(10_000), CLEAR) == NonSpeech(
        "too few words for the voice heard", "Thank you."
    )


@pytest.mark.parametrize(
    ("text", "confidence", "ms"),
    [
        ("Stop.", 0.62, 480),
        ("Next.", 0.46, 480),
        ("Yes.", 0.5, 220),
        ("5 5", 0.4, 860),
        ("90210", 0.65, 1020),
        ("What's the weather?", 0.76, 540),
        ("打开客厅的灯。", 0.8, 1100),
        ("Thank you.", 0.8, 500),
        ("Never mind, it is fine, I will ask somebody else about it later.", 0.9, 3500),
    ],
)
def test_real_speech_is_accepted(text: str, confidence: float, ms: float):
    assert classify(text, confidence, to_samples(ms), CLEAR) == Speech(text)


def test_typical_inventions_need_a_second_sign_against_them():
    assert isinstance(classify("Thank you.", 0.8, to_samples(600), CLEAR), Speech)
    assert isinstance(classify("Thank you for watching!", 0.6, to_samples(900), CLEAR), NonSpeech)
    assert isinstance(classify("Bye.", 0.6, to_samples(400), CLEAR), NonSpeech)
    assert isinstance(classify("Bye, Juniper.", 0.6, to_samples(700), CLEAR), Speech)


def test_unclear_words_are_accepted_if_loud_and_rejected_if_faint():
    assert isinstance(classify("Turn it up.", 0.45, to_samples(800), -30.0), Speech)
    assert isinstance(classify("Turn it up.", 0.45, to_samples(800), -65.0), NonSpeech)


def test_an_unclear_loop_is_rejected():
    assert isinstance(classify("go go go go go go", 0.45, to_samples(3000), CLEAR), NonSpeech)


@pytest.mark.parametrize(
    ("text", "confidence", "needed"),
    [
        ("Cancel all timers.", 0.45, True),
        ("Stop.", 0.35, False),  # one word comes out otherwise even when it was said
        ("I love it.", 0.35, True),
        ("Cancel all timers.", 0.8, False),
        ("Cancel all timers.", 0.35, False),  # dismissed in any case
        ("(keyboard clicking)", 0.45, False),
        ("", 0.0, False),
    ],
)
def test_only_unsure_words_need_a_second_opinion(text: str, confidence: float, needed: bool):
    assert needs_second_opinion(text, confidence) is needed


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Hey Mike Ross", "Hey, my cross."),
        ("cancel all tires.", "Cancel all timers."),
        ("5 5", "5, 5."),
        ("next", "Next. Next. Next. Next. Next. Next. Next."),
        ("Two.", "2"),
        ("Activate blue lighting.", "Activate Blue Signing"),
        ("打开客厅的灯。", "打开客厅灯"),
    ],
)
def test_unsure_words_with_a_similar_second_opinion_are_accepted(text: str, other: str):
    assert classify(text, 0.5, to_samples(1500), CLEAR, agreement(text, other)) == Speech(text)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("to the last few years.", "(speaking in foreign language)"),
        ("You must say", "Thank you for seeing"),
        ("You have to do what I", ""),
        ("2", "[Music]"),
    ],
)
def test_unsure_words_with_another_second_opinion_are_rejected(text: str, other: str):
    verdict = classify(text, 0.5, to_samples(1500), CLEAR, agreement(text, other))
    assert verdict == NonSpeech("unclear, and heard otherwise when heard again", text)


def test_words_that_only_one_decode_is_sure_of_need_both():
    assert needs_second_opinion("Thank you for saying", 0.61, rejected_confidence=0.36)
    assert not needs_second_opinion("Thank you for saying", 0.61, rejected_confidence=0.8)
    assert not needs_second_opinion("Stop.", 0.61, rejected_confidence=0.36)
    assert needs_second_opinion("C.I.H.R.", 0.43, rejected_confidence=0.23)


def test_words_that_the_full_decode_is_sure_of_need_no_second_opinion():
    assert not needs_second_opinion("Half an hour", 0.71, rejected_confidence=0.55)


@pytest.mark.parametrize(
    ("confidence", "agreed", "believed"),
    [(0.59, 1.0, False), (0.61, 1.0, True), (0.61, 0.8, True), (0.61, 0.6, False)],
)
def test_among_noise_whisper_must_be_sure_and_agree_with_itself(confidence: float, agreed: float, believed: bool):
    said = "I would like some tea"
    assert isinstance(classify(said, confidence, to_samples(1500), CLEAR, agreed), Speech)
    verdict = classify(said, confidence, to_samples(1500), CLEAR, agreed, among_noise=True)
    assert isinstance(verdict, Speech) == believed
