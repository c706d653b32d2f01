"""What a character does is not said; what it says with emphasis, or in passing, is."""

import pytest


@pytest.mark.parametrize(
    "text",
    [
        "*smiles* Hello.",
        "Hello. *waves*",
        "*smiles warmly and nods* Hello.",
        "*softly laughs* Hello.",
        "*She nods.* Hello.",
        "*Her eyes light up. She leans closer.* Hello.",
        "*the kettle begins to sing* Hello.",
        "*I lean back in my chair.* Hello.",
        "*beams* Hello.",
        "_smiles_ Hello.",
        "**Smiles** Hello.",
        "*smiles* *winks* Hello.",
        "(laughs) Hello.",
        "(softly laughing) Hello.",
        "(looks away) Hello.",
        "[sighs] Hello.",
        "(*chuckles*) Hello.",
        "*微笑* Hello.",
        "（笑）Hello.",
        "（轻轻叹了口气）Hello.",
        "*轻轻端起茶杯，看向窗外* Hello.",
        "【点点头】Hello.",
    ],
)
def test_stage_directions_are_not_said(said, text):
    assert said(text) == ["Hello."]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("I *really* mean it.", "I really mean it."),
        ("*Really*, I mean it.", "Really, I mean it."),
        ("*Absolutely.* I mean it.", "Absolutely. I mean it."),
        ("*What a day!* I mean it.", "What a day! I mean it."),
        ("*Remember this.* It counts.", "Remember this. It counts."),
        ("*The Old Man and the Sea* is short.", "The Old Man and the Sea is short."),
        ("I read *The Old Man and the Sea* twice.", "I read The Old Man and the Sea twice."),
        ("It made me *laugh* a lot.", "It made me laugh a lot."),
        ("*Laughing* is healthy for you.", "Laughing is healthy for you."),
        ("**Laughing** is healthy for you.", "Laughing is healthy for you."),
        ("It is far (about 3 km).", "It is far, about three kilometers."),
        ("My cat (a grey one) sleeps.", "My cat, a grey one, sleeps."),
        ("It (looks like rain) is cold.", "It, looks like rain, is cold."),
        ("Take it (or leave it).", "Take it, or leave it."),
    ],
)
def test_emphasis_titles_and_asides_are_said(said, text, spoken):
    assert " ".join(said(text)) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("这件事*很重要*，你要记住。", "这件事很重要，你要记住。"),
        ("*重要*的是开心。", "重要的是开心。"),
        ("路不远（大约3公里）。", "路不远，大约三公里。"),
        ("这个（好笑的故事）我听过。", "这个，好笑的故事，我听过。"),
    ],
)
def test_chinese_emphasis_and_asides_are_said(said, text, spoken):
    assert "".join(said(text, "zh")) == spoken


def test_quotations_in_a_narration_are_spoken(said):
    assert (
        " ".join(said('*She smiles. "Come in, dear," she says.* It is warm here.'))
        == "Come in, dear, It is warm here."
    )


def test_a_stage_direction_in_the_middle_of_a_sentence_is_not_said(said):
    assert " ".join(said("Well *sighs deeply* if you say so.")) == "Well if you say so."
