"""What of a prompt the KV cache holds already, and in which batches the rest is evaluated.

The numbers that a token leaves in the cache depend a little on the batch it was evaluated in: a matrix product over
one row takes another kernel than one over many, and kernels that work on four rows at once leave the last ones to
others. A reply that depended on how its prompt came together (in one go, or word by word while it was spoken, or
after a draft that was rolled back) could never be had again. So prompts are evaluated in groups of a fixed number of
tokens, always beginning at a multiple of it. Full groups may share a batch, which changes nothing; the tokens behind
the last full group have a batch of their own, and are evaluated anew when more tokens follow them. What the cache
holds then depends on its tokens alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """How to bring the cache from the tokens it holds to those that are wanted.

    Attributes:
        keep: tokens at the front that stay; everything behind them is dropped.
        batches: half-open index ranges of the wanted tokens, to be evaluated one after the other.
    """

    keep: int
    batches: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Batching:
    """How many tokens go together.

    Attributes:
        group: tokens that kernels handle together.
        batch: most tokens in a batch, a multiple of ``group``; a cancellation waits for one batch.
    """

    group: int
    max_batch: int

    def whole_groups(self, tokens: int) -> int:
        """How many of that many tokens are in full groups."""
        return tokens // self.group * self.group


def plan_evaluation(
    cached: Sequence[int],
    target: Sequence[int],
    batching: Batching,
    *,
    need_logits: bool,
    can_truncate: bool = True,
    probe_at: int | None = None,
) -> EvaluationPlan:
    """The least work that brings the cache from ``cached`` to ``wanted``.

    Args:
        to_the_end: evaluate the very last token, even if it is cached, so that its logits are at hand. Otherwise
            the tokens behind the last full group, which are evaluated anew anyway when more follow, are left out.
        can_cut: the model can drop the end of its cache. Recurrent models cannot: they go on where they are, or
            begin anew.
        look_at: a token whose logits are wanted on the way, in another batch than the last token's; it must lie
            before the last group (``can_look_at``).
    """
    full = batching.whole_groups(len(target))
    end = len(target) if need_logits else full
    needed = end if probe_at is None else probe_at + 1
    keep = common_prefix(cached, target)
    if can_truncate:
        keep = batching.whole_groups(max(0, min(keep, needed - 1 if need_logits else needed)))
    elif keep < len(cached) or (need_logits and keep >= needed):
        keep = 0
    batches = [(start, min(start + batching.max_batch, full)) for start in range(keep, full, batching.max_batch)]
    if max(keep, full) < end:
        batches.append((max(keep, full), end))
    if probe_at is not None and batches[-1][0] <= probe_at:
        start, end = batches.pop()
        cut = batching.whole_groups(probe_at) + batching.group
        batches += [(start, cut), (cut, end)]
    return EvaluationPlan(keep, tuple(batches))


def can_probe_at(token: int, tokens: int, batching: Batching) -> bool:
    """Whether a ``token`` of so many has a group of its own, without the last one."""
    return batching.whole_groups(token) + batching.group < tokens


def common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length
