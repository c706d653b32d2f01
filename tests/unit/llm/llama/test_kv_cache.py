from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.core.errors import ModelError
from voicemate.core.worker_thread import Cancellation
from voicemate.llm.llama.kv_cache import KvCache
from voicemate.llm.llama.prefix import Batching

BATCHING = Batching(group=2, max_batch=8)
TOKENS = st.lists(st.integers(0, 2), max_size=30)


class Model:
    """Holds tokens as llama.cpp's cache does, and remembers in how large a batch each one came."""

    def __init__(self, can_cut: bool = True, stop: Cancellation | None = None):
        self.tokens: list[int] = []
        self.batches: list[int] = []
        self.scored: list[int] = []
        self.peeked: list[list[int]] = []
        self.can_cut = can_cut
        self.stop = stop
        self.broken = False

    def append(self, tokens: list[int], scored: int | None) -> None:
        if self.broken:
            self.tokens += tokens[:1]
            raise ModelError("broken")
        if scored is not None:
            self.scored.append(len(self.tokens) + scored)
        self.tokens += tokens
        self.batches += [len(tokens)] * len(tokens)
        if self.stop:
            self.stop.cancel()

    def truncate(self, length: int) -> bool:
        if self.can_cut:
            del self.tokens[length:], self.batches[length:]
        return self.can_cut

    def peek(self, length: int, tokens: Sequence[int]) -> None:
        self.peeked.append([*self.tokens[:length], *tokens])

    def clear(self) -> None:
        self.tokens.clear()
        self.batches.clear()

    def state_size(self) -> int:
        return len(self.tokens)

    def state(self) -> bytes:
        return bytes(self.tokens)

    def restore(self, state: bytes | memoryview) -> bool:
        self.clear()
        if self.broken:
            return False
        self.tokens = list(state)
        self.batches = [len(state)] * len(state)
        return True


@given(st.lists(st.tuples(TOKENS, TOKENS, st.booleans()), max_size=8), st.booleans())
def test_the_model_always_holds_what_was_wanted_last(calls, can_cut):
    model = Model(can_cut)
    cache = KvCache(model, BATCHING)
    for wanted, reply, need_logits in calls:
        assert cache.evaluate(wanted, Cancellation(), need_logits=need_logits)
        assert model.tokens == wanted[: len(model.tokens)]
        assert len(wanted) - len(model.tokens) < (1 if need_logits else BATCHING.group)
        held = list(model.tokens)
        for token in reply:
            cache.append_reply_token(token)
        assert model.tokens == held + reply


@given(st.lists(st.tuples(TOKENS, TOKENS, st.booleans()), min_size=1, max_size=8))
def test_what_the_model_holds_does_not_depend_on_what_it_held_before(calls):
    model = Model()
    cache = KvCache(model, BATCHING)
    for wanted, reply, need_logits in calls:
        cache.evaluate(wanted, Cancellation(), need_logits=need_logits)
        assert [batch % BATCHING.group for batch in model.batches] == [0] * BATCHING.whole_groups(len(wanted)) + [
            1 for _ in model.tokens[BATCHING.whole_groups(len(wanted)) :]
        ]
        for token in reply:
            cache.append_reply_token(token)


def test_only_new_tokens_are_evaluated():
    cache = KvCache(Model(), BATCHING)
    cache.evaluate(range(100), Cancellation())
    cache.evaluate(range(108), Cancellation())
    assert cache.evaluated_tokens == 108


def test_a_probe_and_then_the_whole_prompt_cost_one_evaluation():
    model = Model()
    cache = KvCache(model, BATCHING)
    seen: list[int] = []
    assert cache.evaluate_with_probe(range(21), 9, lambda: seen.append(len(model.tokens)), Cancellation())
    assert seen == [16]  # after the batch with token 9, and before the others
    assert model.scored == [9, 20]

    assert cache.evaluate(range(21), Cancellation(), need_logits=True)
    assert cache.evaluated_tokens == 21


def test_used_logits_are_computed_again():
    model = Model()
    cache = KvCache(model, BATCHING)
    cache.evaluate_with_probe(range(21), 9, lambda: None, Cancellation())
    for _ in range(2):
        cache.evaluate(range(21), Cancellation(), need_logits=True)
        cache.append_reply_token(7)
    assert model.tokens == [*range(21), 7]
    assert model.scored == [9, 20, 21, 20, 21]


