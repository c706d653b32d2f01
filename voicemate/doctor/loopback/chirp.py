"""A short test sound, and finding it in what a microphone recorded: how late, how loud, how surely. All pure."""

from dataclasses import dataclass

import numpy as np

from voicemate.core.pcm import CLOCK_HZ, Pcm, to_samples

CHIRP_MS = 240
SWEEPS_HZ = ((350.0, 2_800.0), (2_800.0, 350.0), (500.0, 1_500.0))
"""Up, down, and up again more slowly: where every loudspeaker plays and no ear minds. All three differ, so that none
is taken for another when one is lost."""

AMPLITUDE = 0.25

STARTS_MS = (0, 700, 1_650)
"""When the chirps of the test sound begin."""

MIN_DELAY, MAX_DELAY = -to_samples(500), to_samples(2_500)
"""Delays that are looked for; AirPlay takes 2 s."""

RINGING = to_samples(250)
"""How long a room goes on after a chirp, as far as its level is concerned."""

MIN_PEAK_TO_NOISE = 10.0
"""A peak so many times its surroundings is the chirp. Of 48,000 values of pure noise the largest is at 4.5."""


@dataclass(frozen=True, slots=True)
class ChirpEcho:
    """A test sound in a recording.

    Attributes:
        delay: samples from the sound leaving the loudspeaker to its arrival; below 0 if a device is mistaken.
        certainty: the peak of the correlation in units of what lies around it; from ``CERTAIN`` on there is an echo.
        gain_db: energy that arrived, relative to what was played.
    """

    delay: int
    certainty: float
    gain_db: float

    @property
    def detected(self) -> bool:
        return self.certainty >= MIN_PEAK_TO_NOISE


def chirp(begin_hz: float, end_hz: float) -> Pcm:
    """A quick glide (an exponential sweep: Farina, AES 2000) with soft ends, 16 kHz."""
    seconds = CHIRP_MS / 1000
    time = np.arange(to_samples(CHIRP_MS)) / CLOCK_HZ
    rate = np.log(end_hz / begin_hz)
    phase = 2 * np.pi * begin_hz * seconds / rate * (np.exp(time / seconds * rate) - 1)
    return (AMPLITUDE * np.hanning(len(time)) ** 0.5 * np.sin(phase)).astype(np.float32)


def chirps() -> Pcm:
    """Three chirps, 1.9 s."""
    sound = np.zeros(to_samples(STARTS_MS[-1] + CHIRP_MS), dtype=np.float32)
    for start, sweep in zip(STARTS_MS, SWEEPS_HZ, strict=True):
        sound[to_samples(start) : to_samples(start) + to_samples(CHIRP_MS)] = chirp(*sweep)
    return sound


def find_echo(played: Pcm, recorded: Pcm) -> ChirpEcho:
    """Find ``played`` in ``recorded``; both begin at the same position and are 16 kHz.

    Args:
        played: what left the loudspeaker; the test sound, as far as it got through.
    """
    n = len(played) + len(recorded)
    size = 1 << (n - 1).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(recorded, size) * np.conj(np.fft.rfft(played, size)), size)
    reach = np.concatenate([correlation[MIN_DELAY:], correlation[:MAX_DELAY]])
    at = int(np.argmax(np.abs(reach)))
    around = np.ones(len(reach), dtype=bool)
    around[max(0, at - to_samples(40)) : at + RINGING] = False
    surroundings = float(np.sqrt(np.mean(np.square(reach[around])))) + 1e-12
    certainty = float(np.abs(reach[at])) / surroundings if played.any() else 0.0
    return ChirpEcho(at + MIN_DELAY, certainty, _gain_db(played, recorded, at + MIN_DELAY))


def _gain_db(played: Pcm, recorded: Pcm, delay: int) -> float:
    """Energy of ``recorded`` while the echo is there, less the noise of all other times, relative to ``played``."""
    sounding = np.convolve(np.abs(played) > 1e-4, np.ones(RINGING))[: len(played)] > 0
    there = np.zeros(len(recorded), dtype=bool)
    places = np.flatnonzero(sounding) + delay
    there[places[(places >= 0) & (places < len(recorded))]] = True
    if not there.any() or there.all():
        return -120.0
    power = np.square(recorded, dtype=np.float64)
    energy = float(np.sum(power[there])) - float(np.mean(power[~there])) * int(np.sum(there))
    return 10 * float(np.log10(max(energy, 1e-12) / max(float(np.sum(np.square(played))), 1e-12)))
