import hypothesis
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vad.positioned_sound import Script, block, blocks, silence, voice
from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.config.schema import VadSettings
from voicemate.core.pcm import to_samples
from voicemate.vad.segmenter import ChunkEnded, SegmenterEvent, SpeechSegmenter, UtteranceChunk
from voicemate.vad.state_machine import VoicePaused, VoiceResumed, VoiceStarted

SETTINGS = VadSettings()
LONGEST_S = 10


def hear(probabilities: list[float], longest_s: float = LONGEST_S) -> tuple[SpeechSegmenter, list[SegmenterEvent]]:
    ears = SpeechSegmenter(Script(probabilities), SETTINGS, longest_s)
    return ears, [event for number in range(len(probabilities)) for event in ears.push(block(number))]


def pieces(ears: SpeechSegmenter, events: list[SegmenterEvent]) -> list[UtteranceChunk]:
    """The finished ones and the tail."""
    tail = ears.tail()
    return [event.chunk for event in events if isinstance(event, ChunkEnded)] + ([tail] if tail else [])


def test_the_utterance_holds_what_came_before_its_first_syllable():
    ears, _ = hear(silence(2) + voice(1))
    tail = ears.tail()
    assert tail is not None
    first_voiced = blocks(2) * BLOCK_SAMPLES
    assert (
        first_voiced - to_samples(SETTINGS.preroll_ms + 100)
        <= tail.began
        <= first_voiced - to_samples(SETTINGS.preroll_ms)
    )
    assert tail.pcm[0] == tail.began
    assert len(tail.pcm) == tail.ended - tail.began


def test_a_voice_from_the_very_first_sample_is_whole():
    ears, _ = hear(voice(1))
    tail = ears.tail()
    assert tail is not None
    assert tail.began == 0


def test_without_a_voice_there_is_no_utterance():
    ears, events = hear(silence(1))
    assert events == []
    assert ears.tail() is None


def test_during_a_pause_the_tail_stays_the_same():
    ears, events = hear(voice(2) + silence(0.5))
    assert isinstance(events[-1], VoicePaused)
    then = ears.tail()
    for number in range(blocks(2) + blocks(0.5), blocks(3.5)):
        ears.push(block(number))
    now = ears.tail()
    assert then is not None
    assert now is not None
    assert (then.began, then.ended) == (now.began, now.ended)


def test_a_short_utterance_goes_on_in_one_piece_after_a_pause():
    ears, events = hear(voice(2) + silence(0.5) + voice(2))
    assert [type(event) for event in events] == [VoiceStarted, VoicePaused, VoiceResumed]
    assert len(pieces(ears, events)) == 1


def test_a_long_enough_piece_ends_in_a_pause_and_no_sample_of_voice_is_lost():
    ears, events = hear(voice(9) + silence(0.5) + voice(1))
    assert [type(event) for event in events] == [VoiceStarted, VoicePaused, ChunkEnded, VoiceResumed]
    first, second = pieces(ears, events)
    assert not second.overlaps
    assert first.ended >= blocks(9) * BLOCK_SAMPLES
    assert second.began <= (blocks(9) + blocks(0.5)) * BLOCK_SAMPLES
    assert second.began > blocks(9) * BLOCK_SAMPLES - BLOCK_SAMPLES


def test_a_piece_that_grows_too_long_is_cut_in_the_longest_breath_near_its_end():
    breath, short_breath = [0.1] * 3, [0.1] * 2
    ears, events = hear(voice(6) + short_breath + voice(1) + breath + voice(5))
    first, second = pieces(ears, events)
    assert not second.overlaps
    began = (blocks(6) + 2 + blocks(1)) * BLOCK_SAMPLES
    assert began < first.ended == second.began < began + 3 * BLOCK_SAMPLES


def test_a_voice_without_a_breath_is_cut_with_an_overlap():
    ears, events = hear(voice(13))
    first, second = pieces(ears, events)
    assert second.overlaps
    assert not first.overlaps
    assert first.ended - second.began == to_samples(1000)
    assert first.ended - first.began <= to_samples(LONGEST_S * 1000)


def test_a_pause_that_lasts_ends_the_piece_so_that_a_held_key_cannot_fill_the_memory():
    ears, events = hear(voice(2) + silence(30) + voice(1))
    assert [type(event) for event in events] == [VoiceStarted, VoicePaused, ChunkEnded, VoiceResumed]
    first, second = pieces(ears, events)
    assert first.ended < blocks(3) * BLOCK_SAMPLES
    assert second.began <= blocks(32) * BLOCK_SAMPLES - to_samples(SETTINGS.preroll_ms)


def test_the_next_utterance_does_not_repeat_the_end_of_the_last():
    script = voice(1) + silence(0.2) + voice(1)
    ears = SpeechSegmenter(Script(script), SETTINGS, LONGEST_S)
    for number in range(blocks(1) + blocks(0.2)):
        ears.push(block(number))
    last = ears.tail()
    ears.close()
    assert ears.tail() is None
    for number in range(blocks(1) + blocks(0.2), len(script)):
        ears.push(block(number))
    following = ears.tail()
    assert last is not None
    assert following is not None
    assert following.began >= last.ended


def test_a_piece_tells_how_much_voice_it_holds():
    ears, _ = hear(silence(1) + voice(1) + silence(0.5))
    tail = ears.tail()
    assert tail is not None
    assert tail.voiced == blocks(1) * BLOCK_SAMPLES


@hypothesis.settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 120)), max_size=8), st.integers(5, 7))
def test_whatever_is_said_every_voiced_sample_is_in_some_piece(script: list[tuple[float, int]], longest_s: int):
    probabilities = [probability for probability, times in script for _ in range(times)]
    ears, events = hear(probabilities, longest_s)
    found = pieces(ears, events)
    held = np.zeros(len(probabilities) * BLOCK_SAMPLES, dtype=bool)
    for piece in found:
        assert len(piece.pcm) == piece.ended - piece.began <= to_samples(longest_s * 1000) + to_samples(3000)
        assert piece.pcm[0] == piece.began
        held[piece.began : piece.ended] = True
    started = next((event.began for event in events if isinstance(event, VoiceStarted)), len(held))
    loud = np.repeat(np.array(probabilities) >= SETTINGS.threshold, BLOCK_SAMPLES)
    confirmed = _in_runs_that_last(probabilities)
    assert not np.any(loud[started:] & confirmed[started:] & ~held[started:])


def _in_runs_that_last(probabilities: list[float]) -> np.ndarray:
    """Samples in stretches of voice long enough to be confirmed."""
    voiced = np.array([probability >= SETTINGS.threshold for probability in probabilities], dtype=bool)
    lasting = np.zeros_like(voiced)
    for number in range(len(voiced) - 2):
        if voiced[number : number + 3].all():
            lasting[number : number + 3] = True
    return np.repeat(lasting, BLOCK_SAMPLES)
