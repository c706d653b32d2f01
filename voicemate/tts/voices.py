"""Brings the voices that drivers report into one form, and chooses the one that speaks."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from voicemate.core.errors import SpeechError
from voicemate.personas.persona import Voice
from voicemate.tts.base import VoiceInfo
from voicemate.tts.pyttsx3.worker_protocol import ReportedVoice

_FAMILIES = {"cmn": "zh", "yue": "zh", "hak": "zh", "nan": "zh", "nb": "no", "nn": "no"}
"""Languages that can also be requested by the code of their family."""
_CANTONESE_PLACES = {"hk", "mo"}

_PREFERRED_REGIONS = {
    "en": ("us", "gb"),
    "zh": ("cn", "tw"),
    "es": ("es", "mx"),
    "fr": ("fr",),
    "pt": ("br", "pt"),
    "nl": ("nl",),
}
"""Regions whose voices come first in a language's list."""

_ESPEAK_PREFERRED = {"gmw/en-gb-x-rp": 0, "gmw/en": 1, "gmw/en-us": 2, "sit/cmn-latn-pinyin": 0}
"""Ranks of espeak's voices, best first: English ones by intelligibility, and the Chinese one that reads characters;
see docs/measurements/voices.md."""
_ESPEAK_VARIANTS = {"sit/cmn-latn-pinyin": "f3"}
"""Variants of espeak's voices that are easier to understand; see docs/measurements/voices.md."""

_NOVELTY_VOICES = re.compile(
    "albert|bad news|bahh|bells|boing|bubbles|cellos|deranged|fred|good news|hysterical|jester|junior|kathy|organ|"
    "pipe organ|princess|ralph|superstar|trinoids|whisper|wobble|zarvox"
)
"""macOS's voices that sing, buzz or whisper, and those of the 1980s."""
_QUALITIES = ("premium", "enhanced", "", "super-compact", "eloquence")
"""Quality marks in a macOS voice's id, best first; an id without one is an ordinary voice."""


def ranked_voices(reported: Iterable[ReportedVoice]) -> list[VoiceInfo]:
    """Return the voices that a driver reports, each language's best one first.

    espeak reports ``gmw/en-us`` and ``en-us``, in older drivers with a control character in front; macOS reports
    ``com.apple.voice.compact.zh-CN.Tingting`` and ``zh_CN``. Voices without an id are left out.
    """
    ranked = [(_rank(voice), _info(voice)) for voice in reported if voice["id"]]
    ranked.sort(key=lambda pair: (pair[1].languages[-1:], pair[0]))  # stable: else as reported
    return [info for _, info in ranked]


def choose_voice(voices: Sequence[VoiceInfo], wanted: Voice) -> VoiceInfo:
    """Return the voice that a persona asks for.

    ``wanted.id`` is any part of a voice's id or name, in any case; an exact match comes first, then a voice that
    speaks the persona's language. Names separated by commas are tried in order, so that a persona can name a voice
    of each system. A suffix such as ``+f5`` is a variant of an espeak voice, and is passed on.

    Raises:
        SpeechError: no voice matches, or none speaks the language.
    """
    speaking = [voice for voice in voices if wanted.language in voice.languages]
    if not wanted.id:
        if not speaking:
            raise SpeechError(
                f"The system has no voice for the language `{wanted.language}`",
                "Add one in the system's settings (macOS: Accessibility, Spoken Content), or set another "
                "voice.language in the persona's file",
            )
        return _as_variant(speaking[0], _ESPEAK_VARIANTS.get(speaking[0].id, ""))
    speaking_first = speaking + [voice for voice in voices if voice not in speaking]
    for name in (wanted.id, *wanted.id.split(",")):
        if found := _find_voice(speaking_first, name.strip()):
            return found
    raise SpeechError(
        f"The system has no voice `{wanted.id}`",
        f"Set voice.id in the persona's file to {_similar_names(speaking_first, wanted)}, or leave it empty",
    )


