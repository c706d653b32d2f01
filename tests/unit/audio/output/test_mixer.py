import itertools
import threading

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from voicemate.audio.output.mixer import Mixer

RATE = 1000  # a millisecond is a sample


def ones(n: int) -> np.ndarray:
    return np.ones(n, dtype=np.float32)


def counted(start: int, n: int) -> np.ndarray:
    """Samples whose values are their positions plus 1."""
    return np.arange(start + 1, start + n + 1, dtype=np.float32)


def fill(mixer: Mixer, n: int) -> np.ndarray:
    out = np.full(n, 99, dtype=np.float32)
    mixer.fill(out)
    return out


def test_clips_play_one_after_the_other_without_a_gap():
    mixer = Mixer(RATE)
    mixer.queue(counted(0, 30))
    mixer.queue(counted(30, 30))
    assert np.array_equal(fill(mixer, 100), np.concatenate([counted(0, 60), np.zeros(40)]))
    assert mixer.drained()


def test_spans_say_where_each_clip_lies():
    mixer = Mixer(RATE)
    first, second = mixer.queue(ones(30)), mixer.queue(ones(20))
    assert (first.start, first.end, second.start, second.end) == (0, 30, 30, 50)


def test_an_empty_clip_changes_nothing():
    mixer = Mixer(RATE)
    span = mixer.queue(ones(0))
    assert span.start == span.end
    assert mixer.drained()


def test_pause_fades_and_resume_goes_on_at_the_very_next_sample():
    mixer = Mixer(RATE)
    mixer.queue(counted(0, 400))
    fill(mixer, 100)
    mixer.pause(20)
    faded = fill(mixer, 50)
    held_at = mixer.position
    assert held_at == 120
    assert not faded[20:].any()
    assert np.all(np.diff(faded[:20] / counted(100, 20)) < 0)
    assert not fill(mixer, 100).any()
    mixer.resume(20)
    back = fill(mixer, 50)
    assert np.allclose(back[20:], counted(held_at, 50)[20:])
    assert back[0] == pytest.approx(counted(held_at, 1)[0] / 20)


def test_stop_is_silent_after_its_fade_and_drops_the_rest():
    mixer = Mixer(RATE)
    mixer.queue(ones(400))
    fill(mixer, 100)
    mixer.stop(20)
    assert not mixer.drained()
    out = fill(mixer, 60)
    assert np.allclose(out[:20], np.linspace(0.95, 0, 20), atol=1e-6)
    assert not out[20:].any()
    assert mixer.drained()
    assert mixer.position == 120


def test_a_clip_queued_after_stop_has_its_own_span_and_begins_at_its_first_sample():
    mixer = Mixer(RATE)
    mixer.queue(ones(400))
    fill(mixer, 100)
    mixer.stop(20)
    span = mixer.queue(counted(400, 50))
    assert span.start == 400
    fill(mixer, 60)
    assert mixer.position == 120, "position rests where the sound ended"
    assert np.array_equal(fill(mixer, 50), counted(400, 50))
    assert mixer.position == 450


def test_audio_that_is_stopped_before_it_began_is_never_played():
    mixer = Mixer(RATE)
    fill(mixer, 10)
    mixer.queue(ones(100))
    mixer.stop(20)
    assert not fill(mixer, 50).any()


def test_audio_that_is_queued_while_paused_waits():
    mixer = Mixer(RATE)
    mixer.pause(20)
    mixer.queue(counted(0, 50))
    assert not fill(mixer, 50).any()
    mixer.resume(1)
    assert np.array_equal(fill(mixer, 50), counted(0, 50))


def test_stopping_while_paused_lets_the_next_clip_through():
    mixer = Mixer(RATE)
    mixer.queue(ones(100))
    fill(mixer, 10)
    mixer.pause(20)
    fill(mixer, 50)
    mixer.stop(20)
    mixer.queue(counted(100, 30))
    assert np.array_equal(fill(mixer, 30), counted(100, 30))


def test_a_cancelled_fade_turns_around_without_a_jump():
    mixer = Mixer(RATE)
    mixer.queue(ones(400))
    fill(mixer, 10)
    mixer.pause(20)
    down = fill(mixer, 10)
    mixer.resume(20)
    up = fill(mixer, 20)
    gains = np.concatenate([down, up])
    assert np.abs(np.diff(gains)).max() <= 1 / 20 + 1e-6
    assert up[-1] == 1


def test_ducking_ramps_down_and_comes_back():
    mixer = Mixer(RATE)
    mixer.queue(ones(400))
    fill(mixer, 10)
    mixer.duck(20, 30)
    assert np.allclose(fill(mixer, 60), np.concatenate([1 - 0.9 * np.arange(1, 31) / 30, np.full(30, 0.1)]))
    mixer.duck(0, 30)
    assert np.allclose(fill(mixer, 60)[30:], 1)


