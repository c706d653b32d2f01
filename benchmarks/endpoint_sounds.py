"""Inserts pauses of a recording's own room tone between two words."""

from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from voicemate.core.pcm import CLOCK_HZ, Pcm, to_samples
from voicemate.testing.speech_corpus import SpeechRecording
from voicemate.testing.word_errors import plain_words

INSERTED_S = (0.3, 0.6, 1.0, 1.5)
AFTER_S = 3.0
"""Room tone after every recording, in which its last turn ends (s)."""

_GRAIN = to_samples(20)
_FADE = to_samples(5)

Hear = Callable[[Pcm], Awaitable[str]]


def room_tone(pcm: Pcm, seconds: float, seed: int = 0) -> Pcm:
    """Return sound like the quietest 5% of ``pcm``: its 20 ms grains in random order, overlapped by half."""
    grains = np.lib.stride_tricks.sliding_window_view(pcm, _GRAIN)[:: _GRAIN // 2]
    quiet = grains[np.argsort(np.square(grains).mean(axis=1))[: max(10, len(grains) // 20)]]
    n = round(seconds * CLOCK_HZ)
    tone = np.zeros(n + 2 * _GRAIN, dtype=np.float32)
    window = np.sin(np.pi * (np.arange(_GRAIN) + 0.5) / _GRAIN).astype(np.float32)  # its squares add up to one
    chosen = np.random.default_rng(seed).integers(0, len(quiet), 2 * len(tone) // _GRAIN - 1)
    for place, grain in enumerate(chosen):
        start = place * _GRAIN // 2
        tone[start : start + _GRAIN] += window * quiet[grain]
    return tone[_GRAIN : _GRAIN + n]


def with_end(pcm: Pcm) -> Pcm:
    """Return ``pcm`` with room tone after it."""
    return np.concatenate([_faded(pcm, end=True), room_tone(pcm, AFTER_S)])


def with_pause(pcm: Pcm, cut: int, seconds: float) -> Pcm:
    """Return ``pcm`` with ``seconds`` of room tone at sample ``cut``, and room tone after it."""
    before, after = _faded(pcm[:cut], end=True), _faded(pcm[cut:], start=True, end=True)
    return np.concatenate([before, room_tone(pcm, seconds, seed=1), after, room_tone(pcm, AFTER_S)])


async def between_words(clip: SpeechRecording, pcm: Pcm, pauses: Sequence[tuple[int, int]], hear: Hear) -> int | None:
    """Return the sample between two words in the middle of ``clip``; None without one.

    Of the six quietest places in the middle half it is the one nearest the middle before which exactly the
    transcript's first words are recognized.

    Args:
        clip: the recording.
        pcm: its audio.
        pauses: begin and end samples of its own pauses, which are excluded.
        hear: transcribes audio.
    """
    expected = plain_words(clip.transcript, clip.language)
    for cut in _quiet_moments(pcm, clip.speech_start_s, clip.speech_end_s, pauses):
        heard = plain_words(await hear(with_end(pcm[:cut])[: cut + to_samples(300)]), clip.language)
        if 0 < len(heard) < len(expected) and heard == expected[: len(heard)]:
            return cut
    return None


def _quiet_moments(pcm: Pcm, began_s: float, ended_s: float, pauses: Sequence[tuple[int, int]]) -> list[int]:
    """Return the six quietest 40 ms in the middle half of the speech and outside ``pauses``.

    They are at least 120 ms apart; those nearest the middle come first.
    """
    hop = to_samples(10)
    power = np.convolve(np.square(pcm), np.ones(to_samples(40)), mode="same")[::hop]
    for began, ended in pauses:
        power[began // hop : ended // hop] = np.inf
    first, last = (int((began_s + share * (ended_s - began_s)) * CLOCK_HZ / hop) for share in (0.25, 0.75))
    moments: list[int] = []
    for place in first + np.argsort(power[first:last]):
        if len(moments) < 6 and all(abs(place - other) >= 12 for other in moments):
            moments.append(int(place))
    return [place * hop for place in sorted(moments, key=lambda place: abs(place - (first + last) / 2))]


def _faded(pcm: Pcm, start: bool = False, end: bool = False) -> Pcm:
    pcm, ramp = pcm.copy(), np.linspace(0, 1, _FADE, dtype=np.float32)
    if start:
        pcm[:_FADE] *= ramp
    if end:
        pcm[-_FADE:] *= ramp[::-1]
    return pcm
