"""The character's voice is taken out of the microphone's signal, and a person's is not."""

from collections.abc import Callable

import numpy as np
import pytest

from voicemate.audio.aec.canceller import Aec3Canceller, CleanedBlock, PassThroughCanceller, create_canceller
from voicemate.audio.devices.device import is_headphones
from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.core.pcm import CLOCK_HZ, Pcm, level_dbfs
from voicemate.testing.acoustics import AcousticPath, Acoustics, SimulatedEcho

ROOM = AcousticPath(gain_db=-15, delay_ms=50, rt60_s=0.2, seed=1)


def syllables(seconds: float, seed: int = 0, hertz: float = 140) -> Pcm:
    """A synthetic voice: a buzz in syllables of changing pitch and colour."""
    random = np.random.default_rng(seed)
    pieces = []
    while sum(map(len, pieces)) < seconds * CLOCK_HZ:
        n = int(random.integers(1500, 4000))
        time = np.arange(n) / CLOCK_HZ
        pitch = hertz * random.uniform(0.8, 1.25)
        colour = random.uniform(0.2, 1.0, 25)[:, None] / np.arange(1, 26)[:, None] ** 0.7
        buzz = np.sum(colour * np.sin(2 * np.pi * pitch * np.arange(1, 26)[:, None] * time), axis=0)
        pieces += [0.1 * np.hanning(n) * buzz, np.zeros(int(random.integers(200, 1500)))]
    return np.concatenate(pieces)[: round(seconds * CLOCK_HZ)].astype(np.float32)


