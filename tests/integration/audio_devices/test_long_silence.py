"""After long silence buffers are long; then a person speaks, and nothing of it is lost."""

import asyncio
import itertools
import re
import time
from pathlib import Path

import numpy as np
import pytest
import soxr

from tests.support.speech import spoken
from tests.support.voicemate_home import make_home
from voicemate.audio.devices.portaudio import PortAudio
from voicemate.audio.input.microphone import LONG_BUFFERS_AFTER_S, DeviceMicrophone
from voicemate.audio.input.stream import BufferMode
from voicemate.audio.interfaces import Block
from voicemate.core.clock import SampleClock
from voicemate.core.pcm import CLOCK_HZ, level_dbfs
from voicemate.testing.pulseaudio_room import RATE, PulseAudioRoom, find
from voicemate.testing.talk_process import LISTENING, TalkProcess

pytestmark = pytest.mark.audio_devices

PATIENCE_S = 20.0


async def test_audio_has_no_seam_between_long_and_short_buffers(pulse_room: PulseAudioRoom, host: PortAudio) -> None:
    microphone = DeviceMicrophone(host, SampleClock(), long_buffers_after_s=0.1)
    blocks: list[Block] = []

    async def listen() -> None:
        async for block in microphone.blocks():
            blocks.append(block)
            microphone.set_grouping(level_dbfs(block.pcm) < -50)

    async def until(pace: BufferMode) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while microphone.buffer_mode is not pace:
                await asyncio.sleep(0.01)

    with pulse_room.recording() as recording:
        await microphone.open()
        task = asyncio.create_task(listen())
        for seed in (1, 2):
            await until(BufferMode.LONG)
            noise = np.random.default_rng(seed).standard_normal(4000, dtype=np.float32)
            words = np.float32(0.2) * soxr.resample(noise, 2000, RATE)  # for two seconds there is only one place
            saying = asyncio.create_task(asyncio.to_thread(pulse_room.say, words))
            await until(BufferMode.SHORT)
            await saying
        await until(BufferMode.LONG)
        await microphone.close()
        await task
    assert all(a.end == b.at for a, b in itertools.pairwise(blocks))
    heard = np.concatenate([block.pcm for block in blocks])
    said = soxr.resample(recording.person, RATE, CLOCK_HZ).astype(np.float32)
    step = CLOCK_HZ // 4
    loud = [place for place in range(0, len(heard) - step, step) if level_dbfs(heard[place : place + step]) > -30]
    assert len(loud) >= 12
    shifts = [find(heard[place : place + step], said) - place for place in loud]
    assert max(shifts) - min(shifts) <= 1, f"lost or doubled between quarter seconds: {np.diff(shifts)}"


@pytest.mark.models
def test_speech_after_long_silence_is_understood_from_its_first_word_on(
    pulse_room: PulseAudioRoom, tmp_path: Path, whisper_base: Path
) -> None:
    question = spoken("Can you tell me a story about the sea?")
    house = make_home(tmp_path, pulse_room.environment)
    with TalkProcess(("--stt", "whisper-base"), house.environment) as talk:
        talk.wait_for(LISTENING, timeout_s=60)
        time.sleep(LONG_BUFFERS_AFTER_S + 2)  # the long silence
        pulse_room.say(question)
        talk.wait_for("you", timeout_s=60)
        understood = talk.seen[-1]
    words = re.findall(r"\w+", understood.lower())[1:]
    assert words[:3] == ["can", "you", "tell"], understood
    assert words[-1] == "sea", understood
