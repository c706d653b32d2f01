"""How sound from the speaker, from people and from the background reaches a simulated room's microphone.

Everything is seeded: the same description always gives the same room.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.pcm import CLOCK_HZ, Pcm, level_dbfs, to_samples

FIRST_REFLECTION_MS = 4.0
"""From the direct sound to the first reflection (ms): a detour of 1.4 m, by the table or the nearest wall."""


@dataclass(frozen=True, slots=True)
class AcousticPath:
    """From a place in the room to the microphone.

    Attributes:
        gain_db: energy that arrives, relative to what is sent (white noise), with all reverberation.
        delay_ms: until the direct sound arrives (ms).
        rt60_s: time in which the reverberation falls by 60 dB (s); 0 for a room without any.
        direct_db: energy of the direct sound relative to the reverberation; small or negative for far away.
        seed: of the reflections; places with different seeds sound different.
    """

    gain_db: float = 0.0
    delay_ms: float = 0.0
    rt60_s: float = 0.0
    direct_db: float = 3.0
    seed: int = 0

    @property
    def delay(self) -> int:
        """``delay_ms`` in samples."""
        return to_samples(self.delay_ms)

    def impulse_response(self) -> Pcm:
        """Return the response after the delay: a direct sound, then noise that decays by 60 dB in ``rt60_s``.

        This is Polack's statistical model of late reverberation (see Jot, Cerveau and Warusfel, AES 1997).
        """
        gain = 10 ** (self.gain_db / 20)
        if self.rt60_s == 0:
            return np.array([gain], dtype=np.float32)
        length, first = round(self.rt60_s * CLOCK_HZ), to_samples(FIRST_REFLECTION_MS)
        time = np.arange(length) / CLOCK_HZ
        tail = np.random.default_rng(self.seed).standard_normal(length) * 10 ** (-3 * time / self.rt60_s)
        tail[:first] = 0
        tail *= 10 ** (-self.direct_db / 20) / np.sqrt(np.sum(tail**2))
        tail[0] = 1
        return (gain * tail / np.sqrt(np.sum(tail**2))).astype(np.float32)

    def apply(self, pcm: Pcm) -> Pcm:
        """Return ``pcm`` as it arrives, without the delay; longer by the reverberation."""
        response = self.impulse_response()
        if len(response) == 1:
            return pcm * response[0]
        n = len(pcm) + len(response) - 1
        size = 1 << (n - 1).bit_length()
        return np.fft.irfft(np.fft.rfft(pcm, size) * np.fft.rfft(response, size), size)[:n].astype(np.float32)


@dataclass(frozen=True, eq=False)
class BackgroundSound:
    """What is audible in the room all the time: a fan, music, a television, people at another table.

    Attributes:
        pcm: 16 kHz mono, repeated for ever.
        dbfs: its level at the microphone (dBFS).
    """

    pcm: Pcm
    dbfs: float
    _gain: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_gain", np.float32(10 ** ((self.dbfs - level_dbfs(self.pcm)) / 20)))

    def between(self, begin: int, end: int) -> Pcm:
        """Return its samples from clock position ``begin`` to ``end``."""
        return self.pcm[np.arange(begin, end) % len(self.pcm)] * self._gain


@dataclass(frozen=True, slots=True)
class Acoustics:
    """A room. By default people are picked up as they speak, and the speaker not at all.

    Attributes:
        echo: from the speaker to the microphone; None for headphones.
        clip: amplitude at which the speaker saturates (softly); None for one that never does.
        drift_ppm: by which the echo comes later and later: clocks that differ, without a correction.
        person: from the person who talks with the character.
        other: from another person in the room.
        background: what else is audible.
    """

    echo: AcousticPath | None = None
    clip: float | None = None
    drift_ppm: float = 0.0
    person: AcousticPath = AcousticPath()
    other: AcousticPath = AcousticPath(gain_db=-10, rt60_s=0.5, direct_db=-3, seed=2)
    background: tuple[BackgroundSound, ...] = ()


class SimulatedEcho:
    """Turns what leaves the speaker into its echo at the microphone, block by block.

    Args:
        acoustics: of the room; it must have an ``echo``.
    """

    def __init__(self, acoustics: Acoustics) -> None:
        assert acoustics.echo, "the room has no echo"
        self._clip = acoustics.clip
        self.delay = acoustics.echo.delay
        self._drift = acoustics.drift_ppm * 1e-6
        self._convolver = Convolver(acoustics.echo.impulse_response())

    def between(self, begin: int, end: int, played: Callable[[int, int], Pcm]) -> Pcm:
        """Return the echo of one block, from clock position ``begin`` to ``end``. Call it in order.

        Args:
            begin: clock position.
            end: clock position.
            played: returns what left the speaker between two clock positions.
        """
        place = begin - self.delay - begin * self._drift
        first = math.floor(place)
        pcm, part = played(first, first + end - begin + 1), place - first
        return self.push(((1 - part) * pcm[:-1] + part * pcm[1:]).astype(np.float32, copy=False))

    def push(self, played: Pcm) -> Pcm:
        """Return the echo of the next block that left the speaker."""
        return self._convolver.push(played if self._clip is None else soft_clip(played, self._clip))


def soft_clip(pcm: Pcm, max_amplitude: float) -> Pcm:
    """Return ``pcm`` from a speaker that softly saturates at ``max_amplitude``: mostly odd harmonics."""
    return np.float32(max_amplitude) * np.tanh(pcm / np.float32(max_amplitude))


class Convolver:
    """Convolves a stream with a long response, ``BLOCK_SAMPLES`` at a time and without delay.

    Uniformly partitioned overlap-save in the frequency domain (Stockham 1966; Gardner, JAES 43(3), 1995): the cost of
    a block grows with the response and not with the stream, and there is none while the input is silent.
    """

    def __init__(self, response: Pcm) -> None:
        parts = -(-len(response) // BLOCK_SAMPLES)
        padded = np.zeros(parts * BLOCK_SAMPLES, dtype=np.float32)
        padded[: len(response)] = response
        self._parts = np.fft.rfft(padded.reshape(parts, BLOCK_SAMPLES), 2 * BLOCK_SAMPLES)
        self._spectra = np.zeros_like(self._parts)  # of the latest inputs, the newest at ``_newest``
        self._newest = 0
        self._previous = np.zeros(BLOCK_SAMPLES, dtype=np.float32)
        self._ringing = 0  # blocks for which there may still be an output

    def push(self, pcm: Pcm) -> Pcm:
        """Return the next ``BLOCK_SAMPLES`` of the convolution."""
        if pcm.any():
            self._ringing = len(self._parts) + 1
        elif self._ringing == 0:
            return np.zeros(BLOCK_SAMPLES, dtype=np.float32)
        else:
            self._ringing -= 1
        self._newest = (self._newest - 1) % len(self._parts)
        self._spectra[self._newest] = np.fft.rfft(np.concatenate([self._previous, pcm]))
        self._previous = pcm
        in_order = np.roll(self._spectra, -self._newest, axis=0)
        out = np.fft.irfft(np.einsum("pf,pf->f", in_order, self._parts))
        return out[BLOCK_SAMPLES:].astype(np.float32)
