from hypothesis import given
from hypothesis import strategies as st

from voicemate.turns.interruption.echo_veto import EchoVeto


def test_an_onset_explained_by_echo_waits_until_the_voice_stands_out():
    veto = EchoVeto()
    assert not veto.step(onset=True, voice_on=True, explained_by_echo=True)
    assert not veto.step(onset=False, voice_on=True, explained_by_echo=True)
    assert veto.step(onset=False, voice_on=True, explained_by_echo=False)
    assert not veto.step(onset=False, voice_on=True, explained_by_echo=False)  # told once


def test_a_voice_that_never_stands_out_is_forgotten_when_it_ends():
    veto = EchoVeto()
    veto.step(onset=True, voice_on=True, explained_by_echo=True)
    assert not veto.step(onset=False, voice_on=False, explained_by_echo=False)
    assert not veto.step(onset=False, voice_on=True, explained_by_echo=False)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans())))
def test_it_counts_only_voices_that_began_and_stand_out(steps: list[tuple[bool, bool, bool]]):
    veto, onsets = EchoVeto(), 0
    for onset, voice_on, explained in steps:
        onsets += onset
        if veto.step(onset, voice_on, explained):
            onsets -= 1
            assert voice_on
            assert not explained
        assert onsets >= 0
