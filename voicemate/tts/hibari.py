"""hibari as a ``Synthesizer``: a small neural voice for English, with the system's voices for all else.

hibari-tts (Apache-2.0, the extra ``neural``) carries one American voice in its wheel, 8 MB, about a hundred times
faster than speech on one core. Its other voices would be downloaded when they are named, so none is ever named.
"""

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
"""At its own speed, in ordinary conversation, pauses included (two replies of 43 words)."""
_GAIN = 1.6
"""Its voice lies at -28 dBFS, espeak's and macOS's at about -22; its loudest samples at 0.6 leave room for this."""


class HibariSynthesizer:
    """hibari speaks for a persona whose voice is English and names no voice of the system.

    The model is loaded at once, in the background, in an owner thread.

    Args:
        others: speaks for all other personas, and words in scripts that hibari cannot read. Closed with this one.
    """

    def __init__(self, fallback: Synthesizer):
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
        sounds = [AudioClip(np.zeros(0, np.float32), 24_000)]
        for script, piece in split_by_script(text, unreadable_scripts("hibari", "en")):
            if script:
                with suppress(SpeechError):  # better a word less than nothing said
                    sounds.append(await self._fallback.synthesize(piece, Voice(language=script, rate=voice.rate)))
            elif any(map(str.isalnum, piece)):
                sounds.append(await self._thread.run(self._synthesize, piece, voice.rate))
        return concatenate(sounds, voice.volume)

    async def voices(self) -> list[VoiceInfo]:
        try:
            return [HIBARI_VOICE, *await self._fallback.voices()]
        except SpeechError:
            return [HIBARI_VOICE]

    async def close(self) -> None:
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
        from hibari import Hibari  # type: ignore[import-not-found]
    except ImportError:
        raise SpeechError(
            "The neural voice is not installed",
            "Run `pip install hibari-tts`, or set tts.engine to pyttsx3",
        ) from None
    hibari = Hibari(threads=1)
    hibari("Ready.", seed=0)  # loads its lexicon, and warms the model up
    return hibari
