import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.audio.devices.watchdog import DeviceCondition, Watchdog, WatchdogAction, WatchdogLimits

LIMITS = WatchdogLimits(max_attempts=5)
ON_MACOS = WatchdogLimits(max_attempts=5, reopen_on_silence=True)
TICK = 0.05


class Bench:
    """A watchdog, a scripted device, and the actions that were taken when."""

    def __init__(self, limits: WatchdogLimits):
        self.now = 100.0
        self.watchdog = Watchdog(limits, self.now)
        self.steps: list[tuple[float, WatchdogAction]] = []
        self.open = True

    def run(self, seconds: float, sound: bool | None = None, opens: bool = True) -> "Bench":
        """The device, while it is open, delivers sound, zeros or (None) nothing; it opens again or does not."""
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now += TICK
            if sound is not None and self.open:
                self.watchdog.callback_received(self.now, sound)
            step = self.watchdog.check(self.now)
            if step is not WatchdogAction.WAIT:
                self.steps.append((self.now, step))
            if step is WatchdogAction.REOPEN:
                self.open = opens
                self.watchdog.opened(self.now) if opens else self.watchdog.open_failed(self.now)
        return self

    @property
    def condition(self) -> DeviceCondition:
        return self.watchdog.condition

    def taken(self, step: WatchdogAction) -> list[float]:
        return [now for now, taken in self.steps if taken is step]


def test_a_device_that_delivers_sound_is_not_reopened():
    bench = Bench(LIMITS).run(600, sound=True)
    assert bench.condition is DeviceCondition.WORKING
    assert not bench.steps


def test_callbacks_that_stop_are_a_fault_after_a_second_and_a_half():
    bench = Bench(LIMITS).run(5, sound=True)
    stopped = bench.now
    bench.run(1.4)
    assert bench.condition is DeviceCondition.WORKING
    bench.run(0.2)
    assert bench.condition is DeviceCondition.STALLED
    assert bench.taken(WatchdogAction.REOPEN)[0] - stopped < 1.7


def test_a_headset_that_takes_three_seconds_to_start_is_waited_for():
    bench = Bench(LIMITS).run(3.5).run(10, sound=True)
    assert not bench.steps


def test_a_stream_that_ends_is_reopened_at_once():
    bench = Bench(LIMITS).run(5, sound=True)
    bench.watchdog.ended()
    ended = bench.now
    bench.run(0.5, sound=None)
    assert bench.taken(WatchdogAction.REOPEN) == [ended + TICK]


def test_a_stream_closed_by_a_rescan_is_reopened_and_not_faulty():
    bench = Bench(LIMITS).run(5, sound=True)
    bench.watchdog.closed_by_rescan()
    bench.run(1)
    assert bench.condition is DeviceCondition.WORKING
    assert len(bench.taken(WatchdogAction.REOPEN)) == 1


def test_late_callbacks_of_an_ended_stream_are_no_sign_of_life():
    bench = Bench(LIMITS).run(5, sound=True)
    bench.watchdog.ended()
    bench.watchdog.callback_received(bench.now, has_signal=True)
    assert bench.condition is DeviceCondition.STALLED


def test_a_lost_device_is_tried_less_and_less_often_and_then_given_up():
    bench = Bench(LIMITS).run(5, sound=True)
    bench.watchdog.ended()
    bench.run(20, opens=False)
    attempts = bench.taken(WatchdogAction.REOPEN)
    waits = [b - a for a, b in itertools.pairwise(attempts)]
    assert waits == pytest.approx([0.25, 0.5, 1.0, 2.0], abs=TICK + 0.01)
    assert bench.condition is DeviceCondition.GONE
    assert bench.taken(WatchdogAction.GIVE_UP)


def test_a_device_that_comes_back_is_working_again():
    bench = Bench(LIMITS).run(5, sound=True)
    bench.watchdog.ended()
    bench.run(1.5, opens=False).run(1.5, opens=True).run(1, sound=True)
    assert bench.condition is DeviceCondition.WORKING
    assert not bench.taken(WatchdogAction.GIVE_UP)


def test_a_device_that_was_given_up_gets_new_attempts_when_needed():
    bench = Bench(LIMITS).run(5, sound=True)
    bench.watchdog.ended()
    bench.run(20, opens=False)
    bench.steps.clear()
    bench.watchdog.reset_attempts()
    bench.run(0.2)
    assert bench.steps[0][1] is WatchdogAction.REOPEN


