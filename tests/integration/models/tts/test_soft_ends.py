"""Trimming takes silence from espeak's words, and no consonant."""

import sys

import numpy as np
import pytest
import soundfile

from voicemate.core.pcm import AudioClip
from voicemate.core.worker_thread import Cancellation
from voicemate.tts.pyttsx3.worker_process import WorkerProcess
from voicemate.tts.trim import trim_silence

pytestmark = [pytest.mark.models, pytest.mark.skipif(sys.platform != "linux", reason="espeak-ng speaks on Linux")]


@pytest.fixture(scope="module")
def worker():
    process = WorkerProcess()
    yield process
    process.stop()


@pytest.mark.parametrize("word", ["hoof", "half", "fifth", "thanks", "happy", "tooth"])
@pytest.mark.parametrize("voice", ["gmw/en-gb-x-rp", "gmw/en-us+f3"])
def test_nothing_audible_is_cut_from_a_words_soft_ends(worker, word, voice):
    path = worker.folder / "word.wav"
    worker.request({"do": "render", "text": word, "voice": voice, "rate": 142, "path": str(path)}, 30, Cancellation())
    pcm, rate = soundfile.read(path, dtype="float32")
    kept = trim_silence(AudioClip(np.asarray(pcm, np.float32), rate), 40)
    lost = np.sum(np.square(pcm)) - np.sum(np.square(kept.pcm))
    assert len(kept.pcm) < len(pcm)
    assert lost < 1e-4 * np.sum(np.square(pcm))  # 40 dB below the word's own level
