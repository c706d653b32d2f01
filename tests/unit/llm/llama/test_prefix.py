from hypothesis import given
from hypothesis import strategies as st

from voicemate.llm.llama.prefix import Batching, can_probe_at, common_prefix, plan_evaluation

TOKENS = st.lists(st.integers(0, 1), max_size=40)
FOURS = Batching(group=4, max_batch=8)


def tokens(count: int) -> list[int]:
    return list(range(count))


def test_what_is_cached_already_is_not_evaluated_again():
    assert plan_evaluation(tokens(8), tokens(14), FOURS, need_logits=True).batches == ((8, 12), (12, 14))


def test_nothing_is_done_when_all_is_cached():
    assert plan_evaluation(tokens(8), tokens(8), FOURS, need_logits=False).batches == ()
    assert plan_evaluation(tokens(8), tokens(11), FOURS, need_logits=False).batches == ()


def test_an_incomplete_group_is_evaluated_again_when_more_follows():
    assert plan_evaluation(tokens(10), tokens(14), FOURS, need_logits=True).batches == ((8, 12), (12, 14))


def test_the_last_logits_need_the_last_group_once_more():
    assert plan_evaluation(tokens(8), tokens(8), FOURS, need_logits=True).batches == ((4, 8),)
    assert plan_evaluation(tokens(9), tokens(9), FOURS, need_logits=True).batches == ((8, 9),)


def test_a_long_prompt_is_cut_into_batches_that_a_cancellation_waits_for():
    assert plan_evaluation([], tokens(18), FOURS, need_logits=True).batches == ((0, 8), (8, 16), (16, 18))
    assert plan_evaluation([], tokens(18), FOURS, need_logits=False).batches == ((0, 8), (8, 16))


def test_a_token_that_is_looked_at_is_in_another_batch_than_the_last_one():
    assert plan_evaluation(tokens(8), tokens(20), Batching(4, 64), need_logits=True, probe_at=9).batches == (
        (8, 12),
        (12, 20),
    )
    assert plan_evaluation(tokens(8), tokens(18), Batching(4, 64), need_logits=True, probe_at=9).batches == (
        (8, 16),
        (16, 18),
    )
    assert plan_evaluation(tokens(18), tokens(18), Batching(4, 64), need_logits=True, probe_at=9).batches == (
        (8, 16),
        (16, 18),
    )
    assert not can_probe_at(16, 18, FOURS)
    assert not can_probe_at(17, 20, FOURS)


def test_a_model_that_cannot_truncate_continues_or_starts_again():
    assert plan_evaluation([1, 2], [1, 2, 3], FOURS, need_logits=True, can_truncate=False).batches == ((2, 3),)
    assert plan_evaluation([1, 2, 9], [1, 2, 3], FOURS, need_logits=True, can_truncate=False).batches == ((0, 3),)
    assert plan_evaluation([1, 2, 3], [1, 2, 3], FOURS, need_logits=True, can_truncate=False).batches == ((0, 3),)
    assert plan_evaluation([1, 2, 3], [1, 2, 3], FOURS, need_logits=False, can_truncate=False).batches == ()


@given(TOKENS, TOKENS, st.integers(1, 5), st.integers(1, 3), st.booleans(), st.booleans())
def test_what_is_kept_and_what_is_evaluated_make_the_wanted_tokens(
    cached, wanted, group, groups, need_logits, can_cut
):
    batching = Batching(group, group * groups)
    work = plan_evaluation(cached, wanted, batching, need_logits=need_logits, can_truncate=can_cut)

    held = cached[: work.keep] + [token for a, b in work.batches for token in wanted[a:b]]
    assert work.keep <= common_prefix(cached, wanted)
    assert held == wanted[: len(held)]
    assert len(held) == len(wanted) if need_logits else len(wanted) - group < len(held)
    assert work.batches or not need_logits or not wanted
    assert all(0 < b - a <= batching.max_batch for a, b in work.batches)


@given(TOKENS, TOKENS.filter(len), st.integers(1, 5), st.integers(1, 3), st.integers(0, 39), st.booleans())
def test_each_batch_has_one_token_at_most_that_is_looked_at(cached, wanted, group, groups, at, can_cut):
    batching = Batching(group, group * groups)
    if not can_probe_at(at, len(wanted), batching):
        return
    work = plan_evaluation(cached, wanted, batching, need_logits=True, can_truncate=can_cut, probe_at=at)

    held = cached[: work.keep] + [token for a, b in work.batches for token in wanted[a:b]]
    assert held == wanted
    assert [at in range(a, b) for a, b in work.batches].count(True) == 1
    assert not any(at in range(a, b) and len(wanted) - 1 in range(a, b) for a, b in work.batches)
    assert all(a % group == 0 and 0 < b - a <= batching.max_batch for a, b in work.batches) or not can_cut


@given(TOKENS, TOKENS, st.integers(1, 5), st.integers(1, 3))
def test_full_groups_begin_at_their_multiples_and_the_rest_has_its_own_batch(cached, wanted, group, groups):
    batching = Batching(group, group * groups)
    for start, end in plan_evaluation(cached, wanted, batching, need_logits=True).batches:
        assert start % group == 0
        assert end % group == 0 or (end == len(wanted) and end - start < group)
