from voicemate.turns.interruption.onset_filter import OnsetFilter
from voicemate.vad.state_machine import VoicePaused, VoiceStarted

ONSET = VoiceStarted(100)


def test_a_voice_that_the_echo_does_not_explain_counts_at_once() -> None:
    assert OnsetFilter().pass_on([ONSET], voice_on=True, explained=False) == ([ONSET], False)


def test_a_voice_counts_from_the_block_that_stands_out() -> None:
    onsets = OnsetFilter()
    assert onsets.pass_on([ONSET], voice_on=True, explained=True) == ([], False)
    assert onsets.pass_on([], voice_on=True, explained=True) == ([], False)
    assert onsets.pass_on([], voice_on=True, explained=False) == ([ONSET], False)
    assert onsets.pass_on([], voice_on=True, explained=False) == ([], False), "once"


def test_a_voice_that_never_stands_out_was_the_echo_and_is_forgotten() -> None:
    onsets = OnsetFilter()
    assert onsets.pass_on([ONSET], voice_on=True, explained=True) == ([], False)
    assert onsets.pass_on([VoicePaused(500)], voice_on=False, explained=True) == ([], True)
    assert onsets.pass_on([], voice_on=False, explained=False) == ([], False)