def echoed(reference: Pcm, path: AcousticPath = ROOM) -> Pcm:
    room = SimulatedEcho(Acoustics(path))
    whole = reference[: len(reference) // BLOCK_SAMPLES * BLOCK_SAMPLES].reshape(-1, BLOCK_SAMPLES)
    echo = np.concatenate([np.zeros(room.delay, dtype=np.float32), *(room.push(block) for block in whole)])
    return echo[: whole.size] + np.random.default_rng(9).normal(0, 5e-4, whole.size).astype(np.float32)


def cleaned(canceller: Aec3Canceller, near: Pcm, reference: Pcm) -> list[CleanedBlock]:
    played = np.pad(reference, 3 * CLOCK_HZ)
    out = []
    for at in range(0, len(near) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
        begin = at + canceller.reference_lead + 3 * CLOCK_HZ
        block = Block(at, near[at : at + BLOCK_SAMPLES])
        out.append(canceller.process(block, played[begin : begin + BLOCK_SAMPLES]))
    return out


def blocks(seconds: float) -> int:
    return round(seconds * CLOCK_HZ / BLOCK_SAMPLES)


def sound(out: list[CleanedBlock]) -> Pcm:
    return np.concatenate([one.block.pcm for one in out])


def test_the_echo_is_cancelled_within_seconds_and_explained_from_the_start():
    reference = syllables(8)
    near = echoed(reference)
    out = cleaned(Aec3Canceller(), near, reference)
    late = slice(4 * CLOCK_HZ, None)
    assert level_dbfs(sound(out)[late]) < level_dbfs(near[late]) - 12
    talking = [one for one in out if one.echo_dbfs > -55]
    assert sum(one.explained_by_echo for one in talking) > 0.97 * len(talking)


def test_blocks_keep_their_positions_and_their_length():
    reference = np.concatenate([syllables(3), np.zeros(2 * CLOCK_HZ, dtype=np.float32)])
    out = cleaned(Aec3Canceller(), echoed(reference), reference)
    assert [one.block.at for one in out] == list(range(0, len(out) * BLOCK_SAMPLES, BLOCK_SAMPLES))
    assert {len(one.block.pcm) for one in out} == {BLOCK_SAMPLES}


def test_a_silent_speaker_costs_and_delays_nothing():
    canceller = Aec3Canceller()
    block = Block(0, syllables(0.1)[:BLOCK_SAMPLES])
    out = canceller.process(block, np.zeros(BLOCK_SAMPLES, dtype=np.float32))
    assert out.block.pcm is block.pcm
    assert out.delay == 0
    assert not out.explained_by_echo


def test_after_the_characters_speech_a_person_is_passed_on_unchanged():
    reference = np.concatenate([syllables(3), np.zeros(3 * CLOCK_HZ, dtype=np.float32)])
    person = np.zeros_like(reference)
    person[5 * CLOCK_HZ :] = syllables(1, seed=5)
    near = echoed(reference) + person[: len(echoed(reference))]
    out = cleaned(Aec3Canceller(), near, reference)
    assert np.array_equal(sound(out)[5 * CLOCK_HZ : len(near)], near[5 * CLOCK_HZ : len(out) * BLOCK_SAMPLES])


def test_the_reported_delay_is_that_of_the_audio():
    reference = syllables(6)
    person = np.zeros_like(reference)
    person[4 * CLOCK_HZ :] = 3 * syllables(2, seed=5, hertz=210)
    near = echoed(reference, AcousticPath(gain_db=-40))
    out = cleaned(Aec3Canceller(), near + person[: len(near)], reference)
    got, said = (
        sound(out)[4 * CLOCK_HZ :].astype(float),
        person[4 * CLOCK_HZ : len(out) * BLOCK_SAMPLES].astype(float),
    )
    shift = max(range(0, 600, 8), key=lambda n: float(got[n:CLOCK_HZ] @ said[: CLOCK_HZ - n]))
    assert shift == pytest.approx(out[-1].delay, abs=16)


def test_a_person_over_the_character_is_not_explained_by_echo_at_once():
    reference = syllables(10)
    person = np.zeros_like(reference)
    person[6 * CLOCK_HZ : 8 * CLOCK_HZ] = 0.5 * syllables(2, seed=5, hertz=210)
    near = echoed(reference)
    out = cleaned(Aec3Canceller(), near + person[: len(near)], reference)
    onset = blocks(6)
    assert not all(one.explained_by_echo for one in out[onset : onset + 4])
    over = out[onset : onset + blocks(2)]
    assert (
        np.mean([not one.explained_by_echo for one in over]) > 0.5
    )  # syllables stand out, pauses between them do not
    assert level_dbfs(sound(over)) > level_dbfs(person[6 * CLOCK_HZ : 8 * CLOCK_HZ]) - 6


def test_a_jumping_delay_is_not_mistaken_for_a_person():
    reference = syllables(10)
    near = np.concatenate([echoed(reference)[: 6 * CLOCK_HZ], np.roll(echoed(reference), 800)[6 * CLOCK_HZ :]])
    out = cleaned(Aec3Canceller(), near, reference)[blocks(6) :]
    assert np.mean([one.explained_by_echo for one in out]) > 0.8


def test_headphones_are_not_cancelled_until_an_echo_is_found():
    reference = syllables(5)
    near = echoed(reference)
    canceller = Aec3Canceller(lambda: "External Headphones")  # with loudspeakers plugged into their jack
    out = cleaned(canceller, near, reference)
    assert out[blocks(1)].delay == 0
    assert canceller.delay_estimator.echo_present
    assert out[-1].delay > 0


def test_without_an_echo_it_becomes_inactive_until_one_is_found():
    reference = syllables(30)
    noise = np.random.default_rng(3).normal(0, 5e-4, len(reference)).astype(np.float32)
    near = np.concatenate([noise[: 25 * CLOCK_HZ], echoed(reference)[25 * CLOCK_HZ :]])
    out = cleaned(Aec3Canceller(), near, reference)
    assert out[blocks(2)].delay > 0
    assert out[blocks(4)].delay == 0, "a few seconds are enough to know"
    assert out[blocks(24)].delay == 0
    assert out[blocks(29)].delay > 0


def test_without_an_echo_a_person_is_passed_on_from_the_first_sample():
    """AEC3 takes a second out of a person who talks over a voice whose echo it has never received."""
    reference = syllables(10)
    near = np.random.default_rng(3).normal(0, 5e-4, len(reference)).astype(np.float32)
    near[6 * CLOCK_HZ :] += 0.3 * syllables(10)[: 4 * CLOCK_HZ]
    out = cleaned(Aec3Canceller(), near, reference)
    heard = sound(out[blocks(6) : blocks(8)])
    assert np.array_equal(heard, near[blocks(6) * 512 : blocks(8) * 512])


def test_always_cancels_even_without_an_echo():
    reference = syllables(24)
    silent = np.random.default_rng(3).normal(0, 5e-4, len(reference)).astype(np.float32)
    assert cleaned(Aec3Canceller(always=True), silent, reference)[-1].delay > 0


@pytest.mark.parametrize("delay_ms", [700, 1100])
def test_an_absurd_delay_is_found_and_corrected(delay_ms: int):
    reference = syllables(14)
    canceller = Aec3Canceller()
    near = echoed(reference, AcousticPath(gain_db=-15, delay_ms=delay_ms, rt60_s=0.2))
    out = cleaned(canceller, near, reference)
    assert -canceller.reference_lead == pytest.approx(delay_ms * 16 - 320, abs=48)
    late = slice(10 * CLOCK_HZ, None)
    assert level_dbfs(sound(out)[late]) < level_dbfs(near[late]) - 8


def test_an_echo_before_its_sound_is_corrected_too():
    """A device that reports that its audio will leave 60 ms later than it does."""
    reference = syllables(10)
    near = np.roll(echoed(reference), -110 * 16)
    canceller = Aec3Canceller()
    cleaned(canceller, near, reference)
    assert canceller.reference_lead == pytest.approx(60 * 16 + 320, abs=48)


def test_off_passes_everything_on():
    canceller = create_canceller("off", lambda: "")
    assert isinstance(canceller, PassThroughCanceller)
    block = Block(0, syllables(0.1)[:BLOCK_SAMPLES])
    assert canceller.process(block, block.pcm).block is block


def test_another_speaker_is_measured_from_scratch():
    names = iter(["AirPods Pro"] + ["MacBook Pro Speakers"] * 1000)
    name: Callable[[], str] = lambda: next(names)  # noqa: E731
    canceller = Aec3Canceller(name)
    assert not canceller.delay_estimator.echo_present
    reference = syllables(1)
    cleaned(canceller, echoed(reference), reference)
    assert canceller.delay_estimator.echo_present


@pytest.mark.parametrize(
    ("name", "headphones"),
    [
        ("External Headphones", True),
        ("Anna's AirPods Pro", True),
        ("Kopfhörer (USB Audio)", True),
        ("Galaxy Buds2", True),
        ("WH-1000XM5", True),
        ("Jabra Evolve2 Headset", True),
        ("MacBook Pro Speakers", False),
        ("HDMI / DisplayPort", False),
        ("Built-in Audio Analog Stereo", False),
        ("", False),
    ],
)
def test_headphones_are_recognised_by_their_names(name: str, headphones: bool):
    assert is_headphones(name) is headphones
