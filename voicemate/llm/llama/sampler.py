"""Samples the tokens of a reply with llama.cpp's chain of samplers."""

import ctypes

from voicemate.llm.llama.build_info import C, Pointer
from voicemate.personas.persona import Sampling

_DRY_BASE, _DRY_ALLOWED = 1.75, 4
_SEQUENCE_BREAKERS = (b"\n", b":", b'"', b"*", b".", b"?", b"!")
"""Texts at which a repeated sequence ends: two sentences may start alike."""

PENALTY_WINDOW = 64
"""Tokens of the reply that the repeat penalty covers; llama.cpp's default."""


def dry_sampler(vocabulary: Pointer, multiplier: float, context_size: int) -> Pointer:
    """Return the DRY ("don't repeat yourself") step of a ``Sampler``.

    It scans the whole vocabulary, which takes 15 ms: create it once, and clone it.

    Args:
        vocabulary: llama.cpp's pointer.
        multiplier: strength of the penalty; 0 for none.
        context_size: tokens of the context.
    """
    breakers = (ctypes.c_char_p * len(_SEQUENCE_BREAKERS))(*_SEQUENCE_BREAKERS)
    return C.llama_sampler_init_dry(
        vocabulary, multiplier, _DRY_BASE, _DRY_ALLOWED, context_size, breakers, len(breakers)
    )


class Sampler:
    """Samples the tokens of one reply. Belongs to the engine's thread.

    Each reply has a new one, so that a reply depends on its prompt alone. The order of the steps is llama.cpp's.

    A small model repeats its sentences, turn after turn. So a token that continues a sequence from the prompt (an
    example, an earlier reply) is made less likely, the more so the longer the sequence: the DRY sampler of llama.cpp,
    with its author's constants (https://github.com/oobabooga/text-generation-webui/pull/5677). Single words and
    set phrases are not affected.

    Args:
        context: llama.cpp's pointer, whose logits are sampled.
        n_vocab: tokens of the vocabulary.
        sampling: temperature and the like.
        seed: of the random numbers.
        dry: the step from ``dry_sampler``, which has accepted the prompt's tokens; the sampler owns it from now on.
    """

    def __init__(self, context: Pointer, n_vocab: int, sampling: Sampling, seed: int, dry: Pointer) -> None:
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
                C.llama_sampler_init_dist(seed % 0xFFFF_FFFF),  # the largest value means a random seed
            ]
        for step in steps:
            C.llama_sampler_chain_add(self._chain, step)

    def sample(self) -> int:
        """Return the next token, from the logits after the last one evaluated."""
        return int(C.llama_sampler_sample(self._chain, self._context, -1))

    def close(self) -> None:
        """Free the chain and its steps; closing again does nothing."""
        chain, self._chain = self._chain, None
        if chain:
            C.llama_sampler_free(chain)
