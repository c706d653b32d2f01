"""Words a minute mean the same in every voice."""

import pytest

from voicemate.tts.pyttsx3.synthesizer import driver_rate


@pytest.mark.parametrize(
    ("driver", "language", "words_a_minute", "setting"),
    [
        ("nsss", "en", 175, 175),
        ("nsss", "zh", 200, 200),
        ("espeak", "en", 175, 142),
        ("espeak", "de", 200, 162),
        ("espeak", "cmn", 175, 175),
        ("espeak", "yue", 175, 175),
    ],
)
def test_each_driver_gets_its_own_setting_for_a_rate(driver, language, words_a_minute, setting):
    assert driver_rate(driver, language, words_a_minute) == setting


def test_espeak_is_never_asked_to_speak_slower_than_it_can():
    assert driver_rate("espeak", "en", 80) == 80
