"""Speaks a sentence with the persona's voice and recognizes it: directly, and through speaker and microphone.

The direct recognition is the reference, so that a voice that is hard to recognize is not blamed on the devices.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr

from voicemate.app.audio_devices import AudioDevices, open_devices
from voicemate.app.engines import load_recognizer
from voicemate.app.oneshot import SILENCE_BETWEEN_UTTERANCES_MS, render
from voicemate.app.utterances import utterances
from voicemate.audio.devices.device import is_headphones
from voicemate.config.schema import Settings
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.core.pcm import CLOCK_HZ, AudioClip, Pcm, level_dbfs, to_samples
from voicemate.doctor.finding import Finding, ok, problem, warning
from voicemate.doctor.loopback.play_and_record import RecordingWindow, play_and_record
from voicemate.personas.persona import Persona
from voicemate.testing.word_errors import plain_words, word_errors

SENTENCES = {
    "en": "Please put seven green apples on the kitchen table before we leave tomorrow morning.",
    "zh": "请在明天早上出门以前把七个苹果放在厨房的桌子上。",
    "de": "Bitte leg morgen früh sieben grüne Äpfel auf den Küchentisch, bevor wir gehen.",
    "es": "Por favor, pon siete manzanas verdes en la mesa de la cocina antes de salir mañana.",
    "fr": "Mets sept pommes vertes sur la table de la cuisine avant de partir demain matin.",
}
"""Sentences that no language model completes by itself. A persona of another language says the English one."""

MAX_WORD_ERRORS = 0.34
"""Up to this word error rate a sentence can still be understood."""

MAX_ERRORS_ADDED_BY_AIR = 0.25
"""How much higher the word error rate may be through the air than directly."""

MIN_SNR_DB = 10.0
"""How much louder than the noise the sentence is at its loudest, if the microphone picks it up at all."""

WINDOW = RecordingWindow(before=to_samples(400), after=to_samples(1_500), max_length=to_samples(30_000))


@dataclass(frozen=True, slots=True)
class SentenceResult:
    """What was recognized of the sentence.

    Attributes:
        sentence: what was said.
        language: its language.
        direct_text: what was recognized of it as it was synthesized.
        air_text: what was recognized of it through speaker and microphone.
        speaker: the speaker's name.
        noise_dbfs: the microphone's level before the sentence.
        loudest_dbfs: the loudest 100 ms of the recording.
    """

    sentence: str
    language: str
    direct_text: str
    air_text: str
    speaker: str
    noise_dbfs: float
    loudest_dbfs: float


async def measure_sentence(settings: Settings, persona: Persona, devices: AudioDevices) -> SentenceResult:
    """Speak and recognize the sentence. Opens and closes both devices; takes about twice the sentence's length.

    Raises:
        AudioError: a device is missing, refused or broken.
        ModelError: a speech recognition or voice activity model is missing or fails.
        SpeechError: the speech engine fails.
    """
    language = persona.language if persona.language in SENTENCES else "en"
    sentence = SENTENCES[language]
    clips = await render(settings, sentence, persona)
    clip = AudioClip(np.concatenate([each.pcm for each in clips]), clips[0].rate)
    recognizer, whisper = await asyncio.to_thread(load_recognizer, _with_language(language, settings))
    try:
        direct_text = await _recognize(recognizer, soxr.resample(clip.pcm, clip.rate, CLOCK_HZ))
        recorded = await play_and_capture(clip, devices)
        air_text = await _recognize(recognizer, recorded)
    finally:
        whisper.close()
    loudest = max(map(level_dbfs, np.array_split(recorded, max(1, len(recorded) // to_samples(100)))))
    noise = level_dbfs(recorded[to_samples(100) : WINDOW.before])
    return SentenceResult(sentence, language, direct_text, air_text, devices.speaker.name, noise, loudest)


def assess_sentence(result: SentenceResult) -> list[Finding]:
    """Report whether the voice is recognized, and whether speaker and microphone transmit it."""
    direct, air = _word_error_rate(result, result.direct_text), _word_error_rate(result, result.air_text)
    facts: dict[str, Any] = {
        "sentence": result.sentence,
        "recognized": result.direct_text,
        "word_error_rate": round(direct, 2),
    }
    if direct <= MAX_WORD_ERRORS:
        found = [ok(f"Directly, “{result.direct_text}” is recognized", **facts)]
    else:
        message = f"Even directly, only “{result.direct_text}” is recognized of “{result.sentence}”"
        hint = "Try a larger speech recognition model, or another voice (`voicemate voices`)"
        found = [warning(message, hint, **facts)]
    return [*found, _assess_air(result, direct, air)]


def _assess_air(result: SentenceResult, direct: float, air: float) -> Finding:
    facts: dict[str, Any] = {
        "sentence": result.sentence,
        "recognized": result.air_text,
        "word_error_rate": round(air, 2),
        "noise_dbfs": round(result.noise_dbfs, 1),
        "loudest_dbfs": round(result.loudest_dbfs, 1),
    }
    levels = f"{result.noise_dbfs:.0f} dBFS before it, {result.loudest_dbfs:.0f} dBFS at its loudest"
    arrives = result.loudest_dbfs - result.noise_dbfs >= MIN_SNR_DB
    hint = "Turn the speaker up, or reduce the noise, and run this again"
    if direct > MAX_WORD_ERRORS and arrives:
        return ok(f"Through speaker and microphone, it arrives ({levels})", **facts)
    if air - direct <= MAX_ERRORS_ADDED_BY_AIR and direct <= MAX_WORD_ERRORS:
        recognized = "the same" if result.air_text == result.direct_text else f"“{result.air_text}”"
        return ok(f"Through speaker and microphone, {recognized} is recognized", **facts)
    if result.air_text:
        return warning(f"Through speaker and microphone, only “{result.air_text}” is recognized", hint, **facts)
    if arrives:
        message = f"Through speaker and microphone, sound arrives but nothing is recognized ({levels})"
        return problem(message, hint, **facts)
    message = f"Through speaker and microphone, nothing arrives ({levels})"
    if is_headphones(result.speaker):
        return ok(f"{message}, as expected with headphones", **facts)
    hint = "This is normal with headphones; otherwise turn the speaker up, and check `voicemate devices`"
    return warning(message, hint, **facts)


def _word_error_rate(result: SentenceResult, recognized: str) -> float:
    expected = plain_words(result.sentence, result.language)
    return min(1.0, word_errors(expected, plain_words(recognized, result.language)) / len(expected))


def _with_language(language: str, settings: Settings) -> Settings:
    """``settings`` with the sentence's language, if the model would have to guess it."""
    if settings.stt.language != "auto":
        return settings
    return settings.model_copy(update={"stt": settings.stt.model_copy(update={"language": language})})


async def play_and_capture(clip: AudioClip, devices: AudioDevices) -> Pcm:
    """Open the devices, play ``clip`` and return what the microphone recorded, 16 kHz.

    Raises:
        AudioError: a device is missing, refused or broken.
    """
    async with open_devices(devices):
        near, _ = await play_and_record(devices.microphone, devices.speaker, clip, WINDOW)
    return near


async def _recognize(recognizer: SpeechRecognizer, pcm: Pcm) -> str:
    found = utterances(recognizer, pcm, SILENCE_BETWEEN_UTTERANCES_MS)
    return " ".join([each.understood.text async for each in found if each.understood.has_words])
