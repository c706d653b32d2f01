import asyncio
import contextlib
from pathlib import Path

import numpy as np
import pytest

from voicemate.core.pcm import CLOCK_HZ
from voicemate.stt.whisper import Whisper

pytestmark = pytest.mark.models


async def test_a_cancelled_transcription_leaves_whisper_fit_for_the_next(clips, tiny: Whisper):
    pcm = clips["speechbrain/spk2_snt1.flac"].pcm()
    whole = await tiny.transcribe(pcm)
    for moment in (0.0, 0.05, 0.2):
        task = asyncio.create_task(tiny.transcribe(np.tile(pcm, 10)))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(task, moment)
        assert task.cancelled()
    again = await tiny.transcribe(pcm)
    assert (again.text, again.confidence) == (whole.text, whole.confidence)


async def test_closing_in_the_middle_of_a_transcription_cancels_it(whisper_tiny: Path):
    whisper = Whisper(whisper_tiny, threads=1)
    noise = np.random.default_rng(1).normal(0, 0.1, 20 * CLOCK_HZ).astype(np.float32)
    task = asyncio.create_task(whisper.transcribe(noise))
    await asyncio.sleep(0.05)
    whisper.close()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_sound_that_is_a_strided_view_is_heard_right(clips, tiny: Whisper):
    pcm = clips["speechbrain/spk2_snt1.flac"].pcm()
    stereo = np.stack([pcm, np.zeros_like(pcm)], axis=1)
    assert (await tiny.transcribe(stereo[:, 0])).text == (await tiny.transcribe(pcm)).text


@pytest.mark.parametrize("samples", [0, 1, 800, 4800])
async def test_next_to_no_sound_has_next_to_no_words(tiny: Whisper, samples: int):
    transcript = await tiny.transcribe(np.zeros(samples, dtype=np.float32))
    assert len(transcript.text.split()) <= 1
