from hypothesis import given
from hypothesis import strategies as st

from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.config.schema import VadSettings
from voicemate.core.pcm import to_samples
from voicemate.vad.state_machine import (
    VadStateMachine,
    VoiceEvent,
    VoicePaused,
    VoiceResumed,
    VoiceStarted,
    VoiceState,
)

SETTINGS = VadSettings(threshold=0.5, release=0.35, onset_ms=96, pause_ms=128)
VOICE, BETWEEN, SILENCE = 0.9, 0.4, 0.0


def told(
    tracker: VadStateMachine, probabilities: list[float], first_block: int = 0, fallen_db: float = 0.0
) -> list[tuple[int, VoiceEvent]]:
    """What the tracker says, each with the end of the block that made it say so."""
    events = []
    for block, probability in enumerate(probabilities, first_block):
        event = tracker.push(block * BLOCK_SAMPLES, (block + 1) * BLOCK_SAMPLES, probability, fallen_db)
        if event is not None:
            events.append(((block + 1) * BLOCK_SAMPLES, event))
    return events


def test_a_voice_starts_after_its_onset_and_began_before_it():
    events = told(VadStateMachine(SETTINGS), [SILENCE] * 10 + [VOICE] * 3)

    [(at, event)] = events
    assert at == 13 * BLOCK_SAMPLES
    assert isinstance(event, VoiceStarted)
    assert 10 * BLOCK_SAMPLES - to_samples(100) < event.began < 10 * BLOCK_SAMPLES


def test_a_click_is_no_voice():
    assert told(VadStateMachine(SETTINGS), [SILENCE, VOICE, VOICE, SILENCE, VOICE, SILENCE]) == []


def test_a_weak_syllable_counts_as_long_as_it_stays_over_the_release():
    assert len(told(VadStateMachine(SETTINGS), [VOICE, BETWEEN, BETWEEN])) == 1


def test_a_voice_that_never_reaches_the_threshold_does_not_start():
    assert told(VadStateMachine(SETTINGS), [BETWEEN] * 50) == []


def test_a_breath_inside_a_sentence_is_no_pause():
    assert len(told(VadStateMachine(SETTINGS), [VOICE] * 5 + [SILENCE] * 3 + [VOICE] * 5)) == 1


def test_a_pause_is_told_once_and_ended_where_the_voice_did():
    events = told(VadStateMachine(SETTINGS), [VOICE] * 10 + [SILENCE] * 40)

    assert [type(event) for _, event in events] == [VoiceStarted, VoicePaused]
    at, paused = events[1]
    assert at == 14 * BLOCK_SAMPLES
    assert isinstance(paused, VoicePaused)
    assert 9 * BLOCK_SAMPLES <= paused.ended <= 10 * BLOCK_SAMPLES


def test_going_on_names_the_pause_it_ends():
    events = told(VadStateMachine(SETTINGS), [VOICE] * 10 + [SILENCE] * 10 + [VOICE] * 5)

    (_, paused), (at, resumed) = events[1:]
    assert isinstance(paused, VoicePaused)
    assert isinstance(resumed, VoiceResumed)
    assert resumed.paused == paused.ended
    assert paused.ended < resumed.began < 20 * BLOCK_SAMPLES < at


def test_a_click_in_a_pause_neither_resumes_nor_moves_it():
    tracker = VadStateMachine(SETTINGS)
    events = told(tracker, [VOICE] * 10 + [SILENCE] * 5 + [VOICE] + [SILENCE] * 20)

    assert [type(event) for _, event in events] == [VoiceStarted, VoicePaused]
    assert tracker.state is VoiceState.PAUSING


def test_a_voice_that_may_be_coming_back_shows_before_it_is_confirmed():
    tracker = VadStateMachine(SETTINGS)
    told(tracker, [VOICE] * 10 + [SILENCE] * 5)
    assert not tracker.voice_on
    told(tracker, [VOICE], first_block=15)
    assert tracker.voice_on


