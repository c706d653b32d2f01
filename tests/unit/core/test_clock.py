import asyncio

import pytest

from voicemate.core.clock import SampleClock
from voicemate.core.pcm import CLOCK_HZ
from voicemate.testing.virtual_time import run_virtual


class Hands:
    """A time that the test sets."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def hands() -> Hands:
    return Hands()


def test_it_counts_from_zero_without_a_microphone(hands):
    clock = SampleClock(hands)
    assert clock.now() == 0
    hands.seconds += 2.5
    assert clock.now() == 2.5 * CLOCK_HZ


def test_it_follows_the_microphone(hands):
    clock = SampleClock(hands)
    hands.seconds += 1
    clock.anchor(17_000, hands.seconds)
    assert clock.now() == 17_000
    hands.seconds += 0.01
    assert clock.now() == 17_160


def test_it_stands_still_instead_of_running_backwards(hands):
    clock = SampleClock(hands)
    hands.seconds += 1
    assert clock.now() == 16_000
    clock.anchor(15_200, hands.seconds)
    assert clock.now() == 16_000
    hands.seconds += 0.025
    assert clock.now() == 16_000
    hands.seconds += 0.05
    assert clock.now() == 16_400


def test_samples_and_times_convert_into_each_other(hands):
    clock = SampleClock(hands)
    clock.anchor(5_000, 101.5)
    assert clock.sample_at(102.0) == 13_000
    assert clock.time_of(13_000) == 102.0


def test_on_virtual_time_it_is_virtual():
    async def main() -> int:
        clock = SampleClock()
        await asyncio.sleep(3600)
        return clock.now()

    assert run_virtual(main()) == 3600 * CLOCK_HZ
