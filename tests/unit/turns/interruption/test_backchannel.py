"""What over the character's voice makes it stop, and what does not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.turns.interruption.backchannel import Overlap, classify_overlap


def overlap(text: str, voiced_ms: float = 600) -> Overlap:
    return classify_overlap(text, voiced_ms).overlap


@pytest.mark.parametrize(
    "text",
    [
        *("Mm-hmm.", "Mhm", "mm hmm", "Uh-huh.", "Hmm.", "Huh.", "Mm.", "Aha!", "Ah-ha.", "Oh.", "Ooh!", "Aww"),
        *(
            "Yeah.",
            "Yeah, yeah.",
            "yeah yeah yeah",
            "Yep.",
            "Okay.",
            "OK",
            "O.K.",
            "Right.",
            "Right, right.",
            "Sure.",
        ),
        *("Oh, really?", "Wow!", "I see.", "Got it.", "Oh, okay, I see.", "No way!", "That's true.", "Thank you."),
        *("Ja.", "Ja, ja.", "Genau!", "Ach so.", "Na klar.", "Ja, stimmt.", "Verstehe."),
        *("Ouais.", "Oui, oui.", "D'accord.", "Ah bon ?", "C'est ça.", "Bien sûr.", "Oh là là !"),
        *("Sí.", "Sí, claro.", "Vale, vale.", "¿En serio?", "Ajá.", "Entiendo.", "Mjm."),
        *("嗯。", "嗯嗯。", "对对对。", "對啊。", "好的，好的。", "是吗？", "哦，明白了。", "原来如此。"),
    ],
)
def test_a_sign_of_listening_is_no_bid(text: str):
    assert overlap(text) is Overlap.BACKCHANNEL


@pytest.mark.parametrize(
    "text", ["Um.", "Uh...", "Er,", "Ähm.", "Euh...", "So,", "Well...", "Also...", "Alors,", "Pues...", "那个，"]
)
def test_hesitation_holds_no_floor_before_more_follows(text: str):
    assert overlap(text) is Overlap.BACKCHANNEL
    assert overlap(text.rstrip(".,，") + ", what I meant") is Overlap.INTERRUPTION


@pytest.mark.parametrize(
    "text",
    [
        *("No.", "No, no, no.", "Wait.", "Stop!", "Stop it.", "But", "What?", "Sorry?", "Juniper!", "Hold on."),
        *("Yeah, but...", "yeah...but", "Yeah—no.", "Okay, stop.", "Right, so I", "Mm-hmm, and then?", "I know him."),
        *("Nein.", "Warte mal.", "Ja, aber", "Moment.", "Non.", "Oui, mais", "Attends.", "No, espera.", "Sí, pero"),
        *("不是。", "等一下。", "对，但是", "停。", "好不好？", "不对。", "对不起。"),
    ],
)
def test_anything_else_is_a_bid(text: str):
    assert overlap(text) is Overlap.INTERRUPTION


@pytest.mark.parametrize(
    "text",
    [
        *("(laughs)", "[coughing]", "*sighs*", "[BLANK_AUDIO]", "(coughs) [laughter]", "", "...", "♪"),
        *(
            "Ha ha ha!",
            "Hahaha.",
            "Hehehe",
            "Ahahaha!",
            "Bahaha!",
            "Mwahaha",
            "Jajaja.",
            "Hihihi",
            "哈哈哈！",
            "呵呵",
        ),
        *("Achoo!", "Ahem.", "Hatschi!", "Ugh.", "Phew!"),
    ],
)
def test_what_the_body_does_is_no_words_however_long(text: str):
    assert overlap(text) is Overlap.NON_SPEECH
    assert overlap(text, voiced_ms=5000) is Overlap.NON_SPEECH


def test_a_tag_beside_words_does_not_matter():
    assert overlap("(laughs) Yeah.") is Overlap.BACKCHANNEL
    assert overlap("(laughs) Yeah, but why?") is Overlap.INTERRUPTION


@pytest.mark.parametrize("text", ["Huh?", "Hm?", "Hein ?", "Hä?", "嗯？", "Eh?"])
def test_asking_to_hear_it_again_is_a_bid(text: str):
    assert overlap(text) is Overlap.INTERRUPTION


@pytest.mark.parametrize("text", ["Nuh-uh!", "nuh uh"])
def test_disagreeing_is_a_bid(text: str):
    assert overlap(text) is Overlap.INTERRUPTION


def test_more_voice_than_the_words_take_is_a_bid():
    """Whisper wrote one word of what must have been a sentence."""
    assert overlap("Yeah.", voiced_ms=1400) is Overlap.BACKCHANNEL
    assert overlap("Yeah.", voiced_ms=2000) is Overlap.INTERRUPTION
    assert overlap("Yeah, yeah, yeah.", voiced_ms=2000) is Overlap.BACKCHANNEL


@pytest.mark.parametrize("text", ["Mama?", "Mom.", "Hama", "Eha.", "Un."])
def test_a_murmur_that_whisper_took_for_a_word_is_no_bid(text: str):
    assert classify_overlap(text, 500, confidence=0.5).overlap is Overlap.BACKCHANNEL
    assert classify_overlap(text, 500, confidence=0.9).overlap is Overlap.INTERRUPTION


@pytest.mark.parametrize("text", ["No.", "Nein.", "Non.", "Stop.", "Wait.", "Why?", "Mama, help me."])
def test_an_unsure_bid_is_still_one(text: str):
    assert classify_overlap(text, 500, confidence=0.4).overlap is Overlap.INTERRUPTION


def test_the_rule_that_decided_is_told():
    assert classify_overlap("Yeah.", 3000).reason == "more voice than those words take"
    assert classify_overlap("Yeah, but", 600).reason == "words that take the floor"


SIGNS = st.sampled_from(["yeah", "mm-hmm", "okay", "right", "oh", "I see", "ja", "嗯", "d'accord", "claro"])


@settings(deadline=None)
@given(st.lists(SIGNS, min_size=1, max_size=5), st.sampled_from([" ", ", ", ". ", "... "]))
def test_signs_of_listening_in_a_row_are_one(signs: list[str], between: str):
    assert overlap(between.join(signs), voiced_ms=300 * len(signs)) is Overlap.BACKCHANNEL


@settings(deadline=None)
@given(st.lists(SIGNS, max_size=3), st.sampled_from(["stop", "wait", "no", "but", "why", "Juniper", "不", "nein"]))
def test_one_bid_among_signs_of_listening_is_heard(signs: list[str], bid: str):
    assert overlap(" ".join([*signs, bid])) is Overlap.INTERRUPTION


@pytest.mark.parametrize("laugh", ["haa", "ah", "hm", "oh", "uh", "ja", "he", "mjm"])
def test_a_word_without_end_is_judged_at_once(laugh: str):
    """Whisper loops, and a pattern that tries everything would hang."""
    assert classify_overlap(f"{laugh * 200}x", 600).overlap is Overlap.INTERRUPTION


@settings(deadline=None)
@given(st.text(max_size=60), st.floats(0, 1e5))
def test_any_transcript_gets_a_verdict(text: str, voiced_ms: float):
    assert classify_overlap(text, voiced_ms).reason
