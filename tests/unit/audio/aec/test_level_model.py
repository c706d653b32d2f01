"""How loud the echo must be now, and what is louder than that."""

import numpy as np
import pytest

from voicemate.audio.aec.level_model import EchoLevelModel, EchoLevels
from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.pcm import Pcm
from voicemate.testing.acoustics import AcousticPath, Acoustics, SimulatedEcho

SECOND = 31  # blocks


def bursts(seconds: float, seed: int = 0) -> Pcm:
    """Syllables of noise, three or four a second, each of its own level and colour, with pauses between them."""
    random = np.random.default_rng(seed)
    pieces = []
    while len(pieces) < round(seconds * SECOND):
        n = int(random.integers(4, 9))
        noise = random.standard_normal(n * BLOCK_SAMPLES + 8) * 10 ** (random.uniform(-30, -12) / 20)
        sound = np.convolve(noise, random.standard_normal(9), "valid") / 3 * np.hanning(n * BLOCK_SAMPLES)
        pieces += [*sound.reshape(-1, BLOCK_SAMPLES), *np.zeros((int(random.integers(1, 4)), BLOCK_SAMPLES))]
    return np.concatenate(pieces[: round(seconds * SECOND)]).astype(np.float32)


def echo(reference: Pcm, gain_db: float) -> Pcm:
    path = SimulatedEcho(Acoustics(AcousticPath(gain_db, delay_ms=0, rt60_s=0.25, seed=1)))
    late = np.concatenate([np.zeros(800, dtype=np.float32), reference])[: len(reference)]
    heard = np.concatenate([path.push(block) for block in late.reshape(-1, BLOCK_SAMPLES)])
    return heard + np.random.default_rng(8).normal(0, 1e-4, len(reference)).astype(np.float32)


def follow(level: EchoLevelModel, near: Pcm, reference: Pcm, left: float = 0.03) -> list[EchoLevels]:
    """The levels of each block; cancelling leaves the part ``left`` of the microphone's amplitude."""
    pairs = zip(near.reshape(-1, BLOCK_SAMPLES), reference.reshape(-1, BLOCK_SAMPLES), strict=True)
    return [level.update(mine, played, mine * np.float32(left)) for mine, played in pairs]


@pytest.mark.parametrize("gain_db", [-15, 0])
def test_the_echo_is_predicted_within_two_decibels(gain_db: float):
    reference = bursts(20)
    levels = follow(EchoLevelModel(), echo(reference, gain_db), reference)[10 * SECOND :]
    errors = np.array([one.near - one.expected for one in levels])
    assert abs(np.median(errors)) < 2
    assert np.percentile(errors, 95) < 3.5


def test_before_anything_is_learned_the_loudest_echo_is_expected():
    reference = bursts(1)
    assert all(one.near < one.expected for one in follow(EchoLevelModel(), echo(reference, -10), reference)[3:])


def test_a_person_is_above_the_prediction_and_changes_it_little():
    reference = bursts(30)
    near = echo(reference, -20)
    talk = slice(10 * SECOND * BLOCK_SAMPLES, 20 * SECOND * BLOCK_SAMPLES)
    near[talk] += bursts(10, seed=5)[: 10 * SECOND * BLOCK_SAMPLES]
    levels = follow(EchoLevelModel(), near, reference)
    above = np.array([one.near - one.expected for one in levels])
    assert np.mean(above[10 * SECOND : 20 * SECOND] > 3) > 0.7  # the rest are pauses between syllables
    assert -6 < np.median(above[22 * SECOND :]) < 3


def test_a_speaker_that_is_turned_up_is_learned():
    reference = bursts(60)
    near = np.concatenate(
        [echo(reference, -25)[: 20 * SECOND * BLOCK_SAMPLES], echo(reference, -15)[20 * SECOND * BLOCK_SAMPLES :]]
    )
    above = np.array([one.near - one.expected for one in follow(EchoLevelModel(), near, reference)])
    assert np.median(above[19 * SECOND : 20 * SECOND]) < 0 < np.median(above[20 * SECOND : 21 * SECOND])
    assert np.median(above[-5 * SECOND :]) < 3


def test_what_cancelling_leaves_is_learned():
    reference = bursts(25)
    near = echo(reference, -10)
    last = follow(EchoLevelModel(), near, reference, left=0.02)[-5 * SECOND :]
    above = [one.cleaned - one.residue for one in last]
    assert -16 < np.median(above) < 0  # nine of ten lie below it


def test_digital_silence_is_handled():
    silence = np.zeros(20 * BLOCK_SAMPLES, dtype=np.float32)
    for one in follow(EchoLevelModel(), silence, silence):
        assert np.isfinite([one.near, one.cleaned, one.echo, one.expected, one.residue]).all()
