"""How far below the voice a block ends."""

import numpy as np
import pytest

from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.pcm import level_dbfs
from voicemate.vad.segmenter import VoiceLevel

VOICE, NONE = 0.95, 0.3


def fallen(level: VoiceLevel, gains: tuple[float, float], probability: float) -> float:
    """After a block whose halves have these amplitudes."""
    pcm = np.repeat(np.array(gains, dtype=np.float32), BLOCK_SAMPLES // 2)
    return level.drop_db(pcm, level_dbfs(pcm), probability)


def test_before_a_voice_nothing_has_fallen():
    assert fallen(VoiceLevel(), (0.1, 0.001), NONE) == 0


def test_a_block_that_ends_quietly_has_fallen_below_the_voice():
    level = VoiceLevel()
    fallen(level, (0.1, 0.1), VOICE)
    assert fallen(level, (0.1, 0.01), NONE) == pytest.approx(20, abs=0.1)


def test_a_block_that_ends_louder_than_the_voice_has_not_fallen():
    level = VoiceLevel()
    fallen(level, (0.1, 0.1), VOICE)
    assert fallen(level, (0.1, 0.5), NONE) == 0


def test_who_goes_on_more_quietly_is_measured_by_that_after_a_while():
    level = VoiceLevel()
    fallen(level, (0.1, 0.1), VOICE)
    for _ in range(100):
        fallen(level, (0.01, 0.01), VOICE)
    assert fallen(level, (0.01, 0.01), NONE) == pytest.approx(0, abs=0.1)


def test_the_next_utterance_has_a_level_of_its_own():
    level = VoiceLevel()
    fallen(level, (0.5, 0.5), VOICE)
    level.reset()
    assert fallen(level, (0.01, 0.01), NONE) == 0
