from dataclasses import dataclass, field

import numpy as np
import pytest

from voicemate.core.pcm import CLOCK_HZ, Pcm
from voicemate.core.worker_thread import Cancellation
from voicemate.stt.decoding import (
    CHINESE_PROMPT,
    FULL_CONTEXT,
    WIDER_CONTEXTS,
    DecodeOptions,
    DecodeRequest,
    DecodeResult,
    DraftOptions,
    UtteranceDecoder,
)

FLOOR = 512
LADDER = [FLOOR, *WIDER_CONTEXTS[:-1]]
SURE, UNSURE = 0.9, 0.5


def decoded(text: str, confidence: float = SURE, complete: bool = True) -> DecodeResult:
    return DecodeResult(text, (confidence,), complete)


@dataclass
class Scripted:
    """A decoder with results by language and context; others are "fine"."""

    answers: dict[tuple[str, int], DecodeResult] = field(default_factory=dict)
    detected: tuple[str, float] = ("en", 0.9)
    calls: list[tuple[str, int]] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    beams: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    timed: dict[int, bool] = field(default_factory=dict)
    most_tokens: int = 0

    def decode(self, pcm: Pcm, request: DecodeRequest, cancellation: Cancellation) -> DecodeResult:
        self.calls.append((request.language, request.context))
        self.prompts.append(request.prompt)
        self.beams.append(request.beam_size)
        self.lengths.append(len(pcm))
        self.timed[request.context] = request.timestamps
        self.most_tokens = request.max_tokens
        return self.answers.get((request.language, request.context), decoded("fine"))

    def detect_language(self, pcm: Pcm, context: int, cancellation: Cancellation) -> tuple[str, float]:
        self.calls.append(("detect", context))
        return self.detected


def decoding(
    decoder: Scripted, seconds: float = 2, prompt: str = "", effort: DecodeOptions | None = None
) -> UtteranceDecoder:
    pcm = np.zeros(int(seconds * CLOCK_HZ), dtype=np.float32)
    return UtteranceDecoder(decoder, pcm, effort or DecodeOptions(FLOOR, beam_size=1), prompt, Cancellation())


DRAFT = 256
DRAFTING = DecodeOptions(FLOOR, beam_size=5, draft=DraftOptions(DRAFT, min_confidence=0.7, min_token_probability=0.3))
LENIENT = DecodeOptions(FLOOR, beam_size=1, draft=DraftOptions(DRAFT, min_confidence=0.6, min_token_probability=0.0))


def test_a_sure_decode_is_accepted_at_once():
    decoder = Scripted()
    assert decoding(decoder).decode_in_language("en").text == "fine"
    assert decoder.calls == [("en", FLOOR)]


@pytest.mark.parametrize(("seconds", "least"), [(1, FLOOR), (9, FLOOR), (12, 600), (20, 1000), (28, 1400)])
def test_the_context_always_holds_the_whole_utterance(seconds: float, least: int):
    decoder = Scripted()
    decoding(decoder, seconds).decode_in_language("en")
    [(_, context)] = decoder.calls
    assert least <= context <= FULL_CONTEXT


@pytest.mark.parametrize("seconds", [0.4, 3.9, 6, 11, 17.5, 23])
@pytest.mark.parametrize("effort", [DRAFTING, DecodeOptions(context=640, beam_size=1)])
def test_no_context_leaves_positions_in_which_whisper_would_hear_the_sound_before(
    seconds: float, effort: DecodeOptions
):
    """The attention covers the next multiple of 256, with what an earlier decode left there."""
    decoder = Scripted()
    decodes = decoding(decoder, seconds, effort=effort)
    decodes.draft("en")
    decodes.decode_in_language("en")
    decodes.second_opinion("en")
    assert all(context % 256 == 0 or context == FULL_CONTEXT for _, context in decoder.calls)


def test_a_draft_with_likely_tokens_is_accepted():
    decoder = Scripted()
    assert decoding(decoder, effort=DRAFTING).decode_in_language("en").text == "fine"
    assert (decoder.calls, decoder.beams) == ([("en", DRAFT)], [1])


