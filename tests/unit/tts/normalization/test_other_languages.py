"""Languages without rules of their own are left to their speech engines, but for small whole numbers."""

import pytest


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("de", "Es sind 42 Leute, z.B. Anna.", "Es sind zweiundvierzig Leute, z.B. Anna."),
        ("de", "3,5 km um 10:30 Uhr am 3.4.", "3,5 km um 10:30 Uhr am 3.4."),
        ("fr", "C'est l'été, 21 degrés !", "C'est l'été, vingt et un degrés!"),
        ("ru", "У меня 5 книг.", "У меня пять книг."),
        ("hi", "मेरे पास किताबें हैं", "मेरे पास किताबें हैं"),
        ("ja", "猫が3匹います。", "猫が3匹います."),
        ("xx", "5 things & 1,000 more", "5 things & 1,000 more"),
        ("it", "vedi www.esempio.it/casa", "vedi esempio.it/casa"),
        ("de", "*lächelt* Hallo!", "lächelt Hallo!"),
    ],
)
def test_text_is_left_as_it_is(read_out, language, written, spoken):
    assert read_out(written, language) == spoken


def test_emotes_of_an_english_model_are_dropped_in_every_language(said):
    assert said("*smiles* Guten Morgen, mein Freund!", "de") == ["Guten Morgen,", "mein Freund!"]