def test_rewinding_plays_lost_audio_again_and_nothing_twice():
    mixer = Mixer(RATE)
    mixer.queue(counted(0, 50))
    mixer.queue(counted(50, 50))
    fill(mixer, 80)
    mixer.rewind(30)
    assert mixer.position == 30
    out = fill(mixer, 100)
    assert np.allclose(out[2:70], counted(32, 68), rtol=1e-5)
    assert not out[70:].any()
    assert mixer.drained()


def test_rewinding_after_a_stop_brings_nothing_back():
    mixer = Mixer(RATE)
    mixer.queue(ones(100))
    fill(mixer, 50)
    mixer.stop(20)
    fill(mixer, 50)
    mixer.rewind(10)
    assert not fill(mixer, 50).any()
    assert mixer.drained()


def test_apply_stop_drops_without_a_callback():
    mixer = Mixer(RATE)
    mixer.queue(ones(100))
    mixer.stop(20)
    mixer.apply_stop()
    assert mixer.drained()


class AnyCallOrder(RuleBasedStateMachine):
    """Any calls in any order: no sample is lost, doubled or out of place, and nothing clicks."""

    FADE = 20
    STEP = 1 / FADE + 1 / 10 + 1e-5
    """The most by which a gain may change in a sample: a fade and the steepest ducking together."""

    def __init__(self):
        super().__init__()
        self.mixer = Mixer(RATE)
        self.queued = 0
        self.expected = 0  # the next position that may sound
        self.cut = 0  # the end of what the latest stop dropped
        self.last_before_cut = 0  # no sample after this one and before the cut may sound
        self.gain: float | None = None  # of the latest sample, if sound goes on behind it
        self.position = 0

    @initialize()
    def talk(self):
        self.queue(300)
        self.fill(30)

    @rule(n=st.integers(20, 200))
    def queue(self, n):
        span = self.mixer.queue(np.full(n, 0.5, dtype=np.float32))
        assert (span.start, span.end) == (self.queued, self.queued + n)
        self.queued += n

    @rule()
    def stop(self):
        self.mixer.stop(self.FADE)
        if self.expected >= self.cut:
            self.last_before_cut = self.expected + self.FADE
        self.cut = self.queued

    @rule()
    def pause(self):
        self.mixer.pause(self.FADE)

    @rule()
    def resume(self):
        self.mixer.resume(self.FADE)

    @rule(db=st.sampled_from([0, 6, 20]))
    def duck(self, db):
        self.mixer.duck(db, 10)

    @rule(n=st.sampled_from([1, 7, 13, 20, 33, 64]))
    def fill(self, n):
        out = np.full(n, 99, dtype=np.float32)
        start, played = self.mixer.fill(out)
        assert not out[played:].any()
        if played:
            self.take(start, out[:played] / 0.5)
        if played < n:
            if self.gain is not None and self.expected not in (self.cut, self.queued):
                assert self.gain <= self.STEP, "sound that is not over ends faded out"
            self.gain = None

    def take(self, start, gains):
        if start != self.expected:
            assert start == self.cut > self.expected, "only stop skips sound"
            self.gain = None
        self.expected = start + len(gains)
        assert self.expected <= self.last_before_cut or start >= self.cut, "stop lets out no more than its fade"
        assert gains.min() >= -1e-6
        assert gains.max() <= 1 + 1e-6
        joined = gains if self.gain is None else np.append(self.gain, gains)
        assert np.abs(np.diff(joined)).max(initial=0) <= self.STEP, "a click"
        self.gain = gains[-1]

    @invariant()
    def positions_only_grow(self):
        assert self.mixer.position >= self.position
        self.position = self.mixer.position
        assert self.position <= self.queued


AnyCallOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_any_calls_in_any_order = AnyCallOrder.TestCase


def test_two_threads_lose_and_double_nothing():
    mixer = Mixer(RATE)
    buffers: list[tuple[int, int]] = []
    wrong: list[str] = []
    done = threading.Event()

    def callback() -> None:
        out = np.zeros(48, dtype=np.float32)
        finished = False
        while not finished:
            finished = done.is_set() and mixer.drained()
            start, played = mixer.fill(out)
            if played:
                buffers.append((start, played))
                whole = np.rint(out[:played]).astype(int)
                if not np.array_equal(whole, np.arange(start, start + played) + 1):
                    wrong.append(f"at {start}")

    consumer = threading.Thread(target=callback)
    consumer.start()
    queued = 0
    for n in np.random.default_rng(3).integers(1, 300, 400):
        mixer.queue(counted(queued, int(n)))
        queued += int(n)
        mixer.discard_played(mixer.position)
    done.set()
    consumer.join(timeout=20)
    assert not consumer.is_alive()
    assert not wrong
    assert sum(played for _, played in buffers) == queued
    assert all(a + n == b for (a, n), (b, _) in itertools.pairwise(buffers))
