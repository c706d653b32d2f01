"""The character's volume while a voice may be over it: quieter, then paused, then as before."""

from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.config.schema import BargeInSettings
from voicemate.core.pcm import to_samples
from voicemate.turns.interruption.ducking import BargeInDucking
from voicemate.turns.messages import DuckPlayback, FloorAction, PausePlayback, ResumePlayback, Tick, UnduckPlayback

SETTINGS = BargeInSettings(duck_db=12, pause_after_ms=64)


def played(ducking: BargeInDucking, voices: list[bool], first_block: int = 0) -> list[list[FloorAction]]:
    """The actions for each block, with a voice in it or not."""
    return [
        ducking.on_tick(Tick((first_block + block) * BLOCK_SAMPLES, voice=voice))
        for block, voice in enumerate(voices)
    ]


def test_a_voice_ducks_the_character_at_once_and_pauses_it_when_it_lasts() -> None:
    assert to_samples(SETTINGS.pause_after_ms) == 2 * BLOCK_SAMPLES
    assert played(BargeInDucking(SETTINGS), [False, True, True, True, True]) == [
        [],
        [DuckPlayback(12)],
        [],
        [PausePlayback()],
        [],
    ]


def test_a_voice_that_ends_before_the_pause_only_unducks() -> None:
    assert played(BargeInDucking(SETTINGS), [True, True, False, False]) == [
        [DuckPlayback(12)],
        [],
        [UnduckPlayback()],
        [],
    ]


def test_a_voice_that_ends_after_the_pause_resumes_playback_with_the_reason() -> None:
    *_, ended = played(BargeInDucking(SETTINGS), [True, True, True, False])
    assert ended == [ResumePlayback("it was nothing")]


def test_a_confirmed_voice_pauses_at_once_and_only_once() -> None:
    ducking = BargeInDucking(SETTINGS)
    assert ducking.pause() == [PausePlayback()]
    assert ducking.pause() == []
    assert ducking.resume("a cough") == [ResumePlayback("a cough")]
    assert ducking.resume("a cough") == []


def test_after_a_reset_nothing_is_resumed_and_the_next_voice_is_a_new_one() -> None:
    ducking = BargeInDucking(SETTINGS)
    played(ducking, [True, True, True])
    ducking.reset()
    assert ducking.resume("anything") == []
    assert played(ducking, [True], first_block=9) == [[DuckPlayback(12)]]
