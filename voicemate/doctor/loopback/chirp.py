"""A test sound of three chirps, and its detection in a recording. Pure."""

from dataclasses import dataclass

import numpy as np

from voicemate.core.pcm import CLOCK_HZ, Pcm, to_samples

CHIRP_MS = 240
SWEEPS_HZ = ((350.0, 2_800.0), (2_800.0, 350.0), (500.0, 1_500.0))
"""Start and end frequency of each chirp, in a range that every speaker plays. They differ, so that one cannot be
mistaken for another if one is lost."""

AMPLITUDE = 0.25

STARTS_MS = (0, 700, 1_650)
"""When each chirp starts."""

MIN_DELAY, MAX_DELAY = -to_samples(500), to_samples(2_500)
"""Range of the search, in samples; AirPlay has a delay of 2 s."""

REVERB = to_samples(250)
"""How long the reverberation after a chirp contributes to its level, in samples."""

MIN_PEAK_TO_NOISE = 10.0
"""A correlation peak this many times above its surroundings is the chirp. In 48,000 values
of noise the largest is 4.5."""


@dataclass(frozen=True, slots=True)
class ChirpEcho:
    """The test sound in a recording.

    Attributes:
        delay: samples from the speaker to the microphone; negative if a device reports a wrong latency.
        peak_to_noise: the correlation's peak relative to its surroundings.
        gain_db: energy in the recording, relative to what was played.
    """

    delay: int
    peak_to_noise: float
    gain_db: float

    @property
    def detected(self) -> bool:
        """The test sound is in the recording."""
        return self.peak_to_noise >= MIN_PEAK_TO_NOISE


def chirp(begin_hz: float, end_hz: float) -> Pcm:
    """Make an exponential sweep (Farina, AES 2000) with soft ends, 16 kHz."""
    seconds = CHIRP_MS / 1000
    time = np.arange(to_samples(CHIRP_MS)) / CLOCK_HZ
    rate = np.log(end_hz / begin_hz)
    phase = 2 * np.pi * begin_hz * seconds / rate * (np.exp(time / seconds * rate) - 1)
    return (AMPLITUDE * np.hanning(len(time)) ** 0.5 * np.sin(phase)).astype(np.float32)


def chirps() -> Pcm:
    """Make the test sound: three chirps, 1.9 s, 16 kHz."""
    sound = np.zeros(to_samples(STARTS_MS[-1] + CHIRP_MS), dtype=np.float32)
    for start, sweep in zip(STARTS_MS, SWEEPS_HZ, strict=True):
        sound[to_samples(start) : to_samples(start) + to_samples(CHIRP_MS)] = chirp(*sweep)
    return sound


def find_echo(played: Pcm, recorded: Pcm) -> ChirpEcho:
    """Find ``played`` in ``recorded``; both start at the same position of the sample clock and are 16 kHz.

    Args:
        played: what the speaker played of the test sound.
        recorded: what the microphone recorded.
    """
    n = len(played) + len(recorded)
    size = 1 << (n - 1).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(recorded, size) * np.conj(np.fft.rfft(played, size)), size)
    candidates = np.concatenate([correlation[MIN_DELAY:], correlation[:MAX_DELAY]])
    at = int(np.argmax(np.abs(candidates)))
    around = np.ones(len(candidates), dtype=bool)
    around[max(0, at - to_samples(40)) : at + REVERB] = False
    surroundings = float(np.sqrt(np.mean(np.square(candidates[around])))) + 1e-12
    peak_to_noise = float(np.abs(candidates[at])) / surroundings if played.any() else 0.0
    return ChirpEcho(at + MIN_DELAY, peak_to_noise, _gain_db(played, recorded, at + MIN_DELAY))


def _gain_db(played: Pcm, recorded: Pcm, delay: int) -> float:
    """Energy of the echo in ``recorded``, less the noise outside it, relative to ``played``."""
    audible = np.convolve(np.abs(played) > 1e-4, np.ones(REVERB))[: len(played)] > 0
    echo = np.zeros(len(recorded), dtype=bool)
    positions = np.flatnonzero(audible) + delay
    echo[positions[(positions >= 0) & (positions < len(recorded))]] = True
    if not echo.any() or echo.all():
        return -120.0
    power = np.square(recorded, dtype=np.float64)
    energy = float(np.sum(power[echo])) - float(np.mean(power[~echo])) * int(np.sum(echo))
    return 10 * float(np.log10(max(energy, 1e-12) / max(float(np.sum(np.square(played))), 1e-12)))
