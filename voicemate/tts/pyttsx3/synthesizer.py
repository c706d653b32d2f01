"""The synthesizer pyttsx3: the system's own voices, in a worker process.

A driver may hang, crash, or write half a file. In each case its process is killed, a new one started, and the phrase
tried once more.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar
from unicodedata import category

import numpy as np
import soundfile

from voicemate.config.schema import TtsSettings
from voicemate.core.errors import SpeechError, VoicemateError
from voicemate.core.pcm import AudioClip
from voicemate.core.worker_thread import Cancellation, WorkerThread
from voicemate.personas.persona import Voice
from voicemate.tts.base import VoiceInfo
from voicemate.tts.pyttsx3.worker_process import WorkerError, WorkerProcess
from voicemate.tts.text.scripts import split_by_script, unreadable_scripts
from voicemate.tts.trim import concatenate, pause_after_ms, trim_silence
from voicemate.tts.voices import choose_voice, ranked_voices, voice_for_language

P = ParamSpec("P")
T = TypeVar("T")

_TIMEOUT_PER_LETTER_S = 0.02
"""Seconds for each letter, a third of the time it takes to speak one, added to the time-out of a phrase."""
_ESPEAK_SLOWEST = 80
_ESPEAK_FACTORS = {"cmn": 1.0, "yue": 1.0}
_ESPEAK_FACTOR = 0.81
"""espeak-ng's setting for one word a minute: at 175 it speaks 215. See docs/measurements/voices.md."""
_SILENCE = AudioClip(np.zeros(0, np.float32), 22_050)


