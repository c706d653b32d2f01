from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from voicemate.config.schema import LlmSettings
from voicemate.core.errors import ModelError
from voicemate.llm.llama.llama_cpp import LlamaContext
from voicemate.personas.persona import Sampling

pytestmark = pytest.mark.models
GREEDY = Sampling(temperature=0, dry=0, repeat_penalty=1)


@pytest.fixture(scope="module")
def native(smollm2: Path) -> Iterator[LlamaContext]:
    with closing(LlamaContext(smollm2, LlmSettings(threads=1, context=512))) as model:
        tokens = model.tokenize(
            "<|im_start|>user\nWhat do you like?<|im_end|>\n<|im_start|>assistant\nMy favourite flower is the"
        )
        model.append(tokens, scored=len(tokens) - 1)
        yield model


def picks(native: LlamaContext, sampling: Sampling, seed: int = 1, count: int = 20) -> list[int]:
    with closing(native.sampler(sampling, seed, ())) as sampler:
        return [sampler.sample() for _ in range(count)]


def test_no_temperature_picks_the_most_probable_token(native):
    assert picks(native, GREEDY, count=1) == [int(np.argmax(native.logits()))]


def test_a_token_that_was_ruled_out_is_not_picked(native):
    best = picks(native, GREEDY, count=1)[0]
    kept = native.logits()[best]
    native.logits()[best] = -np.inf
    assert picks(native, GREEDY, count=1) != [best]
    native.logits()[best] = kept


def test_a_seed_gives_the_same_tokens_and_the_largest_one_is_no_exception(native):
    wild = Sampling(temperature=2, top_k=0, top_p=1, min_p=0)
    for seed in (0, 1, 2**32 - 1, 2**40):
        assert picks(native, wild, seed) == picks(native, wild, seed)
    assert picks(native, wild, 1) != picks(native, wild, 2)


def test_a_penalty_keeps_the_reply_from_saying_the_same_again(native):
    steady = picks(native, GREEDY)
    assert len(set(steady)) == 1
    assert len(set(picks(native, GREEDY.model_copy(update={"repeat_penalty": 2.0})))) > 1


def test_a_closed_model_says_so_instead_of_crashing(smollm2: Path):
    model = LlamaContext(smollm2, LlmSettings(threads=1, context=512))
    model.close()
    model.close()
    with pytest.raises(ModelError, match="was closed"):
        model.tokenize("Hello.")


def test_a_phrase_of_the_prompt_is_not_said_again_word_by_word(native):
    def said_again(dry: float) -> int:
        once = picks(native, Sampling(temperature=0, dry=0), count=1)
        phrase = [*range(1000, 1012), *once]  # a sequence of the prompt that the likeliest token would go on with
        prompt = [*phrase, 2000, *phrase[:-1]]
        with closing(native.sampler(Sampling(temperature=0, dry=dry), 1, prompt)) as sampler:
            return int(sampler.sample() == once[0])

    assert said_again(dry=0) == 1
    assert said_again(dry=5) == 0
