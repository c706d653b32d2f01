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
from voicemate.tts.text.scripts import spans, unread
from voicemate.tts.trim import joined, pause_after, trimmed

HEART = VoiceInfo("hibari", "Hibari (neural)", ("en",))
_WORDS_A_MINUTE = 195
"""At its own speed, in ordinary conversation, pauses included (two replies of 43 words)."""
_GAIN = 1.6
"""Its voice lies at -28 dBFS, espeak's and macOS's at about -22; its loudest samples at 0.6 leave room for this."""


class HibariSynthesizer:
    """hibari speaks for a persona whose voice is English and names no voice of the system.

    The model is loaded at once, in the background, in an owner thread.

    Args:
        others: speaks for all other personas, and words in scripts that hibari cannot read. Closed with this one.
    """

    def __init__(self, others: Synthesizer):
        self._others = others
        self._thread = WorkerThread("hibari")
        self._loading = self._thread.submit(_load)

    async def render(self, text: str, voice: Voice) -> AudioClip:
        """See ``Synthesizer``.

        Raises:
            SpeechError: hibari is not installed; or the other synthesizer's.
        """
        if not _is_ours(voice):
            return await self._others.render(text, voice)
        sounds = [AudioClip(np.zeros(0, np.float32), 24_000)]
        for script, piece in spans(text, unread("hibari", "en")):
            if script:
                with suppress(SpeechError):  # better a word less than nothing said
                    sounds.append(await self._others.render(piece, Voice(language=script, rate=voice.rate)))
            elif any(map(str.isalnum, piece)):
                sounds.append(await self._thread.run(self._render, piece, voice.rate))
        return joined(sounds, voice.volume)

    async def voices(self) -> list[VoiceInfo]:
        try:
            return [HEART, *await self._others.voices()]
        except SpeechError:
            return [HEART]

    async def close(self) -> None:
        self._thread.close()
        await self._others.close()

    def _render(self, text: str, words_a_minute: int) -> AudioClip:
        hibari = self._loading.result()
        speed = min(2.0, max(0.5, words_a_minute / _WORDS_A_MINUTE))
        pcm = np.clip(hibari(text, speed=speed, seed=0) * np.float32(_GAIN), -1, 1)
        return trimmed(AudioClip(pcm, hibari.sample_rate), pause_after(text))


def _is_ours(voice: Voice) -> bool:
    names = {name.strip().casefold() for name in voice.id.split(",")}
    return voice.language == "en" and (not voice.id or "hibari" in names)


def _load() -> Any:
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
