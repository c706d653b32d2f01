"""How a voice's words a minute become a driver's own measure of speed."""

_ESPEAK_SLOWEST = 80
_ESPEAK_FACTORS = {"cmn": 1.0, "yue": 1.0}
_ESPEAK_FACTOR = 0.81
"""espeak-ng counts "words a minute" generously: set to 175 it says 215 words of ordinary conversation a minute,
pauses included; set to 142 it says 174. (espeak-ng 1.51, five replies, settings from 110 to 350.) At 142 its British
voice is also heard best: whisper base got 3% of the words wrong, against 5% at 125 and 160 and 8% at 175. In Mandarin
175 makes 227 characters a minute, a calm speaker; faster, whisper understands still less of it."""


def driver_rate(driver: str, language: str, words_a_minute: int) -> int:
    """The driver's setting at which ``language`` is spoken at ``words_a_minute``.

    macOS's voices keep the words a minute they are asked for.

    Args:
        driver: pyttsx3's name of it, such as ``espeak`` or ``nsss``.
        language: the most specific code of the voice, such as ``en`` or ``cmn``.
    """
    if driver != "espeak":
        return words_a_minute
    factor = _ESPEAK_FACTORS.get(language, _ESPEAK_FACTOR)
    return max(_ESPEAK_SLOWEST, round(words_a_minute * factor))
