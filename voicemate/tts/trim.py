"""Trims the silence at the ends of a synthesized phrase, and adds the pause that follows it.

Silence before the first audible sample is pure delay (espeak: up to 31 ms). After the last one espeak leaves 300 ms,
other engines nothing or a second. Phrases are played one after the other, so each gets a pause of a known length
instead, as its last punctuation mark asks for. All functions are pure.
"""

from collections.abc import Sequence

import numpy as np
import soxr

from voicemate.core.pcm import AudioClip, Pcm

FRAME_MS = 5
ONSET_DB = -50.0
"""dB below the loudest frame at which a phrase starts; see docs/measurements/voices.md."""
END_DB = -60.0
"""The same for the end, where consonants fade. See docs/measurements/voices.md."""
LEAD_MS = 10
"""Kept before the onset, so that it does not click."""
FADE_MS = 5
CLAUSE_MARKS, SENTENCE_MARKS = ",;:–—、，；：", ".!?…。！？"
_CLOSING = "\"'”’»)]}」』）】 \n"


def pause_after_ms(text: str) -> int:
    """Return the milliseconds of silence that follow ``text``.

    They are a little shorter than espeak's pauses inside a text (150 and 300 ms), since the speaker and the start
    of the next phrase add to them.
    """
    mark = text.rstrip(_CLOSING)[-1:]
    if mark and mark in SENTENCE_MARKS:
        return 240
    if mark and mark in CLAUSE_MARKS:
        return 120
    return 40


def trim_silence(clip: AudioClip, pause_ms: int) -> AudioClip:
    """Return ``clip`` from ``LEAD_MS`` before its first audible frame to ``pause_ms`` after its last, ends faded.

    A clip without an audible frame becomes empty.
    """
    audible = _audible_span(clip)
    if audible is None:
        return AudioClip(np.zeros(0, np.float32), clip.rate)
    onset, ending = audible
    begin = max(0, onset - _samples(LEAD_MS, clip.rate))
    kept = clip.pcm[begin : ending + _samples(pause_ms, clip.rate)].copy()
    fade = min(_samples(FADE_MS, clip.rate), len(kept))
    ramp = np.linspace(0, 1, fade, endpoint=False, dtype=np.float32)
    kept[:fade] *= ramp
    kept[len(kept) - fade :] *= ramp[::-1]
    missing = ending - begin + _samples(pause_ms, clip.rate) - len(kept)
    return AudioClip(np.concatenate((kept, np.zeros(missing, np.float32))), clip.rate)


def concatenate(clips: Sequence[AudioClip], volume: float = 1.0) -> AudioClip:
    """Return ``clips`` (at least one), one after the other, at the rate of the first, times ``volume``."""
    rate = clips[0].rate
    pcm = [sound.pcm if sound.rate == rate else soxr.resample(sound.pcm, sound.rate, rate) for sound in clips]
    return AudioClip(np.concatenate(pcm) * np.float32(volume), rate)


def _audible_span(sound: AudioClip) -> tuple[int, int] | None:
    """Return the start and end of the audible part in samples; None without one."""
    frame = _samples(FRAME_MS, sound.rate)
    levels = _levels_db(sound.pcm, frame)
    loudest = float(levels.max(initial=-np.inf))
    if loudest < -75:  # dBFS: a few steps of 16-bit samples
        return None
    onset = int(np.argmax(levels >= loudest + ONSET_DB))
    last = len(levels) - 1 - int(np.argmax(levels[::-1] >= loudest + END_DB))
    return onset * frame, min((last + 1) * frame, len(sound.pcm))


def _levels_db(pcm: Pcm, frame: int) -> Pcm:
    """Return the RMS level of each frame of ``frame`` samples in dBFS; the last one is padded with silence."""
    frames = np.pad(pcm, (0, -len(pcm) % frame)).reshape(-1, frame)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    return 10 * np.log10(np.maximum(power, 1e-14))


def _samples(ms: float, rate: int) -> int:
    return round(ms * rate / 1000)
