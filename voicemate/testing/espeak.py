"""espeak-ng through its library, which reports when each word begins."""

import ctypes
import ctypes.util
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicemate.core.pcm import AudioClip, Pcm
from voicemate.tts.trim import pause_after_ms, trim_silence

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS of espeak-ng/speak_lib.h
_WORD_EVENT, _END_OF_EVENTS = 1, 0
_RATE, _UTF8 = 1, 1
_FRAME_S = 0.005
_AUDIBLE_DB = -50.0
"""A word ends in its last frame that is at most this far below the loudest sample of the text (dB)."""


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int16), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class EspeakUtterance:
    """A spoken text.

    Attributes:
        clip: trimmed, as the character plays it.
        word_ends: seconds at which a word has ended, and how many words have ended by then. espeak-ng treats "of the"
            and the like as one word, so a short word may be missing.
    """

    clip: AudioClip
    word_ends: tuple[tuple[float, int], ...]

    def words_over(self, seconds: float) -> int:
        """Return how many words have ended after ``seconds``."""
        return max((words for at, words in self.word_ends if at <= seconds), default=0)


class Espeak:
    """Speaks texts. Only one may exist in a process.

    Args:
        voice: its name in espeak-ng.

    Raises:
        FileNotFoundError: espeak-ng is not installed.
    """

    def __init__(self, voice: str = "en-us") -> None:
        library = ctypes.util.find_library("espeak-ng")
        if not library:
            raise FileNotFoundError("espeak-ng is not installed")
        self._library = ctypes.CDLL(library)
        self._rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, 0)
        self._callback = _Callback(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_SetVoiceByName(voice.encode())
        self._begins: list[tuple[int, int]] = []
        self._waves: list[NDArray[np.int16]] = []

    def say(self, text: str, words_a_minute: int) -> EspeakUtterance:
        """Speak ``text`` at espeak's own measure of speed."""
        self._begins, self._waves = [], []
        self._library.espeak_SetParameter(_RATE, words_a_minute, 0)
        encoded = text.encode()
        self._library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, _UTF8, None, None)
        wave = np.concatenate(self._waves).astype(np.float32) / np.float32(2**15)
        sound = trim_silence(AudioClip(wave, self._rate), pause_after_ms(text))
        first = int(np.argmax(np.abs(wave))) - int(np.argmax(np.abs(sound.pcm)))  # trimmed off at the front
        ends: list[tuple[float, int]] = []
        ended = 0
        for place, sample in [*self._begins[1:], (len(encoded), first + len(sound.pcm))]:
            words = text.count(" ") + 1 if place >= len(text) else text[:place].count(" ")
            if ended < words <= ended + 2:  # at some commas espeak-ng reports a word of another position
                ends.append((self._audible_until(sound.pcm, sample - first) / self._rate, words))
                ended = words
        return EspeakUtterance(sound, tuple(ends))

    def _audible_until(self, pcm: Pcm, end: int) -> int:
        """Return where before sample ``end`` the sound was last audible."""
        frame = round(_FRAME_S * self._rate)
        frames = pcm[: end - end % frame].reshape(-1, frame)
        levels = np.sqrt(np.mean(np.square(frames), axis=1))
        audible = np.flatnonzero(levels > np.max(np.abs(pcm)) * 10 ** (_AUDIBLE_DB / 20))
        return (int(audible[-1]) + 1) * frame if len(audible) else end

    def _collect(self, wave: Any, count: int, events: Any) -> int:
        """Collect samples and events; espeak-ng calls this."""
        if count:
            self._waves.append(np.ctypeslib.as_array(wave, (count,)).copy())
        index = 0
        while events[index].type != _END_OF_EVENTS:
            if events[index].type == _WORD_EVENT:
                self._begins.append((events[index].text_position - 1, events[index].sample))
            index += 1
        return 0
