import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator

import numpy as np
import pytest
import soxr

from voicemate.audio.devices.device import Direction
from voicemate.audio.devices.portaudio import PortAudio
from voicemate.audio.input.microphone import DeviceMicrophone
from voicemate.audio.interfaces import Block
from voicemate.audio.output.speaker import LATENCY_S, DeviceSpeaker
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError
from voicemate.core.pcm import CLOCK_HZ, AudioClip
from voicemate.testing.pulseaudio_room import RATE, PulseAudioRoom, find

pytestmark = pytest.mark.audio_devices


def sweep(seconds: float, seed: int = 1) -> np.ndarray:
    """Noise below 1 kHz: it matches at one place only."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * 2000), dtype=np.float32)
    return 0.2 * soxr.resample(noise, 2000, RATE)


class Ears:
    """A microphone that listens in the background."""

    def __init__(self, host: PortAudio, part: str = "") -> None:
        self.clock = SampleClock()
        self.microphone = DeviceMicrophone(host, self.clock, part)
        self.blocks: list[Block] = []

    async def listen(self) -> None:
        async for block in self.microphone.blocks():
            self.blocks.append(block)

    def heard(self) -> np.ndarray:
        """All of it, from clock position ``self.blocks[0].at`` on."""
        assert all(a.end == b.at for a, b in zip(self.blocks, self.blocks[1:], strict=False))
        return np.concatenate([block.pcm for block in self.blocks])


@contextlib.asynccontextmanager
async def listening(host: PortAudio, part: str = "") -> AsyncIterator[Ears]:
    ears = Ears(host, part)
    await ears.microphone.open()
    task = asyncio.create_task(ears.listen())
    while not ears.blocks:
        await asyncio.sleep(0.01)
    yield ears
    await ears.microphone.close()
    await task


UNHURRIED_S = 0.25
"""A latency at which no busy machine tears holes into audio that must be exact (s)."""


@contextlib.asynccontextmanager
async def speaking(host: PortAudio, latency_s: float = LATENCY_S) -> AsyncIterator[DeviceSpeaker]:
    loudspeaker = DeviceSpeaker(host, SampleClock(), latency_s=latency_s)
    await loudspeaker.open()
    yield loudspeaker
    await loudspeaker.close()


async def until_idle(loudspeaker: DeviceSpeaker) -> None:
    while not loudspeaker.idle():
        await asyncio.sleep(0.01)


async def until_playing(loudspeaker: DeviceSpeaker, seconds: float) -> None:
    while loudspeaker.position() < seconds * RATE:
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("part", ["", "mic"])
async def test_the_microphone_delivers_what_is_said_in_the_room(
    host: PortAudio, pulse_room: PulseAudioRoom, part: str
):
    sound = sweep(1.0)
    async with listening(host, part) as ears:
        await asyncio.to_thread(pulse_room.say, sound)
    wanted = soxr.resample(sound, RATE, CLOCK_HZ)
    heard = ears.heard()
    begin = find(wanted, heard)
    assert np.corrcoef(wanted, heard[begin : begin + len(wanted)])[0, 1] > 0.97


async def test_the_speaker_plays_every_queued_sample(host: PortAudio, pulse_room: PulseAudioRoom):
    first, second = sweep(0.4, seed=1), sweep(0.4, seed=2)
    async with speaking(host, UNHURRIED_S) as loudspeaker:
        with pulse_room.recording() as recording:
            loudspeaker.play(AudioClip(first, RATE))
            loudspeaker.play(AudioClip(second, RATE))
            await until_idle(loudspeaker)
    both = np.concatenate([first, second])
    begin = find(both, recording.speaker)
    assert np.array_equal(recording.speaker[begin : begin + len(both)], both)


async def test_clock_and_position_agree_with_the_recording(host: PortAudio, pulse_room: PulseAudioRoom):
    """The gap that the conversation measures is the gap in a recording of the room."""
    question, answer = sweep(0.5, seed=1), sweep(1.5, seed=2)
    looks = []
    async with listening(host) as ears, speaking(host) as loudspeaker:
        with pulse_room.recording() as recording:
            await asyncio.to_thread(pulse_room.say, question)
            loudspeaker.play(AudioClip(answer, RATE))
            while not loudspeaker.idle():
                looks.append((ears.clock.now(), loudspeaker.position()))
                await asyncio.sleep(0.01)
    at_question = ears.blocks[0].at + find(soxr.resample(question, RATE, CLOCK_HZ), ears.heard())
    gap = find(answer, recording.speaker) - find(question, recording.person)
    errors = [
        position - ((now - at_question) * RATE / CLOCK_HZ - gap)
        for now, position in looks
        if 0 < position < len(answer)
    ]
    assert abs(np.median(errors)) < 0.08 * RATE


async def test_after_a_pause_it_continues_at_the_very_next_sample(host: PortAudio, pulse_room: PulseAudioRoom):
    sound = sweep(2.0)
    async with speaking(host, UNHURRIED_S) as loudspeaker:
        with pulse_room.recording() as recording:
            loudspeaker.play(AudioClip(sound, RATE))
            await until_playing(loudspeaker, 0.5)
            loudspeaker.pause()
            await asyncio.sleep(1.0)
            held_at = loudspeaker.position()
            loudspeaker.resume()
            await until_idle(loudspeaker)
    fade = RATE * 20 // 1000
    before, after = sound[: held_at - fade], sound[held_at + fade :]
    ended = find(before, recording.speaker) + len(before)
    resumed = find(after, recording.speaker)
    assert np.array_equal(recording.speaker[ended - len(before) : ended], before)
    assert np.array_equal(recording.speaker[resumed : resumed + len(after)], after)
    between = recording.speaker[ended + fade : resumed - fade]
    assert len(between) > 0.2 * RATE
    assert not between.any()


async def test_stop_is_audible_within_a_fifth_of_a_second(host: PortAudio, pulse_room: PulseAudioRoom):
    sound = sweep(3.0)
    async with speaking(host) as loudspeaker:
        with pulse_room.recording() as recording:
            loudspeaker.play(AudioClip(sound, RATE))
            await until_playing(loudspeaker, 0.5)
            asked_at = loudspeaker.position()
            loudspeaker.stop()
            await until_idle(loudspeaker)
        told = loudspeaker.position()
    begin = find(sound[: asked_at // 2], recording.speaker)
    played = np.count_nonzero(recording.speaker[begin:])
    assert played - asked_at < 0.2 * RATE
    assert played == pytest.approx(told, abs=2), "position tells how much was heard"


async def test_a_suspended_speaker_plays_the_first_word_whole(host: PortAudio, pulse_room: PulseAudioRoom):
    sound = sweep(0.5)
    loudspeaker = DeviceSpeaker(host, SampleClock(), suspend_after_s=0.2, latency_s=UNHURRIED_S)
    await loudspeaker.open()
    await asyncio.sleep(1.0)
    with pulse_room.recording() as recording:
        loudspeaker.play(AudioClip(sound, RATE))
        await until_idle(loudspeaker)
    await loudspeaker.close()
    begin = find(sound, recording.speaker)
    assert np.array_equal(recording.speaker[begin : begin + len(sound)], sound)


SECOND_PROGRAM = """
import asyncio
from voicemate.core.clock import SampleClock
from voicemate.audio.input.microphone import DeviceMicrophone
from voicemate.audio.devices.portaudio import PortAudio

