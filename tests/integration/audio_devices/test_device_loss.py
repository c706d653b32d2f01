import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator

import numpy as np
import pytest

from voicemate.audio.devices.device import DevicesChanged
from voicemate.audio.devices.hotplug import HotplugMonitor, platform_source
from voicemate.audio.devices.portaudio import PortAudio
from voicemate.audio.devices.watchdog import WatchdogLimits
from voicemate.audio.input.microphone import DeviceMicrophone
from voicemate.audio.interfaces import Block
from voicemate.audio.output.speaker import DeviceSpeaker
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError
from voicemate.core.pcm import AudioClip
from voicemate.testing.pulseaudio_room import RATE, PulseAudioRoom, find

pytestmark = pytest.mark.audio_devices

PATIENT = WatchdogLimits(start_timeout_s=2.0, silence_s=1.0, max_backoff_s=0.5, max_attempts=None)
SLOW = WatchdogLimits(start_timeout_s=2.0, silence_s=1.0, first_backoff_s=60.0, max_backoff_s=60.0, max_attempts=None)
"""Its own next attempt would be too late: only the system's notification can help."""
DEAF = WatchdogLimits(start_timeout_s=2.0, silence_s=None, max_backoff_s=0.5, max_attempts=None)


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(1).uniform(0.1, 0.3, round(seconds * RATE)).astype(np.float32)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.02)


class Ears:
    def __init__(self, host: PortAudio, limits: WatchdogLimits = PATIENT) -> None:
        self.microphone = DeviceMicrophone(host, SampleClock(), limits=limits)
        self.health: list[AudioError | None] = []
        self.microphone.add_health_listener(self.health.append)
        self.blocks: list[Block] = []

    async def listen(self) -> None:
        async for block in self.microphone.blocks():
            self.blocks.append(block)

    def hears(self, level: float) -> bool:
        return bool(np.abs(self.blocks[-1].pcm).max() > level)


@contextlib.asynccontextmanager
async def listening(host: PortAudio, limits: WatchdogLimits = PATIENT) -> AsyncIterator[Ears]:
    ears = Ears(host, limits)
    await ears.microphone.open()
    task = asyncio.create_task(ears.listen())
    await until(lambda: bool(ears.blocks) and ears.hears(0))
    yield ears
    await ears.microphone.close()
    await task
    assert all(a.end == b.at for a, b in zip(ears.blocks, ears.blocks[1:], strict=False)), "a gap"


@contextlib.asynccontextmanager
async def without(room: PulseAudioRoom, device: str, options: str = "") -> AsyncIterator[None]:
    """``options``: of the device that comes back."""
    await asyncio.to_thread(room.lose, device)
    try:
        yield
    finally:
        await asyncio.to_thread(room.restore, device, options)


@contextlib.contextmanager
def told_of_devices(*devices: DeviceMicrophone | DeviceSpeaker) -> Iterator[list[DevicesChanged]]:
    """PulseAudio's notifications reach the devices, as they do in the daemon."""
    told: list[DevicesChanged] = []

    def changed(change: DevicesChanged) -> None:
        told.append(change)
        for device in devices:
            device.retry()

    with HotplugMonitor(changed, platform_source()):
        yield told


async def test_an_unplugged_microphone_is_reported_and_comes_back(host: PortAudio, pulse_room: PulseAudioRoom):
    async with listening(host) as ears:
        async with without(pulse_room, "mic"):
            await until(lambda: len(ears.health) > 1)  # it stopped, and cannot be opened again
            fault = ears.health[-1]
            assert fault
            assert "microphone" in fault.message
            assert fault.hint
            delivered = len(ears.blocks)
            await until(lambda: len(ears.blocks) > delivered + 10)
            assert not ears.hears(0), "time goes on in silence"
        await until(lambda: ears.health[-1] is None)
        await asyncio.to_thread(pulse_room.say, noise(0.5))
        assert any(np.abs(block.pcm).max() > 0.1 for block in ears.blocks[delivered:])


async def test_a_muted_microphone_is_reported_and_so_is_its_return(host: PortAudio, pulse_room: PulseAudioRoom):
    async with listening(host) as ears:
        await asyncio.to_thread(pulse_room.mute)
        await until(lambda: bool(ears.health))
        fault = ears.health[0]
        assert fault
        assert "digital silence" in fault.message
        assert "muted" in fault.hint
        await asyncio.to_thread(pulse_room.mute, False)
        await until(lambda: ears.health[-1] is None)


