"""From a real loudspeaker to a real microphone that hears it: the far signal and the delay, through PortAudio."""

import pytest

from tests.pulse import PulseRoom
from voicemate.audio.clock import SampleClock
from voicemate.audio.loop import LoopResult, measure_loop
from voicemate.audio.loudspeaker import DeviceLoudspeaker
from voicemate.audio.microphone import DeviceMicrophone
from voicemate.audio.stream_host import StreamHost

pytestmark = pytest.mark.device

UNHURRIED_S = 0.25


async def loop_to(host: StreamHost, microphone: str) -> LoopResult:
    clock = SampleClock()
    loudspeaker = DeviceLoudspeaker(host, clock, latency_s=UNHURRIED_S)
    return await measure_loop(DeviceMicrophone(host, clock, microphone), loudspeaker)


async def test_a_microphone_that_hears_the_loudspeaker_does_so_when_the_far_signal_says(
    host: StreamHost, pulse_room: PulseRoom
):
    result = await loop_to(host, "echo")
    assert result.echo.heard
    assert abs(result.delay_ms) < 100  # some milliseconds on a quiet machine, tens on a busy one
    assert result.echo.gain_db == pytest.approx(0, abs=3)


async def test_one_that_does_not_hear_it_is_told_so(host: StreamHost, pulse_room: PulseRoom):
    result = await loop_to(host, "mic")
    assert result.works
    assert not result.echo.heard
    assert "does not hear the loudspeaker" in result.advice()[0]