def voice_for_language(voices: Sequence[VoiceInfo], language: str, beside: VoiceInfo) -> VoiceInfo:
    """Return the first voice of ``language``, in the variant of ``beside``; ``beside`` itself without one."""
    for voice in voices:
        if language in voice.languages:
            _, _, variant = beside.id.partition("+")
            return _as_variant(voice, variant or _ESPEAK_VARIANTS.get(voice.id, ""))
    return beside


def _find_voice(voices: Sequence[VoiceInfo], name: str) -> VoiceInfo | None:
    base, _, variant = name.partition("+")
    folded = base.casefold()
    if not folded:
        return None
    exact = (voice for voice in voices if folded in (voice.id.casefold(), _short(voice), voice.name.casefold()))
    partial = (voice for voice in voices if folded in voice.id.casefold() or folded in voice.name.casefold())
    found = next(exact, None) or next(partial, None)
    return _as_variant(found, variant) if found else None


def _as_variant(voice: VoiceInfo, variant: str) -> VoiceInfo:
    return replace(voice, id=f"{voice.id}+{variant}") if variant else voice


def _similar_names(voices: Sequence[VoiceInfo], wanted: Voice) -> str:
    names: dict[str, str] = {}
    for voice in voices:
        names.setdefault(_short(voice), voice.name)
        names.setdefault(voice.name.casefold(), voice.name)
    close = difflib.get_close_matches(wanted.id.casefold(), names, n=3, cutoff=0.7)
    near = dict.fromkeys(names[name] for name in close) or dict.fromkeys(voice.name for voice in voices[:3])
    return ", ".join(f"`{name}`" for name in near) or "the name of a voice (there are none now)"


def _short(voice: VoiceInfo) -> str:
    """Return an id's last part: ``en-us`` of ``gmw/en-us``, ``tingting`` of ``com.apple.voice….zh-CN.Tingting``."""
    return re.split(r"[/.]", voice.id)[-1].casefold()


def _info(voice: ReportedVoice) -> VoiceInfo:
    return VoiceInfo(voice["id"], voice["name"].strip() or voice["id"], _languages(voice))


def _languages(voice: ReportedVoice) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for language, *rest in map(_subtags, voice["languages"]):
        if language == "zh" and _CANTONESE_PLACES.intersection(rest):
            language = "yue"
        found |= dict.fromkeys(filter(None, (language, _FAMILIES.get(language))))
    return tuple(found)


def _subtags(code: str) -> list[str]:
    """Split ``zh_CN`` into ``["zh", "cn"]``, and drop the control character that espeak's drivers leave in."""
    return re.sub(r"[^a-z0-9]+", "-", code.lower()).strip("-").split("-")


def _rank(voice: ReportedVoice) -> tuple[int, ...]:
    return _macos_rank(voice) if voice["id"].startswith("com.apple.") else _espeak_rank(voice)


def _macos_rank(voice: ReportedVoice) -> tuple[int, ...]:
    if _NOVELTY_VOICES.fullmatch(voice["name"].casefold()):
        return (len(_QUALITIES), 0)
    marks = f"{voice['id']} {voice['name']}".casefold()
    quality = next((mark for mark in _QUALITIES if mark and mark in marks), "")
    language, *rest = _subtags(voice["languages"][0]) if voice["languages"] else [""]
    home = _PREFERRED_REGIONS.get(language, ())
    place = min((home.index(part) for part in rest if part in home), default=len(home))
    return (_QUALITIES.index(quality), place)


def _espeak_rank(voice: ReportedVoice) -> tuple[int, ...]:
    """Rank a language's plain voice before those of a region: ``roa/fr`` before ``roa/fr-be``."""
    if voice["id"] in _ESPEAK_PREFERRED:
        return (0, _ESPEAK_PREFERRED[voice["id"]])
    plain = voice["id"].rpartition("/")[2] in _languages(voice)
    return (0 if plain else 1, len(_ESPEAK_PREFERRED))
