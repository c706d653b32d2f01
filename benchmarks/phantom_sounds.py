"""Sounds of rooms where no one talks to the character: noises, music, other people, a television.

Most music is synthetic (chords and a plucked tune, drums, sung vowels), since there are few recordings of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from voicemate.core.pcm import CLOCK_HZ, Pcm, level_dbfs, to_samples
from voicemate.testing import background_noise
from voicemate.testing.acoustics import AcousticPath
from voicemate.testing.speech_corpus import SpeechRecording, load_corpus

FAR = AcousticPath(rt60_s=0.5, direct_db=-3, seed=2)
"""From across a living room: more reverberation than direct sound."""

SUNG_S = 20.0
VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))
"""First three formants in Hz of a, e, i, o and u (Peterson and Barney, JASA 24, 1952; men)."""
FORMANT_HZ = (80.0, 90.0, 120.0)
"""Bandwidths of the formants."""
TUNE = (0, 2, 4, 5, 7, 5, 4, 2, 0, 4, 7, 12, 9, 7, 4, 2)


@dataclass(frozen=True)
class Sounding:
    """Sound of one kind.

    Attributes:
        speech: it has intelligible words.
    """

    name: str
    pcm: Pcm
    speech: bool = False


def soundings(seconds: float, level: float, part: str = "all") -> Iterator[Sounding]:
    """Yield all kinds.

    Args:
        level: of music, chatter and television at the microphone, in dBFS; the noises are as loud as recorded.
        part: of the recordings: ``all``, or every other one (``even``, ``odd``).
    """
    clips = load_corpus()
    noises = _part([clip for clip in clips if clip.kind == "nonspeech"], part)
    people = _part([clip for clip in clips if clip.kind == "speech" and clip.language == "en"], part)
    voices = [clip.pcm() for clip in people]
    yield Sounding("noises", filled((clip.pcm() for clip in noises), seconds))
    yield Sounding("music", at_level(filled(music(noises, part), seconds), level))
    yield Sounding(
        "chatter of five", at_level(_far(background_noise.babble(voices, seconds, talkers=5, seed=1)), level)
    )
    two = background_noise.babble(voices, seconds, talkers=2, seed=2)
    yield Sounding("two at once", at_level(_far(two), level), speech=True)
    behind = at_level(filled(music(noises, part), seconds), level - 10)
    television = at_level(_far(filled(iter(voices), seconds)), level) + behind
    yield Sounding("television", television, speech=True)


def _part(clips: Sequence[SpeechRecording], part: str) -> list[SpeechRecording]:
    return list({"all": clips, "even": clips[::2], "odd": clips[1::2]}[part])


def music(noises: Sequence[SpeechRecording], part: str) -> Iterator[Pcm]:
    """Yield recorded and synthetic music in turn."""
    first = {"all": 0, "even": 0, "odd": 100}[part]
    recorded = [clip.pcm() for clip in noises if "music" in clip.name + clip.note and "speech" not in clip.note]
    for seed in range(first, first + 4):
        yield from recorded
        yield background_noise.music(SUNG_S, seed)
        yield drums(SUNG_S, seed)
        yield sung(SUNG_S, seed)
        yield at_level(sung(SUNG_S, seed + 10), -20) + at_level(background_noise.music(SUNG_S, seed + 10), -24)


def drums(seconds: float, seed: int) -> Pcm:
    """Return a bass drum, a snare and a hi-hat, at 90 to 130 beats per minute."""
    random = np.random.default_rng(seed)
    out = np.zeros(round(seconds * CLOCK_HZ))
    step = to_samples(60_000 / random.uniform(90, 130) / 2)
    for number, at in enumerate(range(0, len(out) - to_samples(250), step)):
        time = np.arange(to_samples(250)) / CLOCK_HZ
        hiss = random.standard_normal(len(time))
        hat = 0.2 * np.diff(hiss, prepend=0) * np.exp(-time / 0.03)
        bass = np.sin(2 * np.pi * (50 * time + 4 * (1 - np.exp(-time / 0.03)))) * np.exp(-time / 0.1)
        snare = (0.5 * hiss + np.sin(2 * np.pi * 190 * time)) * np.exp(-time / 0.07)
        out[at : at + len(time)] += hat + (bass if number % 4 == 0 else snare if number % 4 == 2 else 0)
    return at_level(out.astype(np.float32), -20)


def sung(seconds: float, seed: int) -> Pcm:
    """Return sung vowels: pulses at a tune's pitch, with vibrato, through the vowels' formants."""
    random = np.random.default_rng(seed)
    out, at = np.zeros(round(seconds * CLOCK_HZ)), 0
    base = random.uniform(110, 260)
    for note in cycle(TUNE):
        n = to_samples(random.choice([300, 450, 600, 900]))
        if at + n > len(out):
            break
        if random.random() < 0.85:
            time = np.arange(n) / CLOCK_HZ
            hertz = base * 2 ** (note / 12) * (1 + 0.015 * np.sin(2 * np.pi * 5.5 * time))
            pulses = np.diff(np.floor(np.cumsum(hertz) / CLOCK_HZ), prepend=0) + 0.01 * random.standard_normal(n)
            swell = np.minimum(1, np.minimum(time / 0.05, (n / CLOCK_HZ - time) / 0.08))
            out[at : at + n] = swell * _vowel(pulses, VOWELS[int(random.integers(len(VOWELS)))])
        at += n
    return at_level(out.astype(np.float32), -20)


def _vowel(pulses: np.ndarray, formants: tuple[int, ...]) -> np.ndarray:
    """Filter ``pulses`` by resonances at the formants."""
    spectrum, hertz = np.fft.rfft(pulses), np.fft.rfftfreq(len(pulses), 1 / CLOCK_HZ)
    for centre, width in zip(formants, FORMANT_HZ, strict=True):
        spectrum = spectrum * centre**2 / (centre**2 - hertz**2 + 1j * hertz * width)
    return np.fft.irfft(spectrum, len(pulses))


def filled(sounds: Iterator[Pcm], seconds: float) -> Pcm:
    """Return ``sounds`` one after the other, repeated until they fill ``seconds``."""
    once = np.concatenate(list(sounds))
    return np.resize(once, round(seconds * CLOCK_HZ)).astype(np.float32)


def at_level(pcm: Pcm, dbfs: float) -> Pcm:
    return pcm * np.float32(10 ** ((dbfs - level_dbfs(pcm)) / 20))


def _far(pcm: Pcm) -> Pcm:
    return FAR.apply(pcm)[: len(pcm)]
