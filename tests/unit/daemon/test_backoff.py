"""How long to wait for what is missing."""

from voicemate.daemon.backoff import FIRST_S, LONGEST_S, STEADY_S, Backoff


def test_waits_get_longer_up_to_a_bound():
    backoff = Backoff()
    waits = [backoff.after(0) for _ in range(10)]
    assert waits[0] == FIRST_S
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_S


def test_what_has_worked_for_a_while_is_tried_again_at_once():
    backoff = Backoff()
    for _ in range(5):
        backoff.after(0)
    assert backoff.after(STEADY_S) == FIRST_S
    assert backoff.after(0) > FIRST_S