def test_after_close_the_next_voice_is_a_new_start():
    tracker = VadStateMachine(SETTINGS)
    told(tracker, [VOICE] * 10 + [SILENCE] * 5)
    tracker.reset()
    events = told(tracker, [SILENCE] * 5 + [VOICE] * 3, first_block=15)
    assert [type(event) for _, event in events] == [VoiceStarted]


@given(st.lists(st.floats(0, 1)), st.sets(st.integers(0, 100)))
def test_events_alternate_and_their_positions_never_go_back(probabilities: list[float], closings: set[int]):
    tracker = VadStateMachine(SETTINGS)
    latest, speaking, in_utterance = 0, False, False
    for block, probability in enumerate(probabilities):
        if block in closings:
            tracker.reset()
            speaking = in_utterance = False
        ended = (block + 1) * BLOCK_SAMPLES
        match tracker.push(block * BLOCK_SAMPLES, ended, probability):
            case VoiceStarted(began):
                assert not in_utterance
                assert latest <= began < ended
                latest, speaking, in_utterance = began, True, True
            case VoicePaused(paused):
                assert speaking
                assert latest <= paused < ended
                latest, speaking = paused, False
            case VoiceResumed(paused, began):
                assert in_utterance
                assert not speaking
                assert paused == latest
                assert latest <= began < ended
                latest, speaking = began, True


@given(st.lists(st.floats(0, 1), max_size=60))
def test_silence_always_ends_in_a_pause(probabilities: list[float]):
    tracker = VadStateMachine(SETTINGS)
    before = told(tracker, probabilities)
    after = told(tracker, [SILENCE] * 10, first_block=len(probabilities))
    events = [event for _, event in before + after]
    assert not events or isinstance(events[-1], VoicePaused)


def test_what_is_hardly_a_voice_has_to_be_silent_for_longer_to_pause():
    quick = VadSettings(threshold=0.5, release=0.35, onset_ms=96, pause_ms=32)
    for voice, blocks in ((VOICE, 1), (0.6, 2)):
        *_, (at, event) = told(VadStateMachine(quick), [voice] * 10 + [SILENCE] * 5)
        assert isinstance(event, VoicePaused)
        assert at == (10 + blocks) * BLOCK_SAMPLES


QUICK = SETTINGS.model_copy(update={"pause_ms": 32})
FALLEN_DB = 20.0


def test_a_voice_that_fades_has_paused_at_once_and_may_still_be_there():
    tracker = VadStateMachine(QUICK)
    told(tracker, [VOICE] * 10)
    [(at, paused)] = told(tracker, [BETWEEN], first_block=10, fallen_db=FALLEN_DB)
    assert isinstance(paused, VoicePaused)
    assert at == 11 * BLOCK_SAMPLES
    assert tracker.voice_on, "no turn ends now"
    assert told(tracker, [BETWEEN] * 20, first_block=11, fallen_db=FALLEN_DB) == []
    assert tracker.voice_on
    told(tracker, [SILENCE], first_block=31)
    assert not tracker.voice_on


def test_a_soft_syllable_that_is_no_quieter_is_no_pause():
    tracker = VadStateMachine(QUICK)
    assert [type(event) for _, event in told(tracker, [VOICE] * 10 + [BETWEEN] * 20)] == [VoiceStarted]


def test_what_is_hardly_a_voice_does_not_fade():
    tracker = VadStateMachine(QUICK)
    told(tracker, [0.6] * 10)
    assert told(tracker, [BETWEEN] * 20, first_block=10, fallen_db=FALLEN_DB) == []


def test_a_voice_that_is_plainly_there_does_not_pause_by_being_quieter():
    tracker = VadStateMachine(QUICK)
    told(tracker, [VOICE] * 10)
    assert told(tracker, [VOICE] * 5, first_block=10, fallen_db=FALLEN_DB) == []


def test_a_voice_that_fades_and_comes_back_goes_on():
    tracker = VadStateMachine(QUICK)
    told(tracker, [VOICE] * 10)
    told(tracker, [BETWEEN] * 5, first_block=10, fallen_db=FALLEN_DB)
    [(_, resumed)] = told(tracker, [VOICE] * 5, first_block=15)
    assert isinstance(resumed, VoiceResumed)