def test_a_device_that_opens_and_dies_over_and_over_is_given_up_too():
    bench = Bench(LIMITS).run(5, sound=True)
    for _ in range(20):
        bench.watchdog.ended()  # and opened again, for half a second
        bench.run(6).run(0.5, sound=True)
    assert bench.taken(WatchdogAction.GIVE_UP)


def test_two_seconds_of_zeros_are_silence():
    bench = Bench(LIMITS).run(5, sound=True).run(1.9, sound=False)
    assert bench.condition is DeviceCondition.WORKING
    bench.run(0.2, sound=False)
    assert bench.condition is DeviceCondition.SILENT
    bench.run(TICK, sound=True)
    assert bench.condition is DeviceCondition.WORKING


def test_zeros_never_end_a_stream_and_where_they_are_usual_nothing_is_reopened():
    bench = Bench(LIMITS).run(600, sound=False)
    assert bench.condition is DeviceCondition.SILENT
    assert not bench.steps


def test_on_macos_zeros_are_a_reason_for_a_few_new_streams():
    bench = Bench(ON_MACOS).run(600, sound=False)
    assert len(bench.taken(WatchdogAction.REOPEN)) == 5
    assert not bench.taken(WatchdogAction.GIVE_UP)
    assert bench.condition is DeviceCondition.SILENT


def test_a_device_that_comes_back_from_zeros_by_itself_is_given_far_longer():
    bench = Bench(ON_MACOS).run(5, sound=True).run(1.0, sound=False).run(5, sound=True)
    bench.run(100, sound=False)
    assert bench.condition is DeviceCondition.WORKING
    bench.run(25, sound=False)
    assert bench.condition is DeviceCondition.SILENT


def test_zeros_before_the_first_sound_do_not_count_as_coming_back():
    bench = Bench(ON_MACOS).run(1.0, sound=False).run(5, sound=True).run(2.1, sound=False)
    assert bench.condition is DeviceCondition.SILENT


def test_a_speaker_is_never_silent():
    bench = Bench(WatchdogLimits(silence_s=None)).run(600, sound=False)
    assert bench.condition is DeviceCondition.WORKING


LIVES = st.lists(st.tuples(st.sampled_from([True, False, None]), st.floats(0.05, 8), st.booleans()), max_size=15)


@given(lives=LIVES, mac=st.booleans())
@settings(max_examples=40, deadline=None)
def test_the_invariants_hold_for_any_device(lives, mac):
    bench = Bench(ON_MACOS if mac else LIMITS)
    for sound, seconds, opens in lives:
        was_open, before = bench.open, len(bench.steps)
        bench.run(seconds, sound, opens)
        if sound and was_open:
            assert bench.condition is DeviceCondition.WORKING
            assert len(bench.steps) == before, "a device that delivers sound is left alone"
        if sound is False and was_open and opens:
            assert bench.condition in (DeviceCondition.WORKING, DeviceCondition.SILENT), "zeros are no death"
    rebuilds = bench.taken(WatchdogAction.REOPEN)
    assert all(b - a >= 0.25 - 1e-6 for a, b in itertools.pairwise(rebuilds))
    first_given_up = min(bench.taken(WatchdogAction.GIVE_UP), default=None)
    if first_given_up is not None:
        assert len([now for now in rebuilds if now < first_given_up]) >= 5


def test_a_stream_that_ends_soon_after_it_was_opened_is_reopened_soon():
    bench = Bench(LIMITS).run(1, sound=True)
    bench.watchdog.ended()
    ended = bench.now
    bench.run(1, sound=True)
    assert bench.taken(WatchdogAction.REOPEN)[0] - ended < 0.1


def test_a_stream_that_ends_again_and_again_is_reopened_less_and_less_often():
    bench = Bench(LIMITS).run(1, sound=True)
    for _ in range(40):
        bench.watchdog.ended()
        bench.run(0.2, sound=True)
    assert len(bench.taken(WatchdogAction.REOPEN)) == LIMITS.max_attempts


def test_a_device_that_is_gone_is_tried_at_once_when_devices_change():
    bench = Bench(WatchdogLimits(max_attempts=None, max_backoff_s=60)).run(1, sound=True)
    bench.watchdog.ended()
    bench.run(100, opens=False)
    bench.watchdog.retry(bench.now)
    at = bench.now
    bench.run(1, sound=True)
    assert bench.taken(WatchdogAction.REOPEN)[-1] - at < 0.1
    assert bench.condition is DeviceCondition.WORKING
