from voicemate.turns.interruption.onset_filter import OnsetFilter
from voicemate.vad.state_machine import VoicePaused, VoiceStarted

ONSET = VoiceStarted(100)


def test_a_voice_that_the_echo_does_not_explain_counts_at_once() -> None:
    assert OnsetFilter().filter([ONSET], voice_on=True, explained_by_echo=False) == ([ONSET], False)


def test_a_voice_counts_from_the_block_that_stands_out() -> None:
    onsets = OnsetFilter()
    assert onsets.filter([ONSET], voice_on=True, explained_by_echo=True) == ([], False)
    assert onsets.filter([], voice_on=True, explained_by_echo=True) == ([], False)
    assert onsets.filter([], voice_on=True, explained_by_echo=False) == ([ONSET], False)
    assert onsets.filter([], voice_on=True, explained_by_echo=False) == ([], False), "once"


def test_a_voice_that_never_stands_out_was_the_echo_and_is_forgotten() -> None:
    onsets = OnsetFilter()
    assert onsets.filter([ONSET], voice_on=True, explained_by_echo=True) == ([], False)
    assert onsets.filter([VoicePaused(500)], voice_on=False, explained_by_echo=True) == ([], True)
    assert onsets.filter([], voice_on=False, explained_by_echo=False) == ([], False)
