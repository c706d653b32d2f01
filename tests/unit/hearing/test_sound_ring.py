import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.hearing.positioned_sound import block
from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.vad.sound_ring import SoundRing


@given(st.integers(1, 30), st.integers(0, 20_000), st.integers(0, 20_000))
def test_sound_comes_back_by_its_position_as_far_as_it_is_kept(pushed: int, began: int, ended: int):
    ring = SoundRing(capacity=4000)
    for number in range(pushed):
        ring.push(block(number))
    known = np.arange(max(began, pushed * BLOCK_SAMPLES - 4000, 0), min(ended, pushed * BLOCK_SAMPLES))
    assert ring.audio(began, ended).tolist() == known.tolist()


def test_after_a_gap_nothing_from_before_it_is_left():
    ring = SoundRing(capacity=4000)
    ring.push(block(0))
    ring.push(block(5))
    assert ring.began == 5 * BLOCK_SAMPLES
    assert ring.audio(0, 6 * BLOCK_SAMPLES).tolist() == block(5).pcm.tolist()


def test_what_was_taken_out_does_not_change_later():
    ring = SoundRing(capacity=BLOCK_SAMPLES)
    ring.push(block(0))
    taken = ring.audio(0, BLOCK_SAMPLES)
    ring.push(Block(BLOCK_SAMPLES, np.zeros(BLOCK_SAMPLES, dtype=np.float32)))
    assert taken[-1] == BLOCK_SAMPLES - 1
