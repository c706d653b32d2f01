"""From a real speaker to a real microphone that picks it up: the reference and the delay, through PortAudio."""

import pytest

from voicemate.audio.devices.portaudio import PortAudio
from voicemate.audio.input.microphone import DeviceMicrophone
from voicemate.audio.output.speaker import DeviceSpeaker
from voicemate.core.clock import SampleClock
from voicemate.doctor.loopback.measure import LoopbackResult, measure_loopback
from voicemate.testing.pulseaudio_room import PulseAudioRoom

pytestmark = pytest.mark.audio_devices

UNHURRIED_S = 0.25


async def loop_to(host: PortAudio, microphone: str) -> LoopbackResult:
    clock = SampleClock()
    loudspeaker = DeviceSpeaker(host, clock, latency_s=UNHURRIED_S)
    return await measure_loopback(DeviceMicrophone(host, clock, microphone), loudspeaker)


async def test_a_microphone_picks_the_speaker_up_when_the_reference_says_so(
    host: PortAudio, pulse_room: PulseAudioRoom
):
    result = await loop_to(host, "echo")
    assert result.echo.detected
    assert abs(result.delay_ms) < 100  # some milliseconds on a quiet machine, tens on a busy one
    assert result.echo.gain_db == pytest.approx(0, abs=3)


async def test_a_microphone_that_does_not_pick_it_up_is_reported(host: PortAudio, pulse_room: PulseAudioRoom):
    result = await loop_to(host, "mic")
    assert result.has_signal
    assert not result.echo.detected
    assert "does not pick up the speaker" in result.advice()[0]
