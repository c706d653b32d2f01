"""pyttsx3 as a ``Synthesizer``: the system's own voices, rendered in a helper process.

A driver may hang, crash, or write half a file. Whatever it does, its process is killed, a new one started, and the
phrase tried once more.
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
from voicemate.tts.pyttsx3.pace import driver_rate
from voicemate.tts.pyttsx3.worker_process import WorkerFailure, WorkerProcess
from voicemate.tts.text.scripts import spans, unread
from voicemate.tts.trim import joined, pause_after, trimmed
from voicemate.tts.voices import choose, listed, reader_of

P = ParamSpec("P")
T = TypeVar("T")

_LETTER_PATIENCE_S = 0.02
"""Added to the time-out for each letter. A letter takes about 0.06 s to say, and a driver renders three times faster
than that on any machine that can do the rest of the work."""
_SILENCE = AudioClip(np.zeros(0, np.float32), 22_050)


class Pyttsx3Synthesizer:
    """The system's own voices. The helper process starts at once, in the background.

    Args:
        settings: the time-out of a phrase.
        warm_up: a voice to render a word with as soon as the helper runs, so that the first phrase does not wait
            for the voice to be loaded.
        driver: a module to use as pyttsx3's driver in place of the system's own.
    """

    def __init__(self, settings: TtsSettings, warm_up: Voice | None = None, driver: str = ""):
        self._settings = settings
        self._worker = WorkerProcess(driver)
        self._driver = ""
        self._voices: list[VoiceInfo] = []
        self._phrases = 0
        self._thread = WorkerThread("speaking")
        self._thread.submit(self._prepare, warm_up)

    async def render(self, text: str, voice: Voice) -> AudioClip:
        """See ``Synthesizer``. A text without a letter or a digit is silence, an empty sound.

        Words in a script that the voice cannot read are said by the first voice of a language that can.

        Cancelling does not stop the driver, but it gets half a second to finish, no more, before the next phrase's
        turn comes.
        """
        return await self._thread.run(self._render, text, voice, Cancellation())

    async def voices(self) -> list[VoiceInfo]:
        """See ``Synthesizer``; asks the system anew each time. Each language's best voice comes first.

        Raises:
            SpeechError: the engine is missing, or failed twice.
        """
        return await self._thread.run(self._list, Cancellation())

    async def close(self) -> None:
        """End the helper process; what it is rendering is dropped. Blocks for a moment, a second at most."""
        self._worker.closing.cancel()
        self._thread.close(self._worker.stop)

    def _prepare(self, warm_up: Voice | None) -> None:
        try:
            self._refresh(self._worker.closing)
            if warm_up is not None:
                self._render("1", warm_up, self._worker.closing)
        except (VoicemateError, WorkerFailure):
            pass  # whoever wants a phrase tries again, and is told

    def _render(self, text: str, voice: Voice, cancellation: Cancellation) -> AudioClip:
        if cancellation.cancelled or not any(map(str.isalnum, text)):
            return _SILENCE
        chosen = self._twice(cancellation, self._choose, voice, cancellation)
        sounds = []
        for script, piece in spans(text, unread(self._driver, "".join(chosen.languages[-1:]))):
            reader = reader_of(self._voices, script, chosen) if script else chosen
            sound = self._twice(cancellation, self._rendered, piece, reader, voice.rate, cancellation)
            sounds.append(trimmed(sound, pause_after(piece)))
        return joined(sounds, voice.volume)

    def _choose(self, voice: Voice, cancellation: Cancellation) -> VoiceInfo:
        try:
            return choose(self._voices, voice)
        except SpeechError:  # it may have been installed since
            return choose(self._refresh(cancellation), voice)

    def _rendered(self, text: str, voice: VoiceInfo, words_a_minute: int, cancellation: Cancellation) -> AudioClip:
        """``text`` as the driver renders it."""
        self._phrases += 1
        path = self._worker.folder / f"{self._phrases}.wav"
        try:
            reply = self._worker.ask(
                {
                    "do": "render",
                    "text": plain(text),
                    "voice": voice.id,
                    "rate": driver_rate(self._driver, "".join(voice.languages[:1]), words_a_minute),
                    "path": str(path),
                },
                self._settings.timeout_s + _LETTER_PATIENCE_S * len(text),
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
        """The sound of a WAV, AIFF or AIFC, whatever its name says.

        Raises:
            WorkerFailure: it holds no sound.
        """
        try:
            pcm, rate = soundfile.read(path, dtype="float32", always_2d=True)
        except (OSError, soundfile.LibsndfileError) as error:
            self._worker.kill()
            raise WorkerFailure(f"wrote a file that cannot be read: {error}") from None
        return AudioClip(np.ascontiguousarray(pcm.mean(axis=1)), rate)

    def _list(self, cancellation: Cancellation) -> list[VoiceInfo]:
        return self._twice(cancellation, self._refresh, cancellation)

    def _refresh(self, cancellation: Cancellation) -> list[VoiceInfo]:
        """Learn anew which voices there are."""
        reply = self._worker.ask({"do": "list"}, self._settings.timeout_s, cancellation)
        self._driver = self._worker.hello().get("driver", "")
        self._voices = listed(reply.get("voices", []))
        return self._voices

    def _twice(self, cancellation: Cancellation, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``work(*args)``, tried once more when the helper failed, which has then been replaced.

        Raises:
            SpeechError: it failed again, or nobody waits for it any more.
        """
        try:
            return work(*args, **kwargs)
        except WorkerFailure as failure:
            if cancellation.cancelled:
                raise SpeechError(f"The speech driver {failure}") from None
        try:
            return work(*args, **kwargs)
        except WorkerFailure as failure:
            raise SpeechError(
                f"The speech driver failed twice on one phrase; it {failure}",
                "Try another voice or a larger speaking.timeout_s; if it fails with every phrase, install the "
                "system's speech engine anew (Linux: espeak-ng)",
            ) from None


def plain(text: str) -> str:
    """``text`` without what a driver may not have: control characters, lone surrogates, and the brackets of
    ``[[commands]]``, which macOS would obey."""
    printable = "".join(" " if category(character) in ("Cc", "Cs") else character for character in text)
    return re.sub(r"\[(?=\[)", "[ ", printable)