@pytest.mark.parametrize(
    "draft",
    [
        DecodeResult("turn on the lies", (0.99, 0.99, 0.99, 0.2), True),
        decoded("turn on the lights", UNSURE),
        decoded("Lock the front door. Lock the front door."),
        decoded("and so and so my", complete=False),
        decoded("[Music]"),
        decoded("", UNSURE),
    ],
)
def test_a_doubtful_draft_is_decoded_with_full_effort(draft: DecodeResult):
    decoder = Scripted({("en", DRAFT): draft})
    assert decoding(decoder, effort=DRAFTING).decode_in_language("en").text == "fine"
    assert (decoder.calls, decoder.beams) == ([("en", DRAFT), ("en", FLOOR)], [1, 5])


@pytest.mark.parametrize(
    ("draft", "best", "surer"),
    [
        (decoded("turn on the lights", 0.65), decoded("turn on the lies", UNSURE), "draft"),
        (decoded("turn on the lies", UNSURE), decoded("turn on the lights", 0.65), "best"),
        (decoded("turn on the lights", UNSURE), decoded("on the lights on the lights on the lights"), "draft"),
        (decoded("on the lights on the lights on the lights"), decoded("turn on the lights", UNSURE), "best"),
        (decoded("you", 0.65), decoded("[Music]", UNSURE), "best"),
    ],
)
def test_the_surer_of_draft_and_beam_search_wins_and_the_other_is_its_second_opinion(
    draft: DecodeResult, best: DecodeResult, surer: str
):
    given = {"draft": draft, "best": best}
    decodes = decoding(Scripted({("en", DRAFT): draft, ("en", FLOOR): best}), effort=DRAFTING)
    assert decodes.decode_in_language("en") == given.pop(surer)
    assert [decodes.second_opinion("en")] == list(given.values())


def test_a_wider_greedy_decode_replaces_a_surer_draft():
    draft, best = decoded("turn on the lies", 0.55), decoded("turn on the lights", UNSURE)
    decoder = Scripted({("en", DRAFT): draft, ("en", FLOOR): best})
    assert decoding(decoder, effort=LENIENT).decode_in_language("en") == best


def test_a_model_with_good_drafts_accepts_one_with_a_doubtful_word():
    draft = DecodeResult("turn on the lies", (0.99, 0.99, 0.99, 0.2), True)
    decoder = Scripted({("en", DRAFT): draft})
    assert decoding(decoder, effort=LENIENT).decode_in_language("en") == draft


def test_sure_words_are_compared_with_the_rejected_draft():
    unsure = decoded("turn on the lies", UNSURE)
    decoder = Scripted({("en", DRAFT): unsure})
    decodes = decoding(decoder, effort=LENIENT)
    decodes.decode_in_language("en")
    assert decodes.second_opinion("en", first_is_sure=True) == unsure
    assert decoder.calls == [("en", DRAFT), ("en", FLOOR)]


def test_two_unsure_greedy_decodes_are_no_opinion_on_each_other():
    unsure = decoded("turn on the lies", UNSURE)
    decoder = Scripted({("en", DRAFT): unsure, ("en", FLOOR): unsure})
    decodes = decoding(decoder, effort=LENIENT)
    decodes.decode_in_language("en")
    assert decodes.second_opinion("en").text == "fine"
    assert decoder.calls == [("en", DRAFT), ("en", FLOOR), ("en", 768)]


@pytest.mark.parametrize("effort", [DRAFTING, LENIENT])
def test_only_a_greedy_decode_of_a_sentence_has_timestamps(effort: DecodeOptions):
    decoder = Scripted({("en", DRAFT): decoded("", UNSURE)})
    decoding(decoder, effort=effort).decode_in_language("en")
    assert decoder.timed == {DRAFT: True, FLOOR: False}


def test_a_draft_without_letters_is_no_second_opinion():
    decoder = Scripted(
        {("en", DRAFT): DecodeResult("", (), True), ("en", FLOOR): decoded("turn on the lights", UNSURE)}
    )
    decodes = decoding(decoder, effort=LENIENT)
    decodes.decode_in_language("en")
    assert decodes.rejected_confidence == 1
    assert decodes.second_opinion("en") == decoded("fine")


