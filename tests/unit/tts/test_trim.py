"""What is left of a rendered phrase: its sound, at once, and the pause its last mark asks for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.core.pcm import AudioClip
from voicemate.tts.trim import FADE_MS, FRAME_MS, LEAD_MS, pause_after_ms, trim_silence

RATE = 16_000


def noise(ms: float, dbfs: float) -> np.ndarray:
    hiss = np.random.default_rng(7).uniform(-1, 1, round(ms * RATE / 1000)) * 3**0.5
    return (hiss * 10 ** (dbfs / 20)).astype(np.float32)


def silence(ms: float) -> np.ndarray:
    return np.zeros(round(ms * RATE / 1000), np.float32)


def sound(*parts: np.ndarray) -> AudioClip:
    return AudioClip(np.concatenate(parts), RATE)


def ms_before_sound(trimmed_sound: AudioClip, dbfs: float = -75) -> float:
    return float(np.argmax(np.abs(trimmed_sound.pcm) > 10 ** (dbfs / 20))) * 1000 / RATE


@given(before=st.integers(0, 800), behind=st.integers(0, 1500), pause=st.sampled_from([40, 120, 240]))
def test_whatever_silence_an_engine_adds_the_phrase_starts_at_once_and_ends_with_its_pause(before, behind, pause):
    result = trim_silence(sound(silence(before), noise(300, -15), silence(behind)), pause)
    assert ms_before_sound(result) <= LEAD_MS + FRAME_MS
    length = result.seconds * 1000
    assert 300 + pause <= length <= 300 + pause + LEAD_MS + 2 * FRAME_MS


def test_an_engine_that_hisses_softly_in_its_silence_is_trimmed_too():
    result = trim_silence(sound(noise(400, -80), noise(300, -15), noise(700, -80)), 120)
    assert result.seconds * 1000 == pytest.approx(300 + LEAD_MS + 120, abs=2 * FRAME_MS)


@pytest.mark.parametrize("below", [30, 38, 44])
def test_a_soft_consonant_before_the_first_vowel_stays(below):
    h, vowel = noise(60, -12 - below), noise(200, -12)
    result = trim_silence(sound(silence(100), h, vowel, silence(100)), 40)
    assert result.seconds * 1000 >= 60 + 200 + 40


@pytest.mark.parametrize("below", [30, 44, 56])
def test_a_soft_consonant_behind_the_last_vowel_stays(below):
    vowel, f = noise(200, -12), noise(80, -12 - below)
    result = trim_silence(sound(silence(100), vowel, f, silence(100)), 40)
    assert result.seconds * 1000 >= 200 + 80 + 40


def test_a_quiet_voice_is_trimmed_like_a_loud_one():
    loud = sound(silence(200), noise(300, -10), silence(300))
    quiet = AudioClip(loud.pcm * np.float32(0.03), RATE)
    assert len(trim_silence(quiet, 120).pcm) == len(trim_silence(loud, 120).pcm)


def test_a_phrase_that_begins_and_ends_sharply_is_faded():
    result = trim_silence(sound(np.full(RATE // 10, 0.5, np.float32)), 0)
    fade = FADE_MS * RATE // 1000
    assert result.pcm[0] == result.pcm[-1] == 0
    assert np.all(np.diff(result.pcm[:fade]) > 0)
    assert result.pcm[fade:-fade] == pytest.approx(0.5)


@pytest.mark.parametrize("pcm", [silence(0), silence(500), noise(500, -90)])
def test_a_sound_with_nothing_audible_in_it_becomes_empty(pcm):
    assert len(trim_silence(AudioClip(pcm, RATE), 240).pcm) == 0


@given(st.integers(1, 300))
def test_the_shortest_sounds_do_not_break_it(samples):
    assert len(trim_silence(AudioClip(np.full(samples, 0.5, np.float32), RATE), 40).pcm) >= samples


def test_the_engines_own_sound_is_not_written_over():
    original = sound(silence(50), noise(100, -15), silence(50))
    before = original.pcm.copy()
    trim_silence(original, 40)
    assert np.array_equal(original.pcm, before)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("Well,", 120),
        ("I see.", 240),
        ('"I see."', 240),
        ("Really?!", 240),
        ("今天天气很好，", 120),
        ("我们走吧。", 240),
        ("「好的。」", 240),
        ("first this; ", 120),
        ("and so on", 40),
        ("3.5", 40),
        ("…", 240),
        ("", 40),
    ],
)
def test_a_phrase_pauses_as_its_last_mark_asks(text, ms):
    assert pause_after_ms(text) == ms
