"""Synthetic background sounds: noise of any colour, music, and babble. All are seeded and loop without a click."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicemate.core.pcm import CLOCK_HZ, Pcm, to_samples

_NOTES = (0, 2, 4, 7, 9, 12)  # a pentatonic scale: any two of them are consonant
_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))  # I vi IV V


def noise(seconds: float, db_per_octave: float = 0.0, seed: int = 0) -> Pcm:
    """Return noise with a slope: 0 is white, -3 pink, -6 brown (fans and traffic lie between the last two)."""
    n = round(seconds * CLOCK_HZ)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
    hertz = np.fft.rfftfreq(n, 1 / CLOCK_HZ)
    slope = np.maximum(hertz, 30.0) ** (db_per_octave / (20 * np.log10(2)))
    slope[hertz < 20] = 0
    return _normalised(np.fft.irfft(spectrum * slope, n))


def music(seconds: float, seed: int = 0) -> Pcm:
    """Return chords, a plucked tune and a beat at 100 per minute."""
    random = np.random.default_rng(seed)
    out = np.zeros(round(seconds * CLOCK_HZ))
    beat = to_samples(600)
    for number in range(len(out) // beat):
        chord = _CHORDS[number // 4 % len(_CHORDS)]
        if number % 4 == 0:
            for note in chord:
                _add_looped(out, number * beat, _tone(220 * 2 ** (note / 12), 4 * beat, decay_s=3.0, attack_s=0.05))
        for half in range(2):
            note = chord[0] + int(random.choice(_NOTES)) + 12
            if random.random() < 0.7:
                _add_looped(out, number * beat + half * beat // 2, _tone(220 * 2 ** (note / 12), beat, decay_s=0.4))
        click = random.standard_normal(to_samples(60)) * np.exp(-np.arange(to_samples(60)) / to_samples(12))
        _add_looped(out, number * beat, 0.5 * click)
    return _normalised(out)


def babble(voices: Sequence[Pcm], seconds: float, talkers: int = 5, seed: int = 0) -> Pcm:
    """Return the babble of ``talkers`` people who all talk at once, one utterance of ``voices`` after the other.

    Args:
        voices: utterances, 16 kHz mono.
        seconds: how long.
        talkers: how many people.
        seed: of the choice of utterances and pauses.
    """
    random = np.random.default_rng(seed)
    out = np.zeros(round(seconds * CLOCK_HZ))
    for _ in range(talkers):
        at = -int(random.integers(CLOCK_HZ))
        while at < len(out):
            voice = _normalised(voices[int(random.integers(len(voices)))])
            _add_looped(out, at % len(out), voice[: len(out)])
            at += len(voice) + int(random.integers(to_samples(800)))
    return _normalised(out)


def _tone(hertz: float, n: int, decay_s: float, attack_s: float = 0.005) -> NDArray[Any]:
    """A plucked string: six harmonics, the higher ones weaker and shorter."""
    time = np.arange(n) / CLOCK_HZ
    harmonics = np.arange(1, 7)[:, None]
    waves = np.sin(2 * np.pi * hertz * harmonics * time) * np.exp(-time * harmonics / decay_s) / harmonics
    ends = np.minimum(1, np.minimum(time / attack_s, (n / CLOCK_HZ - time) / 0.01))
    return waves.sum(axis=0) * ends


def _add_looped(out: NDArray[Any], at: int, pcm: NDArray[Any]) -> None:
    """Add ``pcm`` at ``at``; what is beyond the end wraps around to the beginning."""
    head = min(len(pcm), len(out) - at)
    out[at : at + head] += pcm[:head]
    out[: len(pcm) - head] += pcm[head:]


def _normalised(pcm: NDArray[Any]) -> Pcm:
    """Return ``pcm`` with an RMS of a tenth of full scale (-20 dBFS)."""
    power = float(np.sqrt(np.mean(np.square(pcm, dtype=np.float64))))
    return (pcm * (0.1 / max(power, 1e-9))).astype(np.float32)