@pytest.mark.parametrize("language", ["zh", "yue", "ja", "ko"])
def test_chinese_japanese_and_korean_are_not_drafted(language: str):
    decoder = Scripted()
    decoding(decoder, effort=DRAFTING).decode_in_language(language)
    assert (decoder.calls, decoder.beams) == ([(language, FLOOR)], [5])


def test_a_detected_language_is_decoded_with_full_effort():
    """In some language whisper is sure of any noise."""
    unsure = decoded("the second half", UNSURE)
    decoder = Scripted({("en", DRAFT): unsure, ("en", FLOOR): unsure}, detected=("cy", 0.9))
    assert decoding(decoder, effort=DRAFTING).decode_in_any_language("en") == ("cy", decoded("fine"))
    assert ("cy", DRAFT) not in decoder.calls


def test_a_long_utterance_has_a_greedy_draft_too():
    decoder = Scripted()
    assert decoding(decoder, seconds=10, effort=DRAFTING).decode_in_language("en").text == "fine"
    assert (decoder.beams, decoder.timed) == ([1], {768: False})


def test_a_greedy_utterance_of_the_smallest_context_needs_no_draft():
    decoder = Scripted({("en", 768): decoded("turn on the lies", UNSURE)})
    decoding(decoder, seconds=10, effort=LENIENT).decode_in_language("en")
    assert decoder.beams == [1]


@pytest.mark.parametrize("effort", [DRAFTING, DecodeOptions(context=FLOOR, beam_size=1)])
def test_an_interim_transcript_is_only_a_draft(effort: DecodeOptions):
    decoder = Scripted({("en", DRAFT): decoded("turn on the", UNSURE)})
    assert decoding(decoder, effort=effort).draft("en").text == "turn on the"
    assert (decoder.calls, decoder.beams) == ([("en", DRAFT)], [1])


def test_audio_beyond_the_window_is_refused():
    with pytest.raises(ValueError, match=r"29\.5 s are too long"):
        decoding(Scripted(), seconds=29.5)


def test_a_loop_is_decoded_again_with_a_wider_context():
    decoder = Scripted({("en", FLOOR): decoded("Lock the front door. Lock the front door.")})
    assert decoding(decoder).decode_in_language("en").text == "fine"
    assert decoder.calls == [("en", FLOOR), ("en", WIDER_CONTEXTS[0])]


def test_a_persistent_loop_ends_with_the_widest_context():
    loops = {("en", context): decoded("Lock the front door. " * (2 + place)) for place, context in enumerate(LADDER)}
    decoder = Scripted(loops)
    assert decoding(decoder).decode_in_language("en").text == "fine"
    assert decoder.calls == [*loops, ("en", WIDER_CONTEXTS[-1])]
    assert WIDER_CONTEXTS[-1] % 256 == 0


def test_an_incomplete_decode_is_repeated_with_a_wider_context():
    decoder = Scripted({("en", FLOOR): decoded("and so and so my", complete=False)})
    assert decoding(decoder).decode_in_language("en").text == "fine"


@pytest.mark.parametrize("tag", ["[Music]", "(keyboard clicking)", ""])
def test_noise_is_decoded_once_and_has_no_language(tag: str):
    decoder = Scripted({("en", FLOOR): decoded(tag, UNSURE)})
    assert decoding(decoder).decode_in_any_language("en") == ("en", decoded(tag, UNSURE))
    assert decoder.calls == [("en", FLOOR)]


def test_an_unsure_decode_is_not_repeated():
    decoder = Scripted({("en", FLOOR): decoded("out in view", UNSURE)})
    assert decoding(decoder).decode_in_language("en").text == "out in view"
    assert decoder.calls == [("en", FLOOR)]


def test_a_real_repetition_is_believed():
    loop = decoded("Lock the front door. Lock the front door.")
    decoder = Scripted({("en", FLOOR): loop, ("en", WIDER_CONTEXTS[0]): loop})
    assert decoding(decoder).decode_in_language("en") == loop


def test_the_last_language_needs_no_detection():
    decoder = Scripted()
    language, found = decoding(decoder).decode_in_any_language("de")
    assert (language, found.text) == ("de", "fine")
    assert decoder.calls == [("de", FLOOR)]


