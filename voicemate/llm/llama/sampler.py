"""Picks the tokens of a reply by llama.cpp's chain of samplers."""

import ctypes
from typing import Any

from voicemate.llm.llama.build_info import C
from voicemate.personas.persona import Sampling

_DRY_BASE, _DRY_ALLOWED = 1.75, 4
_SEQUENCE_BREAKERS = (b"\n", b":", b'"', b"*", b".", b"?", b"!")
"""Where a sequence ends: two sentences may begin alike."""

PENALTY_WINDOW = 64
"""Tokens of the reply that the repeat penalty looks back on; llama.cpp's own default."""


def dry_sampler(vocabulary: Any, multiplier: float, context_size: int) -> Any:
    """The step against repetition of a ``Sampler``. It looks through the whole vocabulary, which takes 15 ms: made
    once, and cloned.

    Args:
        vocabulary: the model's, as llama.cpp has it.
        strength: of the "don't repeat yourself" sampler; 0 for none.
        size: tokens of the context.
    """
    breakers = (ctypes.c_char_p * len(_SEQUENCE_BREAKERS))(*_SEQUENCE_BREAKERS)
    return C.llama_sampler_init_dry(
        vocabulary, multiplier, _DRY_BASE, _DRY_ALLOWED, context_size, breakers, len(breakers)
    )


class Sampler:
    """Picks a reply's tokens. A fresh one for each reply, so that a reply depends on nothing that was said before
    but its prompt. The order of the steps is llama.cpp's own.

    A small model that has said a sentence says it again, turn after turn. So a token that would go on with a
    sequence from the prompt (an example, an earlier reply) is made less likely the longer that sequence is:
    the "don't repeat yourself" sampler of llama.cpp, with its author's constants
    (https://github.com/oobabooga/text-generation-webui/pull/5677). Single words and turns of phrase stay free.

    Args:
        repetition: that step, which has seen the prompt; it is the sampler's from now on.
    """

    def __init__(self, context: Any, n_vocab: int, sampling: Sampling, seed: int, dry: Any) -> None:
        self._context = context
        self._chain = C.llama_sampler_chain_init(C.llama_sampler_chain_default_params())
        steps = [
            C.llama_sampler_init_penalties(n_vocab, PENALTY_WINDOW, sampling.repeat_penalty, 0.0, 0.0),
            dry,
        ]
        if sampling.temperature == 0:
            steps.append(C.llama_sampler_init_greedy())
        else:
            steps += [
                C.llama_sampler_init_top_k(sampling.top_k),
                C.llama_sampler_init_top_p(sampling.top_p, 1),
                C.llama_sampler_init_min_p(sampling.min_p, 1),
                C.llama_sampler_init_temp(sampling.temperature),
                C.llama_sampler_init_dist(seed % 0xFFFF_FFFF),  # the largest one asks for a random seed
            ]
        for step in steps:
            C.llama_sampler_chain_add(self._chain, step)

    def sample(self) -> int:
        """The next token, from the logits after the last one evaluated."""
        return int(C.llama_sampler_sample(self._chain, self._context, -1))

    def close(self) -> None:
        chain, self._chain = self._chain, None
        if chain:
            C.llama_sampler_free(chain)
