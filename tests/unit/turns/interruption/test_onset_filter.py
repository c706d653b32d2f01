from hypothesis import given
from hypothesis import strategies as st

from voicemate.turns.interruption.onset_filter import OnsetFilter
from voicemate.vad.state_machine import VoicePaused, VoiceStarted

ONSET = VoiceStarted(100)


def test_a_voice_that_the_echo_does_not_explain_counts_at_once() -> None:
    assert OnsetFilter().filter([ONSET], voice_on=True, explained_by_echo=False) == ([ONSET], False)


def test_an_explained_onset_counts_from_the_first_block_that_is_not_explained() -> None:
    onsets = OnsetFilter()
    assert onsets.filter([ONSET], voice_on=True, explained_by_echo=True) == ([], False)
    assert onsets.filter([], voice_on=True, explained_by_echo=True) == ([], False)
    assert onsets.filter([], voice_on=True, explained_by_echo=False) == ([ONSET], False)
    assert onsets.filter([], voice_on=True, explained_by_echo=False) == ([], False), "once"


def test_a_voice_that_is_always_explained_is_discarded_as_echo_when_it_ends() -> None:
    onsets = OnsetFilter()
    assert onsets.filter([ONSET], voice_on=True, explained_by_echo=True) == ([], False)
    assert onsets.filter([VoicePaused(500)], voice_on=False, explained_by_echo=True) == ([], True)
    assert onsets.filter([], voice_on=False, explained_by_echo=False) == ([], False)
    assert onsets.filter([], voice_on=True, explained_by_echo=False) == ([], False)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans())))
def test_only_voices_that_began_and_are_not_explained_count(steps: list[tuple[bool, bool, bool]]) -> None:
    onset_filter, onsets = OnsetFilter(), 0
    for onset, voice_on, explained in steps:
        onsets += onset
        counted, _ = onset_filter.filter([ONSET] if onset else [], voice_on, explained)
        if counted:
            onsets -= 1
            assert voice_on
            assert not explained
        assert onsets >= 0
