"""Which voice speaks for a persona, on each system."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.core.errors import SpeechError
from voicemate.personas.persona import Voice
from voicemate.tts.base import VoiceInfo
from voicemate.tts.pyttsx3.worker_protocol import ReportedVoice
from voicemate.tts.voices import choose_voice, ranked_voices, voice_for_language


def reported(id: str, name: str, *languages: str) -> ReportedVoice:
    return {"id": id, "name": name, "languages": list(languages)}


ESPEAK = ranked_voices(
    [
        reported("sit/cmn", "Chinese (Mandarin, latin as English)", "cmn"),
        reported("sit/cmn-latn-pinyin", "Chinese (Mandarin, latin as Pinyin)", "cmn-latn-pinyin"),
        reported("gmw/en-029", "English (Caribbean)", "en-029"),
        reported("gmw/en", "English (Great Britain)", "en-gb"),
        reported("gmw/en-gb-scotland", "English (Scotland)", "en-gb-scotland"),
        reported("gmw/en-gb-x-rp", "English (Received Pronunciation)", "en-gb-x-rp"),
        reported("gmw/en-us", "English (America)", "en-us"),
        reported("gmw/en-us-nyc", "English (America, New York City)", "en-us-nyc"),
        reported("roa/fr-be", "French (Belgium)", "fr-be"),
        reported("roa/fr", "French (France)", "fr-fr"),
        reported("gmq/nb", "Norwegian Bokmål", "nb"),
        reported("sit/yue", "Chinese (Cantonese)", "yue"),
        reported("roa/pt-br", "Portuguese (Brazil)", "pt-br"),
    ]
)
MACOS = ranked_voices(
    [
        reported("com.apple.speech.synthesis.voice.Albert", "Albert", "en_US"),
        reported("com.apple.speech.synthesis.voice.BadNews", "Bad News", "en_US"),
        reported("com.apple.speech.synthesis.voice.Bells", "Bells", "en_US"),
        reported("com.apple.voice.compact.en-GB.Daniel", "Daniel", "en_GB"),
        reported("com.apple.eloquence.en-US.Eddy", "Eddy (English (US))", "en_US"),
        reported("com.apple.speech.synthesis.voice.Fred", "Fred", "en_US"),
        reported("com.apple.voice.compact.en-AU.Karen", "Karen", "en_AU"),
        reported("com.apple.voice.compact.zh-TW.Meijia", "Meijia", "zh_TW"),
        reported("com.apple.voice.compact.en-US.Samantha", "Samantha", "en_US"),
        reported("com.apple.voice.compact.zh-HK.Sinji", "Sinji", "zh_HK"),
        reported("com.apple.voice.super-compact.es-ES.Monica", "Mónica", "es_ES"),
        reported("com.apple.voice.compact.es-MX.Paulina", "Paulina", "es_MX"),
        reported("com.apple.voice.compact.zh-CN.Tingting", "Tingting", "zh_CN"),
        reported("com.apple.speech.synthesis.voice.Zarvox", "Zarvox", "en_US"),
    ]
)


@pytest.mark.parametrize(
    ("voices", "language", "expected"),
    [
        (ESPEAK, "en", "gmw/en-gb-x-rp"),
        (ESPEAK, "zh", "sit/cmn-latn-pinyin+f3"),
        (ESPEAK, "yue", "sit/yue"),
        (ESPEAK, "fr", "roa/fr"),
        (ESPEAK, "no", "gmq/nb"),
        (ESPEAK, "pt", "roa/pt-br"),
        (MACOS, "en", "com.apple.voice.compact.en-US.Samantha"),
        (MACOS, "zh", "com.apple.voice.compact.zh-CN.Tingting"),
        (MACOS, "yue", "com.apple.voice.compact.zh-HK.Sinji"),
        (MACOS, "es", "com.apple.voice.compact.es-MX.Paulina"),
    ],
)
def test_a_persona_that_names_no_voice_gets_a_clear_one_of_its_language(voices, language, expected):
    assert choose_voice(voices, Voice(language=language)).id == expected


@pytest.mark.parametrize("quality", ["premium", "enhanced"])
def test_a_better_voice_that_the_person_installed_is_preferred(quality):
    installed = reported(f"com.apple.voice.{quality}.en-AU.Lee", f"Lee ({quality.title()})", "en_AU")
    samantha = reported("com.apple.voice.compact.en-US.Samantha", "Samantha", "en_US")
    assert choose_voice(ranked_voices([samantha, installed]), Voice()).id == installed["id"]


def test_a_toy_voice_speaks_only_when_it_is_named():
    ids = [voice.id.rpartition(".")[2] for voice in MACOS if "en" in voice.languages]
    assert ids == ["Samantha", "Daniel", "Karen", "Eddy", "Albert", "BadNews", "Bells", "Fred", "Zarvox"]
    assert choose_voice(MACOS, Voice(id="zarvox")).name == "Zarvox"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("en-us", "gmw/en-us"),  # not en-us-nyc
        ("EN-US", "gmw/en-us"),
        ("scot", "gmw/en-gb-scotland"),
        ("English (America)", "gmw/en-us"),
        ("Chinese (Mandarin, latin as Pinyin)", "sit/cmn-latn-pinyin"),
        ("en-us+f3", "gmw/en-us+f3"),
        ("Samantha, en-us", "gmw/en-us"),
        ("Samantha, en-us+f3", "gmw/en-us+f3"),
        ("belgium", "roa/fr-be"),  # though the persona speaks English
    ],
)
def test_any_part_of_a_name_or_id_finds_a_voice(wanted, expected):
    assert choose_voice(ESPEAK, Voice(id=wanted)).id == expected


def test_of_several_matches_one_that_speaks_the_personas_language_wins():
    assert choose_voice(ESPEAK, Voice(id="cmn-latn", language="zh")).id == "sit/cmn-latn-pinyin"
    assert choose_voice(ESPEAK, Voice(id="us", language="en")).id == "gmw/en-us"
    assert choose_voice(ESPEAK, Voice(id="an", language="yue")).id == "sit/yue"


@pytest.mark.parametrize(
    ("voices", "beside", "expected"),
    [
        (ESPEAK, "gmw/en-us", "sit/cmn-latn-pinyin+f3"),
        (ESPEAK, "gmw/en-us+m3", "sit/cmn-latn-pinyin+m3"),
        (MACOS, "com.apple.voice.compact.en-US.Samantha", "com.apple.voice.compact.zh-CN.Tingting"),
        ([], "gmw/en-us", "gmw/en-us"),
    ],
)
def test_words_of_another_script_are_read_by_a_voice_of_the_same_kind_where_there_is_one(voices, beside, expected):
    assert voice_for_language(voices, "zh", VoiceInfo(beside, "Beside", ("en",))).id == expected


def test_a_name_that_is_slightly_wrong_is_answered_with_the_right_one():
    with pytest.raises(SpeechError, match="no voice `Samanta`") as caught:
        choose_voice(MACOS, Voice(id="Samanta"))
    assert "`Samantha`" in caught.value.hint


def test_an_unknown_name_is_answered_with_voices_of_the_personas_language():
    with pytest.raises(SpeechError, match="no voice `Qwertz`") as caught:
        choose_voice(MACOS, Voice(id="Qwertz", language="zh"))
    assert "`Tingting`" in caught.value.hint


def test_a_language_that_no_voice_speaks_is_named():
    with pytest.raises(SpeechError, match="no voice for the language `sv`"):
        choose_voice(MACOS, Voice(language="sv"))


def test_a_system_without_any_voice_is_an_error_whatever_is_asked():
    for wanted in (Voice(), Voice(id="Samantha")):
        with pytest.raises(SpeechError):
            choose_voice([], wanted)


@pytest.mark.parametrize(
    ("code", "languages"),
    [
        ("\x05en-us", ("en",)),
        ("en_US", ("en",)),
        ("zh-Hans_CN", ("zh",)),
        ("zh_HK", ("yue", "zh")),
        ("cmn", ("cmn", "zh")),
        ("nb_NO", ("nb", "no")),
        ("", ()),
    ],
)
def test_each_systems_way_to_write_a_language_is_understood(code, languages):
    assert ranked_voices([reported("voice", "Voice", code)])[0].languages == languages


def test_a_voice_without_a_language_or_a_name_can_be_asked_for_by_its_id():
    voices = ranked_voices([reported("odd.voice", ""), reported("", "No id", "en")])
    assert voices == [VoiceInfo("odd.voice", "odd.voice", ())]
    assert choose_voice(voices, Voice(id="odd")).id == "odd.voice"


@given(
    st.lists(
        st.builds(
            reported,
            st.sampled_from(["gmw/en", "com.apple.x.Y", "", "a+b", "/", "."]) | st.text(max_size=8),
            st.text(max_size=8),
            st.text(max_size=8),
        ),
        max_size=6,
    ),
    st.text(max_size=8),
)
def test_whatever_a_driver_reports_and_a_persona_asks_there_is_a_voice_or_a_speech_error(voices, wanted):
    known = ranked_voices(voices)
    with suppress(SpeechError):
        assert choose_voice(known, Voice(id=wanted)).id.startswith(tuple(voice.id for voice in known))