def test_going_back_costs_nothing():
    cache = KvCache(Model(), BATCHING)
    cache.evaluate([1, 2, 3, 4, 5, 6], Cancellation())
    cache.evaluate([1, 2, 3, 4], Cancellation())
    assert cache.evaluated_tokens == 6


def test_a_cancelled_prefill_stops_after_a_batch_and_is_of_use_later():
    stop = Cancellation()
    model = Model(stop=stop)
    cache = KvCache(model, BATCHING)
    assert not cache.evaluate(list(range(20)), stop)
    assert model.tokens == list(range(8))

    assert cache.evaluate(list(range(20)), Cancellation())
    assert cache.evaluated_tokens == 20


def test_a_model_that_cannot_truncate_is_asked_only_once():
    model = Model(can_cut=False)
    cache = KvCache(model, BATCHING)
    cache.evaluate([1, 2, 3, 4], Cancellation())
    cache.evaluate([1, 2, 5, 6], Cancellation())
    model.truncate = lambda length: pytest.fail("asked again")
    cache.evaluate([1, 2, 7, 8], Cancellation())
    assert model.tokens == [1, 2, 7, 8]


def test_after_a_failure_nothing_is_taken_for_cached():
    model = Model()
    cache = KvCache(model, BATCHING)
    cache.evaluate([1, 2, 3, 4], Cancellation())
    model.broken = True
    with pytest.raises(ModelError):
        cache.evaluate([1, 2, 3, 4, 5, 6], Cancellation())
    model.broken = False

    cache.evaluate([1, 2, 3, 4, 5, 6], Cancellation())
    assert model.tokens == [1, 2, 3, 4, 5, 6]


def test_a_restored_cache_goes_on_like_the_one_it_was_taken_from():
    first = KvCache(Model(), BATCHING)
    first.evaluate([1, 2, 3, 4], Cancellation())
    model = Model()
    cache = KvCache(model, BATCHING)
    assert cache.restore([1, 2, 3, 4], first.state())
    cache.evaluate([1, 2, 3, 4, 5, 6], Cancellation())
    assert model.tokens == [1, 2, 3, 4, 5, 6]
    assert cache.evaluated_tokens == 2


def test_a_state_that_does_not_fit_leaves_the_cache_empty():
    model = Model()
    cache = KvCache(model, BATCHING)
    cache.evaluate([1, 2, 3, 4], Cancellation())
    model.broken = True
    assert not cache.restore([1, 2], b"\1\2")
    model.broken = False
    cache.evaluate([1, 2, 3, 4], Cancellation())
    assert model.tokens == [1, 2, 3, 4]


@given(TOKENS, TOKENS.filter(bool))
def test_a_peek_evaluates_its_tokens_and_changes_nothing(held, wanted):
    model = Model()
    cache = KvCache(model, BATCHING)
    cache.evaluate(held, Cancellation(), need_logits=True)
    before, batches = list(model.tokens), list(model.batches)
    if cache.peek(wanted):
        assert model.peeked == [wanted]
    else:
        assert model.peeked == []
        assert len(wanted) > BATCHING.max_batch
    assert (model.tokens, model.batches) == (before, batches)


def test_after_a_peek_the_next_reply_computes_its_own_logits():
    model = Model()
    cache = KvCache(model, BATCHING)
    prompt = list(range(9))
    assert cache.evaluate_with_probe(prompt, 3, lambda: None, Cancellation())
    assert cache.peek([0, 1, 5])
    cache.evaluate(prompt, Cancellation(), need_logits=True)
    assert model.scored[-1] == len(prompt) - 1
    assert len(model.scored) == 3


def test_a_snapshot_holds_the_prompt_and_no_reply():
    cache = KvCache(Model(), BATCHING)
    cache.evaluate([1, 2, 3, 4], Cancellation(), need_logits=True)
    cache.append_reply_token(5)
    snapshot = cache.snapshot(max_bytes=100)
    assert snapshot
    again = Model()
    assert KvCache(again, BATCHING).restore(snapshot.tokens, snapshot.state)
    assert again.tokens == list(snapshot.tokens) == [1, 2, 3, 4]


def test_there_is_no_snapshot_of_nothing_or_of_too_much():
    cache = KvCache(Model(), BATCHING)
    assert cache.snapshot(max_bytes=100) is None
    cache.evaluate([1, 2, 3, 4], Cancellation(), need_logits=True)
    assert cache.snapshot(max_bytes=3) is None
    assert cache.snapshot(max_bytes=4)
