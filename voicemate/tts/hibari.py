"""The synthesizer hibari: a small neural voice for English, with the system's voices for everything else.

hibari-tts (Apache-2.0, the extra ``neural``) has one American voice in its wheel: 8 MB, and about a hundred times
faster than real time on one core. It would download its other voices, so none of them is ever named.
"""

import importlib
from contextlib import suppress
from typing import Any

import numpy as np

from voicemate.core.errors import SpeechError
from voicemate.core.pcm import AudioClip
from voicemate.core.worker_thread import WorkerThread
from voicemate.personas.persona import Voice
from voicemate.tts.base import Synthesizer, VoiceInfo
from voicemate.tts.text.scripts import split_by_script, unreadable_scripts
from voicemate.tts.trim import concatenate, pause_after_ms, trim_silence

HIBARI_VOICE = VoiceInfo("hibari", "Hibari (neural)", ("en",))
_NATIVE_WPM = 195
"""Words a minute at speed 1, pauses included; see docs/measurements/voices.md."""
_GAIN = 1.6
"""Factor that makes it as loud as the system's voices; see docs/measurements/voices.md."""


class HibariSynthesizer:
    """Speaks for personas with an English voice that do not name a voice of the system.

    The model is loaded at once, in the background, on the engine's own thread.

    Args:
        fallback: speaks for all other personas, and the words in scripts that hibari cannot read.
            It is closed with this one.
    """

    def __init__(self, fallback: Synthesizer) -> None:
        self._fallback = fallback
        self._thread = WorkerThread("hibari")
        self._loading = self._thread.submit(_load_hibari)

    async def synthesize(self, text: str, voice: Voice) -> AudioClip:
        """See ``Synthesizer``.

        Raises:
            SpeechError: hibari is not installed; or the other synthesizer's.
        """
        if not _speaks_as_hibari(voice):
            return await self._fallback.synthesize(text, voice)
        clips = [AudioClip(np.zeros(0, np.float32), 24_000)]
        for script, piece in split_by_script(text, unreadable_scripts("hibari", "en")):
            if script:
                with suppress(SpeechError):  # one word is skipped rather than the whole phrase
                    clips.append(await self._fallback.synthesize(piece, Voice(language=script, rate=voice.rate)))
            elif any(map(str.isalnum, piece)):
                clips.append(await self._thread.run(self._synthesize, piece, voice.rate))
        return concatenate(clips, voice.volume)

    async def voices(self) -> list[VoiceInfo]:
        """See ``Synthesizer``; without a speech engine of the system, hibari's voice alone."""
        try:
            return [HIBARI_VOICE, *await self._fallback.voices()]
        except SpeechError:
            return [HIBARI_VOICE]

    async def close(self) -> None:
        """See ``Synthesizer``."""
        self._thread.close()
        await self._fallback.close()

    def _synthesize(self, text: str, words_a_minute: int) -> AudioClip:
        hibari = self._loading.result()
        speed = min(2.0, max(0.5, words_a_minute / _NATIVE_WPM))
        pcm = np.clip(hibari(text, speed=speed, seed=0) * np.float32(_GAIN), -1, 1)
        return trim_silence(AudioClip(pcm, hibari.sample_rate), pause_after_ms(text))


def _speaks_as_hibari(voice: Voice) -> bool:
    names = {name.strip().casefold() for name in voice.id.split(",")}
    return voice.language == "en" and (not voice.id or "hibari" in names)


def _load_hibari() -> Any:
    try:
        hibari_package: Any = importlib.import_module("hibari")
    except ImportError:
        raise SpeechError(
            "The neural voice is not installed",
            "Run `pip install hibari-tts`, or set tts.engine to pyttsx3",
        ) from None
    hibari = hibari_package.Hibari(threads=1)
    hibari("Ready.", seed=0)  # loads its lexicon, and warms the model up
    return hibari
