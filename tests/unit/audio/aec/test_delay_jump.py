"""A delay that jumps while the character speaks is noticed at once, and nobody is taken for it."""

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


def echo(far: Pcm, delay: int, gain: float = 0.1) -> Pcm:
    random = np.random.default_rng(9)
    # 3 dB more reverberation than direct sound
    room = np.concatenate([[1.0], 0.1 * random.standard_normal(1600) * np.exp(-np.arange(1600) / 400)])
    heard = np.convolve(far, gain * room.astype(np.float32))
    late = np.concatenate([np.zeros(delay, dtype=np.float32), heard])[: len(far)]
    return (late + random.normal(0, 5e-4, len(far))).astype(np.float32)


def jumping(far: Pcm, to: int, louder: float = 1.0) -> Pcm:
    at = AT_S * CLOCK_HZ
    return np.concatenate([echo(far, USUAL)[:at], louder * echo(far, to)[at:]])


def in_blocks(pcm: Pcm) -> list[Pcm]:
    return [pcm[at : at + BLOCK_SAMPLES] for at in range(0, len(pcm) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES)]


def jumps(near: Pcm, far: Pcm, failing_from_s: float = 0) -> list[tuple[float, int]]:
    """When jumps were found while cancelling fails from then on, and by how much."""
    watch, delay, found = DelayJumpDetector(), USUAL, list[tuple[float, int]]()
    for number, (heard, played) in enumerate(zip(in_blocks(near), in_blocks(far), strict=True)):
        failing = number * BLOCK_SAMPLES >= failing_from_s * CLOCK_HZ
        by = watch.push(heard, played, delay, failing)
        delay += by
        if by:
            found.append((number * BLOCK_SAMPLES / CLOCK_HZ, by))
    return found


@pytest.mark.parametrize("by_ms", [-50, -20, 15, 40, 120])
def test_a_jump_is_found_within_a_third_of_a_second_and_only_once(by_ms: int):
    far = voice(1)
    ((when, by),) = jumps(jumping(far, USUAL + to_samples(by_ms)), far)
    assert AT_S < when < AT_S + 0.35
    assert by == pytest.approx(to_samples(by_ms), abs=to_samples(2))


def test_a_delay_that_stays_is_left_alone():
    far = voice(1)
    assert jumps(echo(far, USUAL), far) == []


@pytest.mark.parametrize("gain", [0.1, 0.0])
def test_somebody_who_talks_over_the_character_is_no_jump(gain: float):
    far = voice(1)
    assert jumps(echo(far, USUAL, gain) + voice(2), far) == []


def test_a_voice_like_the_characters_that_is_louder_than_its_echo_ever_was_is_no_jump():
    far = voice(1)
    later = USUAL + to_samples(100)
    assert jumps(jumping(far, later, louder=4), far, failing_from_s=AT_S) == []
    ((when, by),) = jumps(jumping(far, later, louder=1.5), far, failing_from_s=AT_S)
    assert by == pytest.approx(to_samples(100), abs=to_samples(2))
    assert AT_S < when < AT_S + 0.35


def test_while_the_delay_is_not_known_nothing_is_looked_for():
    far, watch = voice(1), DelayJumpDetector()
    near = jumping(far, to_samples(100))
    pairs = zip(in_blocks(near), in_blocks(far), strict=True)
    assert not any(watch.push(heard, played, None, failing=True) for heard, played in pairs)


@pytest.mark.parametrize("later", [-700, 0, 700])
def test_the_far_signal_is_told_as_it_would_have_been(later: int):
    far, watch = voice(1), DelayJumpDetector()
    for played in in_blocks(far):
        watch.push(played, played, USUAL, failing=False)
    end = len(in_blocks(far)) * BLOCK_SAMPLES
    expected = np.pad(far[:end], 4096)[4096 + later :][:end][-10 * BLOCK_SAMPLES :]
    if later > 0:
        expected[-later:] = 0  # not played yet
    assert np.array_equal(np.concatenate(watch.realigned_reference(later, 10)), expected)


def cleaned(near: Pcm, far: Pcm) -> tuple[Aec3Canceller, list[CleanedBlock]]:
    canceller, out = Aec3Canceller(), list[CleanedBlock]()
    known = np.pad(far, CLOCK_HZ)
    for number, heard in enumerate(in_blocks(near)):
        at = number * BLOCK_SAMPLES
        begin = at + canceller.reference_lead + CLOCK_HZ
        played = known[begin : begin + BLOCK_SAMPLES].copy()
        played[max(0, BLOCK_SAMPLES - max(0, canceller.reference_lead)) :] = (
            0  # nobody hears what is still to be played
        )
        out.append(canceller.process(Block(at, heard), played))
    return canceller, out


def test_the_far_signal_follows_a_jump_and_the_echo_stays_cancelled():
    far = voice(1)
    near = jumping(far, USUAL + to_samples(40))
    canceller, out = cleaned(near, far)
    assert canceller.reference_lead == pytest.approx(-to_samples(40), abs=to_samples(2))
    soon = slice(round((AT_S + 0.6) * CLOCK_HZ), round((AT_S + 1.6) * CLOCK_HZ))
    sound = np.concatenate([one.block.pcm for one in out])
    assert level_dbfs(sound[soon]) < level_dbfs(near[soon]) - 15


@pytest.mark.parametrize("by_ms", [-40, 40])
def test_after_a_jump_the_character_is_not_taken_for_a_person(by_ms: int):
    far = voice(1)
    _, out = cleaned(jumping(far, USUAL + to_samples(by_ms)), far)
    after = out[round((AT_S + 0.4) * CLOCK_HZ / BLOCK_SAMPLES) :]
    assert np.mean([one.explained_by_echo for one in after]) > 0.98


def test_an_echo_that_comes_earlier_than_ever_is_no_reason_to_ask_for_what_is_not_played_yet():
    far = voice(1)
    canceller, _ = cleaned(jumping(far, USUAL - to_samples(40)), far)
    assert canceller.reference_lead <= 0
