"""A sentence from the character's voice to whisper: without any air between, and by loudspeaker and microphone.

What whisper makes of the sentence as it was rendered is the measure for what it makes of it through the air, so that
a voice that is hard to understand is not blamed on the devices.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr

from voicemate.app import Stage, opened
from voicemate.audio.headphones import is_headphones
from voicemate.audio.played import Around, play_and_record
from voicemate.bench.word_errors import errors, plain_words
from voicemate.config import Settings
from voicemate.doctor.finding import Finding, ok, problem, warning
from voicemate.engines import load_hearing
from voicemate.errands import SILENCE_BETWEEN_UTTERANCES_MS, rendered
from voicemate.hearing.listener import Listener
from voicemate.hearing.recording import utterances
from voicemate.personas.persona import Persona
from voicemate.sound import CLOCK_HZ, Pcm, Sound, level_dbfs, samples

SENTENCES = {
    "en": "Please put seven green apples on the kitchen table before we leave tomorrow morning.",
    "zh": "请在明天早上出门以前把七个苹果放在厨房的桌子上。",
    "de": "Bitte leg morgen früh sieben grüne Äpfel auf den Küchentisch, bevor wir gehen.",
    "es": "Por favor, pon siete manzanas verdes en la mesa de la cocina antes de salir mañana.",
    "fr": "Mets sept pommes vertes sur la table de la cuisine avant de partir demain matin.",
}
"""Nothing that a speech recogniser knows by heart. A persona of another language says the English one."""

UNDERSTOOD = 0.34
"""Of a sentence with no larger share of its words wrong, one still knows what was said."""

LOST_IN_THE_AIR = 0.25
"""A larger share than without any air between has been lost on the way."""

ARRIVED_DB = 10.0
"""What the sentence is louder than the room, at its loudest, if the microphone hears it at all."""

AROUND = Around(before=samples(400), after=samples(1_500), longest=samples(30_000))


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of the sentence.

    Attributes:
        said: the sentence.
        direct: what whisper understood of it as it was rendered.
        through_air: the same by loudspeaker and microphone.
        loudspeaker: its name.
        noise_dbfs: what the microphone delivered before it.
        loudest_dbfs: the loudest 100 ms meanwhile.
    """

    said: str
    language: str
    direct: str
    through_air: str
    loudspeaker: str
    noise_dbfs: float
    loudest_dbfs: float


async def say_and_hear(settings: Settings, persona: Persona, stage: Stage) -> Heard:
    """Say the sentence and understand it. Opens and closes both devices; takes about twice its length.

    Raises:
        AudioError: a device is missing, refused or broken.
        ModelError: whisper, or the voice activity model, is missing or fails.
        SpeechError: the engine cannot speak.
    """
    language = persona.language if persona.language in SENTENCES else "en"
    said = SENTENCES[language]
    sounds = await rendered(settings, said, persona)
    sentence = Sound(np.concatenate([sound.pcm for sound in sounds]), sounds[0].rate)
    listener, whisper = await asyncio.to_thread(load_hearing, _listening_for(language, settings))
    try:
        direct = await _understood(listener, soxr.resample(sentence.pcm, sentence.rate, CLOCK_HZ))
        recorded = await played(sentence, stage)
        through_air = await _understood(listener, recorded)
    finally:
        whisper.close()
    loudest = max(map(level_dbfs, np.array_split(recorded, max(1, len(recorded) // samples(100)))))
    noise = level_dbfs(recorded[samples(100) : AROUND.before])
    return Heard(said, language, direct, through_air, stage.loudspeaker.name, noise, loudest)


def judge(heard: Heard) -> list[Finding]:
    """Whether the voice is understood, and whether loudspeaker and microphone carry it."""
    direct, air = _share_wrong(heard, heard.direct), _share_wrong(heard, heard.through_air)
    facts: dict[str, Any] = {"said": heard.said, "heard": heard.direct, "wrong": round(direct, 2)}
    if direct <= UNDERSTOOD:
        found = [ok(f"Without any air between, whisper understands “{heard.direct}”", **facts)]
    else:
        told = f"Even without any air between, whisper understands “{heard.direct}” of “{heard.said}”"
        found = [warning(told, "Try a larger hearing model, or another voice (`voicemate voices`)", **facts)]
    return [*found, _judged_air(heard, direct, air)]


def _judged_air(heard: Heard, direct: float, air: float) -> Finding:
    facts: dict[str, Any] = {"said": heard.said, "heard": heard.through_air, "wrong": round(air, 2)}
    facts |= {"noise_dbfs": round(heard.noise_dbfs, 1), "loudest_dbfs": round(heard.loudest_dbfs, 1)}
    levels = f"{heard.noise_dbfs:.0f} dBFS before it, {heard.loudest_dbfs:.0f} at its loudest"
    arrives = heard.loudest_dbfs - heard.noise_dbfs >= ARRIVED_DB
    louder = "Turn the loudspeaker up, or come out of the noise, and repeat it"
    if direct > UNDERSTOOD and arrives:
        return ok(f"By loudspeaker and microphone, it arrives ({levels})", **facts)
    if air - direct <= LOST_IN_THE_AIR and direct <= UNDERSTOOD:
        understood = "the same" if heard.through_air == heard.direct else f"“{heard.through_air}”"
        return ok(f"By loudspeaker and microphone, it understands {understood}", **facts)
    if heard.through_air:
        return warning(f"By loudspeaker and microphone, it only understands “{heard.through_air}”", louder, **facts)
    if arrives:
        told = f"By loudspeaker and microphone, something arrives and nothing is understood ({levels})"
        return problem(told, louder, **facts)
    told = f"By loudspeaker and microphone, nothing arrives ({levels})"
    if is_headphones(heard.loudspeaker):
        return ok(f"{told}, as it should be with headphones", **facts)
    fix = "With headphones that is as it should be; else turn the loudspeaker up, and look at `voicemate devices`"
    return warning(told, fix, **facts)


def _share_wrong(heard: Heard, understood: str) -> float:
    expected = plain_words(heard.said, heard.language)
    return min(1.0, errors(expected, plain_words(understood, heard.language)) / len(expected))


def _listening_for(language: str, settings: Settings) -> Settings:
    """``settings`` with the sentence's language, where whisper would have to guess it."""
    if settings.hearing.language != "auto":
        return settings
    return settings.model_copy(update={"hearing": settings.hearing.model_copy(update={"language": language})})


async def played(sound: Sound, stage: Stage) -> Pcm:
    """What the microphone delivers while ``sound`` is played, from a little before to a little after it.

    Raises:
        AudioError: a device is missing, refused or broken.
    """
    async with opened(stage):
        near, _ = await play_and_record(stage.microphone, stage.loudspeaker, sound, AROUND)
    return near


async def _understood(listener: Listener, pcm: Pcm) -> str:
    heard = utterances(listener, pcm, SILENCE_BETWEEN_UTTERANCES_MS)
    return " ".join([one.understood.text async for one in heard if one.understood.words])