class Pyttsx3Synthesizer:
    """Speaks with the system's own voices. The worker process starts at once, in the background.

    Args:
        settings: the time-out of a phrase.
        warm_up: the voice of a first word, rendered as soon as the worker runs, so that the first phrase does not
            wait for the voice to load.
        driver: a module to use as pyttsx3's driver in place of the system's own.
    """

    def __init__(self, settings: TtsSettings, warm_up: Voice | None = None, driver: str = "") -> None:
        self._settings = settings
        self._worker = WorkerProcess(driver)
        self._driver = ""
        self._voices: list[VoiceInfo] = []
        self._phrases = 0
        self._thread = WorkerThread("speaking")
        self._thread.submit(self._warm_up, warm_up)

    async def synthesize(self, text: str, voice: Voice) -> AudioClip:
        """See ``Synthesizer``.

        Words in a script that the voice cannot read are spoken by the first voice of a language that can.
        Cancelling gives the driver half a second to finish; then its process is killed, and the next phrase starts.
        """
        return await self._thread.run(self._synthesize, text, voice, Cancellation())

    async def voices(self) -> list[VoiceInfo]:
        """See ``Synthesizer``; asks the system again at each call."""
        return await self._thread.run(self._list, Cancellation())

    async def close(self) -> None:
        """See ``Synthesizer``; blocks for up to a second while the worker process ends."""
        self._worker.closing.cancel()
        self._thread.close(self._worker.stop)

    def _warm_up(self, warm_up: Voice | None) -> None:
        try:
            self._refresh(self._worker.closing)
            if warm_up is not None:
                self._synthesize("1", warm_up, self._worker.closing)
        except (VoicemateError, WorkerError):
            pass  # the first phrase tries again and raises

    def _synthesize(self, text: str, voice: Voice, cancellation: Cancellation) -> AudioClip:
        if cancellation.cancelled or not any(map(str.isalnum, text)):
            return _SILENCE
        chosen = self._with_retry(cancellation, self._choose, voice, cancellation)
        sounds: list[AudioClip] = []
        for script, piece in split_by_script(text, unreadable_scripts(self._driver, "".join(chosen.languages[-1:]))):
            reader = voice_for_language(self._voices, script, chosen) if script else chosen
            sound = self._with_retry(cancellation, self._synthesize_piece, piece, reader, voice.rate, cancellation)
            sounds.append(trim_silence(sound, pause_after_ms(piece)))
        return concatenate(sounds, voice.volume)

    def _choose(self, voice: Voice, cancellation: Cancellation) -> VoiceInfo:
        try:
            return choose_voice(self._voices, voice)
        except SpeechError:  # the voice may have been installed since
            return choose_voice(self._refresh(cancellation), voice)

    def _synthesize_piece(
        self, text: str, voice: VoiceInfo, words_a_minute: int, cancellation: Cancellation
    ) -> AudioClip:
        """Return ``text`` as the driver renders it."""
        self._phrases += 1
        path = self._worker.folder / f"{self._phrases}.wav"
        try:
            reply = self._worker.request(
                {
                    "do": "render",
                    "text": sanitize(text),
                    "voice": voice.id,
                    "rate": driver_rate(self._driver, "".join(voice.languages[:1]), words_a_minute),
                    "path": str(path),
                },
                self._settings.timeout_s + _TIMEOUT_PER_LETTER_S * len(text),
                cancellation,
            )
            if "kept" in reply:
                raise SpeechError(
                    f"The system cannot speak with the voice `{voice.id}`",
                    "Set another voice.id in the persona's file",
                )
            return self._read(path)
        finally:
            path.unlink(missing_ok=True)

    def _read(self, path: Path) -> AudioClip:
        """Read a WAV, AIFF or AIFC, independent of its suffix.

        Raises:
            WorkerFailure: it holds no sound.
        """
        try:
            pcm, rate = soundfile.read(path, dtype="float32", always_2d=True)
        except (OSError, soundfile.LibsndfileError) as error:
            self._worker.kill()
            raise WorkerError(f"wrote a file that cannot be read: {error}") from None
        return AudioClip(np.ascontiguousarray(pcm.mean(axis=1)), rate)

    def _list(self, cancellation: Cancellation) -> list[VoiceInfo]:
        return self._with_retry(cancellation, self._refresh, cancellation)

    def _refresh(self, cancellation: Cancellation) -> list[VoiceInfo]:
        """Ask the driver for its voices."""
        reply = self._worker.request({"do": "list"}, self._settings.timeout_s, cancellation)
        self._driver = self._worker.start().get("driver", "")
        self._voices = ranked_voices(reply.get("voices", []))
        return self._voices

    def _with_retry(self, cancellation: Cancellation, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``work(*args)``, tried once more with a new worker when it failed.

        Raises:
            SpeechError: it failed again, or was cancelled.
        """
        try:
            return work(*args, **kwargs)
        except WorkerError as failure:
            if cancellation.cancelled:
                raise SpeechError(f"The speech driver {failure}") from None
        try:
            return work(*args, **kwargs)
        except WorkerError as failure:
            raise SpeechError(
                f"The speech driver failed twice on one phrase; it {failure}",
                "Try another voice or a larger tts.timeout_s; if it fails with every phrase, install the "
                "system's speech engine again (Linux: espeak-ng)",
            ) from None


def sanitize(text: str) -> str:
    """Remove what a driver cannot take: control characters, lone surrogates, and ``[[``.

    macOS would execute a ``[[command]]``.
    """
    printable = "".join(" " if category(character) in ("Cc", "Cs") else character for character in text)
    return re.sub(r"\[(?=\[)", "[ ", printable)


def driver_rate(driver: str, language: str, words_a_minute: int) -> int:
    """Return the driver's setting at which ``language`` is spoken at ``words_a_minute``.

    macOS's voices keep to words a minute themselves.

    Args:
        driver: pyttsx3's name of it, such as ``espeak`` or ``nsss``.
        language: the most specific code of the voice, such as ``en`` or ``cmn``.
        words_a_minute: pauses included.
    """
    if driver != "espeak":
        return words_a_minute
    factor = _ESPEAK_FACTORS.get(language, _ESPEAK_FACTOR)
    return max(_ESPEAK_SLOWEST, round(words_a_minute * factor))
