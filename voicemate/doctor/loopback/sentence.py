"""A sentence from the character's voice to whisper: without any air between, and by loudspeaker and microphone.

What whisper makes of the sentence as it was rendered is the measure for what it makes of it through the air, so that
a voice that is hard to understand is not blamed on the devices.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr

from voicemate.app.conversation import AudioDevices, open_devices
from voicemate.app.engines import load_recognizer
from voicemate.app.oneshot import SILENCE_BETWEEN_UTTERANCES_MS, render
from voicemate.app.utterances import utterances
from voicemate.audio.devices.headphones import is_headphones
from voicemate.config.schema import Settings
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.core.pcm import CLOCK_HZ, AudioClip, Pcm, level_dbfs, to_samples
from voicemate.doctor.finding import Finding, ok, problem, warning
from voicemate.doctor.loopback.play_and_record import RecordingWindow, play_and_record
from voicemate.personas.persona import Persona
from voicemate.testing.word_errors import errors, plain_words

SENTENCES = {
    "en": "Please put seven green apples on the kitchen table before we leave tomorrow morning.",
    "zh": "请在明天早上出门以前把七个苹果放在厨房的桌子上。",
    "de": "Bitte leg morgen früh sieben grüne Äpfel auf den Küchentisch, bevor wir gehen.",
    "es": "Por favor, pon siete manzanas verdes en la mesa de la cocina antes de salir mañana.",
    "fr": "Mets sept pommes vertes sur la table de la cuisine avant de partir demain matin.",
}
"""Nothing that a speech recogniser knows by heart. A persona of another language says the English one."""

MAX_WORD_ERRORS = 0.34
"""Of a sentence with no larger share of its words wrong, one still knows what was said."""

MAX_ERRORS_ADDED_BY_AIR = 0.25
"""A larger share than without any air between has been lost on the way."""

MIN_SNR_DB = 10.0
"""What the sentence is louder than the room, at its loudest, if the microphone hears it at all."""

AROUND = RecordingWindow(before=to_samples(400), after=to_samples(1_500), max_length=to_samples(30_000))


@dataclass(frozen=True, slots=True)
class SentenceResult:
    """What came of the sentence.

    Attributes:
        said: the sentence.
        direct: what whisper understood of it as it was rendered.
        through_air: the same by loudspeaker and microphone.
        loudspeaker: its name.
        noise_dbfs: what the microphone delivered before it.
        loudest_dbfs: the loudest 100 ms meanwhile.
    """

    sentence: str
    language: str
    direct_text: str
    air_text: str
    speaker: str
    noise_dbfs: float
    loudest_dbfs: float


async def measure_sentence(settings: Settings, persona: Persona, stage: AudioDevices) -> SentenceResult:
    """Say the sentence and understand it. Opens and closes both devices; takes about twice its length.

    Raises:
        AudioError: a device is missing, refused or broken.
        ModelError: whisper, or the voice activity model, is missing or fails.
        SpeechError: the engine cannot speak.
    """
    language = persona.language if persona.language in SENTENCES else "en"
    said = SENTENCES[language]
    sounds = await render(settings, said, persona)
    sentence = AudioClip(np.concatenate([sound.pcm for sound in sounds]), sounds[0].rate)
    listener, whisper = await asyncio.to_thread(load_recognizer, _with_language(language, settings))
    try:
        direct = await _recognize(listener, soxr.resample(sentence.pcm, sentence.rate, CLOCK_HZ))
        recorded = await play_and_capture(sentence, stage)
        through_air = await _recognize(listener, recorded)
    finally:
        whisper.close()
    loudest = max(map(level_dbfs, np.array_split(recorded, max(1, len(recorded) // to_samples(100)))))
    noise = level_dbfs(recorded[to_samples(100) : AROUND.before])
    return SentenceResult(said, language, direct, through_air, stage.speaker.name, noise, loudest)


def assess_sentence(heard: SentenceResult) -> list[Finding]:
    """Whether the voice is understood, and whether loudspeaker and microphone carry it."""
    direct, air = _word_error_rate(heard, heard.direct_text), _word_error_rate(heard, heard.air_text)
    facts: dict[str, Any] = {"said": heard.sentence, "heard": heard.direct_text, "wrong": round(direct, 2)}
    if direct <= MAX_WORD_ERRORS:
        found = [ok(f"Without any air between, whisper understands “{heard.direct_text}”", **facts)]
    else:
        told = f"Even without any air between, whisper understands “{heard.direct_text}” of “{heard.sentence}”"
        found = [warning(told, "Try a larger hearing model, or another voice (`voicemate voices`)", **facts)]
    return [*found, _assess_air(heard, direct, air)]


def _assess_air(heard: SentenceResult, direct: float, air: float) -> Finding:
    facts: dict[str, Any] = {"said": heard.sentence, "heard": heard.air_text, "wrong": round(air, 2)}
    facts |= {"noise_dbfs": round(heard.noise_dbfs, 1), "loudest_dbfs": round(heard.loudest_dbfs, 1)}
    levels = f"{heard.noise_dbfs:.0f} dBFS before it, {heard.loudest_dbfs:.0f} at its loudest"
    arrives = heard.loudest_dbfs - heard.noise_dbfs >= MIN_SNR_DB
    louder = "Turn the loudspeaker up, or come out of the noise, and repeat it"
    if direct > MAX_WORD_ERRORS and arrives:
        return ok(f"By loudspeaker and microphone, it arrives ({levels})", **facts)
    if air - direct <= MAX_ERRORS_ADDED_BY_AIR and direct <= MAX_WORD_ERRORS:
        understood = "the same" if heard.air_text == heard.direct_text else f"“{heard.air_text}”"
        return ok(f"By loudspeaker and microphone, it understands {understood}", **facts)
    if heard.air_text:
        return warning(f"By loudspeaker and microphone, it only understands “{heard.air_text}”", louder, **facts)
    if arrives:
        told = f"By loudspeaker and microphone, something arrives and nothing is understood ({levels})"
        return problem(told, louder, **facts)
    told = f"By loudspeaker and microphone, nothing arrives ({levels})"
    if is_headphones(heard.speaker):
        return ok(f"{told}, as it should be with headphones", **facts)
    fix = "With headphones that is as it should be; else turn the loudspeaker up, and look at `voicemate devices`"
    return warning(told, fix, **facts)


def _word_error_rate(heard: SentenceResult, understood: str) -> float:
    expected = plain_words(heard.sentence, heard.language)
    return min(1.0, errors(expected, plain_words(understood, heard.language)) / len(expected))


def _with_language(language: str, settings: Settings) -> Settings:
    """``settings`` with the sentence's language, where whisper would have to guess it."""
    if settings.stt.language != "auto":
        return settings
    return settings.model_copy(update={"stt": settings.stt.model_copy(update={"language": language})})


async def play_and_capture(sound: AudioClip, stage: AudioDevices) -> Pcm:
    """What the microphone delivers while ``sound`` is played, from a little before to a little after it.

    Raises:
        AudioError: a device is missing, refused or broken.
    """
    async with open_devices(stage):
        near, _ = await play_and_record(stage.microphone, stage.speaker, sound, AROUND)
    return near


async def _recognize(listener: SpeechRecognizer, pcm: Pcm) -> str:
    heard = utterances(listener, pcm, SILENCE_BETWEEN_UTTERANCES_MS)
    return " ".join([one.understood.text async for one in heard if one.understood.has_words])
