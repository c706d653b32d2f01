from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.pcm import to_samples
from voicemate.vad.chunker import BlockLevel, Cut, find_cut

SILENT = 0.35
QUIET_DBFS, LOUD_DBFS = -40.0, -20.0


def moments(voices: list[float], dbfs: list[float] | None = None) -> list[BlockLevel]:
    levels = dbfs or [LOUD_DBFS] * len(voices)
    return [
        BlockLevel((number + 1) * BLOCK_SAMPLES, voice, level)
        for number, (voice, level) in enumerate(zip(voices, levels, strict=True))
    ]


def test_a_piece_is_cut_in_the_middle_of_its_longest_silence():
    found = find_cut(moments([0.9] * 300 + [0.1] * 4 + [0.9] * 20 + [0.1] * 9 + [0.9] * 20), SILENT)
    assert found == Cut(329 * BLOCK_SAMPLES, 329 * BLOCK_SAMPLES)
    assert not found.is_through_voice


def test_a_silence_that_lasts_to_the_end_leaves_some_of_it_to_the_next_piece():
    found = find_cut(moments([0.9] * 300 + [0.1] * 2), SILENT)
    assert found == Cut(301 * BLOCK_SAMPLES, 301 * BLOCK_SAMPLES)


def test_a_silence_long_before_the_end_is_not_looked_for():
    assert find_cut(moments([0.9] * 100 + [0.1] * 9 + [0.9] * 300), SILENT).is_through_voice


def test_one_weak_block_is_no_silence():
    assert find_cut(moments([0.9] * 300 + [0.1] + [0.9] * 50), SILENT).is_through_voice


def test_without_a_silence_both_pieces_hold_the_sound_around_the_quietest_moment():
    levels = [LOUD_DBFS] * 400
    levels[300:303] = [QUIET_DBFS] * 3
    found = find_cut(moments([0.9] * 400, levels), SILENT)
    assert found.ended - found.began == to_samples(1000)
    assert found.began < 301 * BLOCK_SAMPLES < found.ended
    assert found.ended <= 400 * BLOCK_SAMPLES
