"""A delay that jumps while the character speaks is detected at once, and a person is not mistaken for it."""

import numpy as np
import pytest

from voicemate.audio.aec.canceller import Aec3Canceller, CleanedBlock
from voicemate.audio.aec.delay_jump import DelayJumpDetector
from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.core.pcm import CLOCK_HZ, Pcm, level_dbfs, to_samples

USUAL = to_samples(60)
SECONDS = 8
AT_S = 5
"""When the delay jumps."""


def voice(seed: int, seconds: float = SECONDS) -> Pcm:
    """Noise in syllables."""
    random = np.random.default_rng(seed)
    pieces = []
    while sum(map(len, pieces)) < seconds * CLOCK_HZ:
        n = int(random.integers(1500, 4000))
        pieces += [0.15 * np.hanning(n) * random.standard_normal(n), np.zeros(int(random.integers(200, 1500)))]
    return np.concatenate(pieces)[: round(seconds * CLOCK_HZ)].astype(np.float32)


def echo(reference: Pcm, delay: int, gain: float = 0.1) -> Pcm:
    random = np.random.default_rng(9)
    # 3 dB more reverberation than direct sound
    room = np.concatenate([[1.0], 0.1 * random.standard_normal(1600) * np.exp(-np.arange(1600) / 400)])
    heard = np.convolve(reference, gain * room.astype(np.float32))
    late = np.concatenate([np.zeros(delay, dtype=np.float32), heard])[: len(reference)]
    return (late + random.normal(0, 5e-4, len(reference))).astype(np.float32)


def jumping(reference: Pcm, to: int, louder: float = 1.0) -> Pcm:
    at = AT_S * CLOCK_HZ
    return np.concatenate([echo(reference, USUAL)[:at], louder * echo(reference, to)[at:]])


def in_blocks(pcm: Pcm) -> list[Pcm]:
    return [pcm[at : at + BLOCK_SAMPLES] for at in range(0, len(pcm) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES)]


def jumps(near: Pcm, reference: Pcm, failing_from_s: float = 0) -> list[tuple[float, int]]:
    """When jumps were found while cancelling fails from then on, and by how much."""
    watch, delay, found = DelayJumpDetector(), USUAL, list[tuple[float, int]]()
    for number, (heard, played) in enumerate(zip(in_blocks(near), in_blocks(reference), strict=True)):
        failing = number * BLOCK_SAMPLES >= failing_from_s * CLOCK_HZ
        by = watch.push(heard, played, delay, failing)
        delay += by
        if by:
            found.append((number * BLOCK_SAMPLES / CLOCK_HZ, by))
    return found


@pytest.mark.parametrize("by_ms", [-50, -20, 15, 40, 120])
def test_a_jump_is_found_within_a_third_of_a_second_and_only_once(by_ms: int):
    reference = voice(1)
    ((when, by),) = jumps(jumping(reference, USUAL + to_samples(by_ms)), reference)
    assert AT_S < when < AT_S + 0.35
    assert by == pytest.approx(to_samples(by_ms), abs=to_samples(2))


def test_a_constant_delay_is_no_jump():
    reference = voice(1)
    assert jumps(echo(reference, USUAL), reference) == []


@pytest.mark.parametrize("gain", [0.1, 0.0])
def test_a_person_who_talks_over_the_character_is_no_jump(gain: float):
    reference = voice(1)
    assert jumps(echo(reference, USUAL, gain) + voice(2), reference) == []


def test_a_similar_voice_that_is_louder_than_the_echo_ever_was_is_no_jump():
    reference = voice(1)
    later = USUAL + to_samples(100)
    assert jumps(jumping(reference, later, louder=4), reference, failing_from_s=AT_S) == []
    ((when, by),) = jumps(jumping(reference, later, louder=1.5), reference, failing_from_s=AT_S)
    assert by == pytest.approx(to_samples(100), abs=to_samples(2))
    assert AT_S < when < AT_S + 0.35


def test_while_the_delay_is_not_known_no_jump_is_detected():
    reference, watch = voice(1), DelayJumpDetector()
    near = jumping(reference, to_samples(100))
    pairs = zip(in_blocks(near), in_blocks(reference), strict=True)
    assert not any(watch.push(heard, played, None, failing=True) for heard, played in pairs)


@pytest.mark.parametrize("later", [-700, 0, 700])
def test_the_reference_is_realigned_as_if_asked_for_later(later: int):
    reference, watch = voice(1), DelayJumpDetector()
    for played in in_blocks(reference):
        watch.push(played, played, USUAL, failing=False)
    end = len(in_blocks(reference)) * BLOCK_SAMPLES
    expected = np.pad(reference[:end], 4096)[4096 + later :][:end][-10 * BLOCK_SAMPLES :]
    if later > 0:
        expected[-later:] = 0  # not played yet
    assert np.array_equal(np.concatenate(watch.realigned_reference(later, 10)), expected)


def cleaned(near: Pcm, reference: Pcm) -> tuple[Aec3Canceller, list[CleanedBlock]]:
    canceller, out = Aec3Canceller(), list[CleanedBlock]()
    known = np.pad(reference, CLOCK_HZ)
    for number, heard in enumerate(in_blocks(near)):
        at = number * BLOCK_SAMPLES
        begin = at + canceller.reference_lead + CLOCK_HZ
        played = known[begin : begin + BLOCK_SAMPLES].copy()
        played[max(0, BLOCK_SAMPLES - max(0, canceller.reference_lead)) :] = (
            0  # nobody hears what is still to be played
        )
        out.append(canceller.process(Block(at, heard), played))
    return canceller, out


def test_the_reference_follows_a_jump_and_the_echo_stays_cancelled():
    reference = voice(1)
    near = jumping(reference, USUAL + to_samples(40))
    canceller, out = cleaned(near, reference)
    assert canceller.reference_lead == pytest.approx(-to_samples(40), abs=to_samples(2))
    soon = slice(round((AT_S + 0.6) * CLOCK_HZ), round((AT_S + 1.6) * CLOCK_HZ))
    sound = np.concatenate([one.block.pcm for one in out])
    assert level_dbfs(sound[soon]) < level_dbfs(near[soon]) - 15


@pytest.mark.parametrize("by_ms", [-40, 40])
def test_after_a_jump_the_character_is_not_mistaken_for_a_person(by_ms: int):
    reference = voice(1)
    _, out = cleaned(jumping(reference, USUAL + to_samples(by_ms)), reference)
    after = out[round((AT_S + 0.4) * CLOCK_HZ / BLOCK_SAMPLES) :]
    assert np.mean([one.explained_by_echo for one in after]) > 0.98


def test_after_an_earlier_echo_the_reference_is_not_asked_for_before_it_is_played():
    reference = voice(1)
    canceller, _ = cleaned(jumping(reference, USUAL - to_samples(40)), reference)
    assert canceller.reference_lead <= 0
