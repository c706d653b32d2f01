"""Sounds to play over the character's voice: people who take the floor, and sounds that are not a bid for it."""

import asyncio
from dataclasses import dataclass

import numpy as np

from benchmarks.scene import Engines, at_clock_rate
from voicemate.core.pcm import CLOCK_HZ, Pcm, to_samples
from voicemate.personas.persona import Voice
from voicemate.testing.speech_corpus import load_corpus

LONGEST_BID = 8 * CLOCK_HZ
LONGEST_NOISE = 4 * CLOCK_HZ
LISTENERS_SAY = ("Mm-hmm.", "Uh-huh.", "Yeah.", "Right.", "Okay.", "I see.", "Oh.", "Wow.")


@dataclass(frozen=True)
class Given:
    """A sound over the character's voice.

    Attributes:
        bid: a person takes the floor with it.
        onset_ms: where the person's speech begins in it.
    """

    name: str
    bid: bool
    pcm: Pcm
    onset_ms: float = 0.0


def given_sounds(engines: Engines, bids: int) -> list[Given]:
    """Return ``bids`` recordings of people, evenly over the manifest, and all other sounds."""
    return [*people(bids), *noises(), *coughs_and_claps(), *signs_of_listening(engines)]


def people(count: int) -> list[Given]:
    speech = [
        clip
        for clip in load_corpus()
        if clip.kind == "speech" and clip.language == "en" and clip.transcript and clip.speech_end_s > 0
    ]
    chosen = speech[:: max(1, len(speech) // count)][:count]
    return [Given(clip.name, True, clip.pcm()[:LONGEST_BID], clip.speech_start_s * 1000) for clip in chosen]


def noises() -> list[Given]:
    """Return keyboards, an alarm, a chime and an empty room."""
    wanted = ("typing", "alarm", "activation", "empty")
    chosen = [
        clip for clip in load_corpus() if clip.kind == "nonspeech" and any(word in clip.name for word in wanted)
    ]
    return [Given(clip.name, False, clip.pcm()[:LONGEST_NOISE]) for clip in chosen]


def coughs_and_claps() -> list[Given]:
    """Make coughs (one to three decaying bursts, coloured like a vocal tract) and claps, as loud as speech."""
    given = []
    for seed in range(8):
        random = np.random.default_rng(seed)
        bursts = []
        for _ in range(1 + seed % 3):
            length = random.uniform(0.12, 0.3)
            time = np.arange(int(length * CLOCK_HZ)) / CLOCK_HZ
            burst = random.standard_normal(len(time)) * np.exp(-time / (length / 3))
            hollow = np.convolve(burst, np.hanning(int(random.uniform(6, 24))), mode="same")
            bursts += [hollow / np.max(np.abs(hollow)) * 0.3, np.zeros(to_samples(random.uniform(80, 250)))]
        given.append(Given(f"cough {seed}", False, np.concatenate(bursts).astype(np.float32)))
    for seed in range(4):
        time = np.arange(to_samples(60)) / CLOCK_HZ
        clap = np.random.default_rng(100 + seed).standard_normal(len(time)) * np.exp(-time / 0.008)
        given.append(Given(f"clap {seed}", False, (0.4 * clap / np.max(np.abs(clap))).astype(np.float32)))
    return given


def signs_of_listening(engines: Engines) -> list[Given]:
    """Return backchannels in other voices than the character's."""

    async def all_of_them() -> list[Given]:
        voices = [voice.id for voice in await engines.voices("en")][1:3] or [""]  # the first is the character's
        given = []
        for text in LISTENERS_SAY:
            for pitch, name in enumerate(voices):
                sound = await engines.sound(text, Voice(language="en", id=name, rate=150))
                pcm = at_clock_rate(sound)
                given.append(Given(f"“{text}” {pitch}", False, 0.25 * pcm / np.max(np.abs(pcm))))
        return given

    return asyncio.run(all_of_them())
