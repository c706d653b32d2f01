"""How long to wait for what is missing."""

from voicemate.core.backoff import FIRST_DELAY_S, MAX_DELAY_S, RECOVERED_AFTER_S, Backoff


def test_waits_get_longer_up_to_a_bound():
    backoff = Backoff()
    waits = [backoff.next_delay(0) for _ in range(10)]
    assert waits[0] == FIRST_DELAY_S
    assert waits == sorted(waits)
    assert waits[-1] == MAX_DELAY_S


def test_what_has_worked_for_a_while_is_tried_again_at_once():
    backoff = Backoff()
    for _ in range(5):
        backoff.next_delay(0)
    assert backoff.next_delay(RECOVERED_AFTER_S) == FIRST_DELAY_S
    assert backoff.next_delay(0) > FIRST_DELAY_S
