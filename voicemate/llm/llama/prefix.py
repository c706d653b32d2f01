"""Plans which tokens of a prompt the KV cache already holds, and in which batches the rest is evaluated.

The values that a token leaves in the cache depend slightly on its batch: a matrix product over one row uses another
kernel than one over many, and kernels that work on four rows at once leave the last rows to others. A reply that
depended on how its prompt was evaluated (at once, or word by word while it was spoken, or after a discarded
generation) could not be reproduced. So prompts are evaluated in groups of a fixed number of tokens, each starting
at a multiple of that number. Whole groups may share a batch, which changes nothing; the tokens after the last whole
group have a batch of their own, and are evaluated again when more tokens follow. The contents of the cache then
depend on its tokens alone. All functions are pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """How to make the cache hold other tokens.

    Attributes:
        keep: how many tokens at the front stay; all after them are dropped.
        batches: half-open index ranges of the target tokens, evaluated one after the other.
    """

    keep: int
    batches: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Batching:
    """How many tokens are evaluated together.

    Attributes:
        group: tokens that kernels compute together.
        max_batch: most tokens in a batch, a multiple of ``group``; a cancellation waits for one batch.
    """

    group: int
    max_batch: int

    def whole_groups(self, tokens: int) -> int:
        """Return how many of so many ``tokens`` are in whole groups."""
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
    """Return the least work that makes a cache of the tokens ``cached`` hold ``target``.

    Args:
        cached: the tokens in the cache.
        target: the tokens of the prompt.
        batching: the sizes of groups and batches.
        need_logits: evaluate the last token even if it is cached, so that its logits are available. Otherwise the
            tokens after the last whole group, which are evaluated again when more follow, are left out.
        can_truncate: the model can drop the end of its cache. Recurrent models cannot: they continue from where they
            are, or start again.
        probe_at: index of a token whose logits are needed on the way, in another batch than the last token's; it
            must lie before the last group (``can_probe_at``).
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
    """Return whether the token at index ``token`` of ``tokens`` is in another group than the last one."""
    return batching.whole_groups(token) + batching.group < tokens


def common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens both sequences start with."""
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length
