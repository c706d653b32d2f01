"""The sound that says "speak now" comes when the microphone really hears."""

from typing import cast

import numpy as np

from voicemate.audio.interfaces import BLOCK_SAMPLES, Block, Span, Speaker
from voicemate.conversation.ptt_cue import BEGIN_TONE, END_TONE, PttCue
from voicemate.core.events import Event, MicrophoneLive
from voicemate.core.pcm import AudioClip, level_dbfs, to_samples


class Queue:
    """Keeps what it is to play."""

    def __init__(self) -> None:
        self.queued: list[AudioClip] = []

    def play(self, sound: AudioClip) -> Span:
        self.queued.append(sound)
        return Span(0, 0)


def silence(at: int) -> Block:
    return Block(at, np.zeros(BLOCK_SAMPLES, np.float32))


def noise(at: int) -> Block:
    return Block(at, np.full(BLOCK_SAMPLES, 1e-4, np.float32))


class Played:
    """A cue, what it plays and what it tells."""

    def __init__(self, begin: bool = True, end: bool = False):
        self.loudspeaker = Queue()
        self.told: list[Event] = []
        self.cue = PttCue(cast(Speaker, self.loudspeaker), self.told.append, begin, end)


def test_it_waits_for_real_sound() -> None:
    played = Played()
    played.cue.on_press(0)
    for number in range(5):
        played.cue.on_block(silence(number * BLOCK_SAMPLES))
    assert played.loudspeaker.queued == []
    played.cue.on_block(noise(5 * BLOCK_SAMPLES))
    assert played.loudspeaker.queued == [BEGIN_TONE]
    assert played.told == [MicrophoneLive(6 * BLOCK_SAMPLES)]
    played.cue.on_block(noise(6 * BLOCK_SAMPLES))
    assert played.loudspeaker.queued == [BEGIN_TONE], "once for each press"


def test_what_was_heard_before_the_key_does_not_count() -> None:
    played = Played()
    played.cue.on_block(noise(0))
    played.cue.on_press(10 * BLOCK_SAMPLES)
    played.cue.on_block(noise(9 * BLOCK_SAMPLES))
    assert played.loudspeaker.queued == []


def test_who_let_go_before_the_microphone_heard_is_told_nothing() -> None:
    played = Played(end=True)
    played.cue.on_press(0)
    played.cue.on_release()
    played.cue.on_block(noise(BLOCK_SAMPLES))
    assert (played.loudspeaker.queued, played.told) == ([], [])


def test_the_end_can_be_told_too() -> None:
    played = Played(end=True)
    played.cue.on_press(0)
    played.cue.on_block(noise(0))
    played.cue.on_release()
    assert played.loudspeaker.queued == [BEGIN_TONE, END_TONE]


def test_without_sounds_it_is_still_told() -> None:
    played = Played(begin=False)
    played.cue.on_press(0)
    played.cue.on_block(noise(0))
    assert (played.loudspeaker.queued, len(played.told)) == ([], 1)


def test_the_sounds_are_short_and_soft() -> None:
    for sound in (BEGIN_TONE, END_TONE):
        assert sound.seconds <= 0.1
        assert level_dbfs(sound.pcm) < -24
        assert abs(sound.pcm[0]) < 1e-3
        assert abs(sound.pcm[-1]) < 1e-3
        assert len(sound.pcm) < to_samples(100) * 3
