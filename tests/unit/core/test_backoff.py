from voicemate.core.backoff import Backoff

FIRST_S, MAX_S, RECOVERED_AFTER_S = 1.0, 30.0, 10.0


def test_delays_double_up_to_a_bound():
    backoff = Backoff(FIRST_S, MAX_S)
    assert [backoff.next_delay() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_the_delay_is_bounded_however_often_it_failed():
    backoff = Backoff(0.25, 4.0)
    for _ in range(5000):
        backoff.attempt()
    assert backoff.delay_s == 4.0


def test_what_has_worked_for_a_while_starts_again_with_the_first_delay():
    backoff = Backoff(FIRST_S, MAX_S, RECOVERED_AFTER_S)
    for _ in range(5):
        backoff.next_delay(0)
    assert backoff.next_delay(RECOVERED_AFTER_S) == FIRST_S
    assert backoff.next_delay(0) > FIRST_S


def test_the_first_delay_holds_before_and_after_the_first_attempt():
    backoff = Backoff(0.25, 4.0)
    assert backoff.delay_s == 0.25
    backoff.attempt()
    assert backoff.delay_s == 0.25
    backoff.attempt()
    assert backoff.delay_s == 0.5


def test_it_can_go_to_the_longest_delay_at_once_and_back():
    backoff = Backoff(0.2, 5.0)
    backoff.saturate()
    assert backoff.delay_s == 5.0
    backoff.reset()
    assert backoff.delay_s == 0.2