async def main():
    microphone = DeviceMicrophone(PortAudio(), SampleClock())
    await microphone.open()
    loud = 0
    async for block in microphone.blocks():
        if not loud:
            print("listening", flush=True)
        loud = max(loud, 1) + (abs(block.pcm).max() > 0.1)
        if loud > 10:
            break
    await microphone.close()

asyncio.run(main())
"""


async def test_another_program_may_use_the_devices_at_the_same_time(host: PortAudio, pulse_room: PulseAudioRoom):
    async with listening(host) as ears:
        other = subprocess.Popen([sys.executable, "-c", SECOND_PROGRAM], stdout=subprocess.PIPE, text=True)
        assert other.stdout
        assert await asyncio.to_thread(other.stdout.readline) == "listening\n"
        await asyncio.to_thread(pulse_room.say, sweep(1.0))
        assert await asyncio.to_thread(other.wait, 20) == 0
    assert np.abs(ears.heard()).max() > 0.1


async def test_the_devices_are_listed_and_can_be_checked(host: PortAudio):
    assert {"mic", "speaker", "default"} <= {device.name for device in host.devices()}
    assert host.check(Direction.INPUT).is_default(Direction.INPUT)
    assert host.check(Direction.OUTPUT, "speak").name == "speaker"


async def test_a_machine_without_audio_devices_is_an_error(host: PortAudio, monkeypatch, tmp_path):
    generation = await host.rescan(-1)
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    await host.rescan(generation)
    for direction in Direction:
        with pytest.raises(AudioError, match=f"There is no {direction}"):
            host.check(direction)
    monkeypatch.undo()
    await host.rescan(generation + 1)