async def test_a_speaker_that_vanishes_during_playback_continues_when_it_is_back(
    host: PortAudio, pulse_room: PulseAudioRoom
):
    sound = noise(3.0)
    health: list[AudioError | None] = []
    speaker = DeviceSpeaker(host, SampleClock(), limits=DEAF, latency_s=0.25)
    speaker.add_health_listener(health.append)
    await speaker.open()
    with pulse_room.recording() as recording:
        span = speaker.play(AudioClip(sound, RATE))
        await until(lambda: speaker.position() > RATE)
        async with without(pulse_room, "speaker"):
            await until(lambda: len(health) > 1)
            fault = health[-1]
            assert fault
            assert "speaker" in fault.message
            heard = speaker.position()
        await until(speaker.idle)
        assert health[-1] is None
        assert speaker.position() == span.end
    await speaker.close()
    before, after = sound[: RATE // 2], sound[heard + RATE // 4 :]
    assert np.array_equal(recording.speaker[find(before, recording.speaker) :][: len(before)], before)
    assert np.array_equal(recording.speaker[find(after, recording.speaker) :][: len(after)], after)


@pytest.mark.parametrize("device", ["mic", "speaker"])
async def test_a_device_that_hangs_is_noticed_and_the_other_one_is_not_reported(
    host: PortAudio, pulse_room: PulseAudioRoom, device: str
):
    health: dict[str, list[AudioError | None]] = {"mic": [], "speaker": []}
    speaker = DeviceSpeaker(host, SampleClock(), limits=DEAF)
    speaker.add_health_listener(health["speaker"].append)
    await speaker.open()
    async with listening(host) as ears:
        ears.microphone.add_health_listener(health["mic"].append)
        await asyncio.to_thread(pulse_room.freeze, device)
        await until(lambda: bool(health[device]))
        await asyncio.to_thread(pulse_room.freeze, device, False)
        await until(lambda: health[device][-1] is None)
        delivered = len(ears.blocks)
        await asyncio.to_thread(pulse_room.say, noise(0.5))
        assert any(np.abs(block.pcm).max() > 0.1 for block in ears.blocks[delivered:])
    await speaker.close()
    blamed = {name for name, told in health.items() if told}
    assert blamed == {device}


async def test_a_headset_that_comes_back_with_its_other_profile_works_at_once(
    host: PortAudio, pulse_room: PulseAudioRoom
):
    async with listening(host, SLOW) as ears:
        with told_of_devices(ears.microphone):
            await asyncio.sleep(0.5)  # until PulseAudio's word is listened to
            profile = "rate=16000 channels=1 channel_map=mono master_channel_map=rear-left"
            async with without(pulse_room, "mic", profile):
                await until(lambda: len(ears.health) > 1)  # it stopped, and cannot be opened again
            await until(lambda: ears.health[-1] is None)
            delivered = len(ears.blocks)
            await asyncio.to_thread(pulse_room.say, noise(0.5))
            assert any(np.abs(block.pcm).max() > 0.1 for block in ears.blocks[delivered:])
    await asyncio.to_thread(pulse_room.lose, "mic")
    await asyncio.to_thread(pulse_room.restore, "mic")


async def test_a_sound_server_that_restarts_brings_both_devices_back(host: PortAudio, pulse_room: PulseAudioRoom):
    health: list[AudioError | None] = []
    speaker = DeviceSpeaker(host, SampleClock(), limits=DEAF)
    speaker.add_health_listener(health.append)
    await speaker.open()
    async with listening(host) as ears:
        with told_of_devices(ears.microphone, speaker) as told:
            speaker.play(AudioClip(noise(3), RATE))
            await until(lambda: speaker.position() > RATE // 2)
            await asyncio.to_thread(pulse_room.stop_server)
            await until(lambda: bool(ears.health) and bool(health))
            assert ears.health[-1]
            assert health[-1]
            await asyncio.to_thread(pulse_room.start_server)
            await until(lambda: ears.health[-1] is None and health[-1] is None and speaker.idle())
            assert told, "that it is back"
            delivered = len(ears.blocks)
            await asyncio.to_thread(pulse_room.say, noise(0.5))
            assert any(np.abs(block.pcm).max() > 0.1 for block in ears.blocks[delivered:])
    await speaker.close()


async def test_a_default_speaker_that_is_renamed_continues_without_a_report(
    host: PortAudio, pulse_room: PulseAudioRoom
):
    health: list[AudioError | None] = []
    speaker = DeviceSpeaker(host, SampleClock(), "any", limits=DEAF)
    speaker.add_health_listener(health.append)
    await speaker.open()
    span = speaker.play(AudioClip(noise(2), RATE))
    await until(lambda: speaker.position() > RATE // 4)
    await asyncio.to_thread(pulse_room.rename, "speaker", "headset")
    await until(speaker.idle)
    await asyncio.to_thread(pulse_room.rename, "headset", "speaker")
    assert speaker.position() == span.end
    assert health == []
    await speaker.close()