def test_another_language_is_detected_if_the_last_one_does_not_fit():
    decoder = Scripted(
        {("en", FLOOR): decoded("Open the C button", UNSURE), ("zh", FLOOR): decoded("打开客厅的灯")}, ("zh", 0.8)
    )
    assert decoding(decoder).decode_in_any_language("en") == ("zh", decoded("打开客厅的灯"))


def test_letters_reveal_another_language_even_if_whisper_is_sure():
    english = Scripted({("zh", FLOOR): decoded("turn on the light")}, ("en", 0.9))
    assert decoding(english).decode_in_any_language("zh") == ("en", decoded("fine"))
    chinese = Scripted({("de", FLOOR): decoded("每一天都要快乐!")}, ("zh", 0.9))
    assert decoding(chinese).decode_in_any_language("de") == ("zh", decoded("fine"))


@pytest.mark.parametrize(("probability", "told_against_it"), [(SURE, 1.0), (UNSURE, UNSURE)])
def test_a_decode_in_a_wrong_language_does_not_contradict_sure_words(probability, told_against_it):
    unsure, found = decoded("Como tú sabes", UNSURE), decoded("As you know", probability)
    decoder = Scripted({("es", DRAFT): unsure, ("es", FLOOR): unsure, ("en", FLOOR): found}, detected=("en", 0.9))
    decodes = decoding(decoder, effort=DRAFTING)
    assert decodes.decode_in_any_language("es") == ("en", found)
    assert decodes.rejected_confidence == told_against_it


def test_an_unlikely_detected_language_is_ignored():
    decoder = Scripted({("en", FLOOR): decoded("cancel all tires", UNSURE)}, ("de", 0.23))
    language, found = decoding(decoder).decode_in_any_language("en")
    assert (language, found.text) == ("en", "cancel all tires")
    assert ("de", FLOOR) not in decoder.calls


def test_only_chinese_has_the_prompt_for_simplified_characters():
    decoder = Scripted()
    decoding(decoder, prompt="Juniper").decode_in_language("zh")
    decoding(decoder, prompt="Juniper").decode_in_language("en")
    decoding(decoder).decode_in_language("en")
    assert decoder.prompts == [f"{CHINESE_PROMPT}Juniper", "Juniper", ""]


def test_a_loop_is_limited_to_a_fast_speakers_tokens():
    decoder = Scripted()
    decoding(decoder, seconds=1).decode_in_language("en")
    assert decoder.most_tokens < 40


def test_a_second_opinion_trims_the_audio_and_widens_the_context():
    decoder = Scripted({("en", FLOOR): decoded("out in view", UNSURE)})
    decodes = decoding(decoder)
    decodes.decode_in_language("en")
    assert decodes.second_opinion("en").text == "fine"
    (_, first), (_, second) = decoder.calls
    assert first < second
    assert 0 < decoder.lengths[0] - decoder.lengths[1] < CLOCK_HZ // 4


def test_very_short_audio_is_not_trimmed():
    decoder = Scripted()
    decodes = decoding(decoder, seconds=0.3)
    decodes.decode_in_language("en")
    decodes.second_opinion("en")
    assert decoder.lengths[0] == decoder.lengths[1]


def test_a_second_opinion_never_exceeds_the_whole_window():
    decoder = Scripted()
    decoding(decoder, seconds=29).second_opinion("en")
    assert decoder.calls == [("en", FULL_CONTEXT)]


def test_a_rejected_draft_is_a_free_second_opinion():
    draft = decoded("turn on the lies", UNSURE)
    decoder = Scripted({("en", DRAFT): draft})
    decodes = decoding(decoder, effort=DRAFTING)
    decodes.decode_in_language("en")
    assert decodes.second_opinion("en") is draft
    assert len(decoder.calls) == 2


def test_a_draft_in_another_language_is_no_second_opinion():
    unsure = decoded("the second half", UNSURE)
    decoder = Scripted({("en", DRAFT): unsure, ("en", FLOOR): unsure}, detected=("cy", 0.9))
    decodes = decoding(decoder, effort=DRAFTING)
    decodes.decode_in_any_language("en")
    assert decodes.second_opinion("cy") == decoded("fine")
