from hypothesis import given
from hypothesis import strategies as st

from voicemate.llm.llama.threads import RETRY_AFTER_TOKENS, TRIAL_TOKENS, ThreadGovernor

FEW_MS, MOST_MS = 12.0, 7.0


def decode(governor: ThreadGovernor, tokens: int, with_most: float) -> list[int]:
    """The threads of each token, where most threads take ``with_most`` ms and few of them ``FEW_MS``."""
    threads = []
    for _ in range(tokens):
        threads.append(governor.threads)
        governor.record(with_most if governor.threads == 2 else FEW_MS)
    return threads


def test_free_cores_are_used_after_a_few_tokens():
    assert decode(ThreadGovernor(2), 20, MOST_MS) == [1] * TRIAL_TOKENS + [2] * (20 - TRIAL_TOKENS)


def test_beside_a_busy_process_nearly_all_tokens_get_few_threads():
    threads = decode(ThreadGovernor(2), 500, 50.0)
    assert threads.count(2) <= 500 // RETRY_AFTER_TOKENS + 1


def test_one_slow_token_is_no_reason():
    governor = ThreadGovernor(2)
    decode(governor, 20, MOST_MS)
    governor.record(FEW_MS * 1.5)
    assert governor.threads == 2


def test_a_stall_is():
    governor = ThreadGovernor(2)
    decode(governor, 20, MOST_MS)
    governor.record(FEW_MS * 4)
    assert governor.threads == 1


def test_when_the_other_process_ends_the_cores_are_used_again():
    governor = ThreadGovernor(2)
    decode(governor, 100, 50.0)
    assert decode(governor, RETRY_AFTER_TOKENS + 10, MOST_MS)[-10:] == [2] * 10


def test_a_number_from_the_settings_is_kept():
    governor = ThreadGovernor(2, adaptive=False)
    assert decode(governor, 100, 500.0) == [2] * 100


@given(st.lists(st.floats(0.1, 10_000), max_size=300), st.integers(1, 8))
def test_there_is_always_a_thread_and_never_more_than_allowed(times: list[float], most: int):
    governor = ThreadGovernor(most)
    for ms in times:
        assert 1 <= governor.threads <= most
        governor.record(ms)


def test_a_new_reply_tries_all_threads_at_once_and_falls_back_as_soon():
    governor = ThreadGovernor(2)
    decode(governor, 20, MOST_MS)
    governor.record(FEW_MS * 4)
    governor.retry_all_threads()
    assert governor.threads == 2
    governor.record(FEW_MS * 4)
    assert governor.threads == 1


def test_all_threads_are_not_tried_before_few_threads_were_timed():
    governor = ThreadGovernor(2)
    governor.retry_all_threads()
    assert governor.threads == 1
