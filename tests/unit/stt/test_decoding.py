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
    """A decoder that answers by language and context; what is not in the script is "fine"."""

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


def test_a_sure_decode_is_taken_at_once():
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
    """The attention goes on to the next multiple of 256, over what an earlier decode left there."""
    decoder = Scripted()
    decodes = decoding(decoder, seconds, effort=effort)
    decodes.draft("en")
    decodes.decode_in_language("en")
    decodes.second_opinion("en")
    assert all(context % 256 == 0 or context == FULL_CONTEXT for _, context in decoder.calls)


def test_a_draft_with_every_token_likely_is_taken():
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
def test_a_draft_with_anything_to_doubt_is_decoded_with_all_effort(draft: DecodeResult):
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
def test_of_a_draft_and_five_beams_the_surer_is_taken_and_the_other_is_its_second_opinion(
    draft: DecodeResult, best: DecodeResult, surer: str
):
    given = {"draft": draft, "best": best}
    decodes = decoding(Scripted({("en", DRAFT): draft, ("en", FLOOR): best}), effort=DRAFTING)
    assert decodes.decode_in_language("en") == given.pop(surer)
    assert [decodes.second_opinion("en")] == list(given.values())


def test_a_surer_draft_gives_way_to_a_wider_greedy_decode():
    draft, best = decoded("turn on the lies", 0.55), decoded("turn on the lights", UNSURE)
    decoder = Scripted({("en", DRAFT): draft, ("en", FLOOR): best})
    assert decoding(decoder, effort=LENIENT).decode_in_language("en") == best


def test_a_model_whose_best_is_hardly_better_takes_a_draft_with_one_word_to_doubt():
    draft = DecodeResult("turn on the lies", (0.99, 0.99, 0.99, 0.2), True)
    decoder = Scripted({("en", DRAFT): draft})
    assert decoding(decoder, effort=LENIENT).decode_in_language("en") == draft


def test_a_draft_that_was_not_taken_is_what_sure_words_are_compared_with():
    unsure = decoded("turn on the lies", UNSURE)
    decoder = Scripted({("en", DRAFT): unsure})
    decodes = decoding(decoder, effort=LENIENT)
    decodes.decode_in_language("en")
    assert decodes.second_opinion("en", first_is_sure=True) == unsure
    assert decoder.calls == [("en", DRAFT), ("en", FLOOR)]


def test_of_two_unsure_greedy_decodes_neither_speaks_for_the_other():
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


def test_a_draft_without_a_letter_is_no_opinion():
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


def test_what_needed_a_look_for_its_language_gets_all_effort_in_it():
    """Noise is sure of anything, in some language."""
    unsure = decoded("the second half", UNSURE)
    decoder = Scripted({("en", DRAFT): unsure, ("en", FLOOR): unsure}, detected=("cy", 0.9))
    assert decoding(decoder, effort=DRAFTING).decode_in_any_language("en") == ("cy", decoded("fine"))
    assert ("cy", DRAFT) not in decoder.calls


def test_one_beam_goes_before_five_in_a_long_utterance_too():
    decoder = Scripted()
    assert decoding(decoder, seconds=10, effort=DRAFTING).decode_in_language("en").text == "fine"
    assert (decoder.beams, decoder.timed) == ([1], {768: False})


def test_without_beams_an_utterance_as_long_as_the_floor_needs_no_draft():
    decoder = Scripted({("en", 768): decoded("turn on the lies", UNSURE)})
    decoding(decoder, seconds=10, effort=LENIENT).decode_in_language("en")
    assert decoder.beams == [1]


@pytest.mark.parametrize("effort", [DRAFTING, DecodeOptions(context=FLOOR, beam_size=1)])
def test_words_so_far_are_drafted_only(effort: DecodeOptions):
    decoder = Scripted({("en", DRAFT): decoded("turn on the", UNSURE)})
    assert decoding(decoder, effort=effort).draft("en").text == "turn on the"
    assert (decoder.calls, decoder.beams) == ([("en", DRAFT)], [1])


def test_sound_whose_end_would_not_be_heard_is_refused():
    with pytest.raises(ValueError, match=r"29\.5 s are too long"):
        decoding(Scripted(), seconds=29.5)


def test_a_loop_is_decoded_again_with_a_wider_context():
    decoder = Scripted({("en", FLOOR): decoded("Lock the front door. Lock the front door.")})
    assert decoding(decoder).decode_in_language("en").text == "fine"
    assert decoder.calls == [("en", FLOOR), ("en", WIDER_CONTEXTS[0])]


def test_a_loop_that_stays_one_is_decoded_with_the_widest_steady_context_in_the_end():
    loops = {("en", context): decoded("Lock the front door. " * (2 + place)) for place, context in enumerate(LADDER)}
    decoder = Scripted(loops)
    assert decoding(decoder).decode_in_language("en").text == "fine"
    assert decoder.calls == [*loops, ("en", WIDER_CONTEXTS[-1])]
    assert WIDER_CONTEXTS[-1] % 256 == 0


def test_what_had_to_be_stopped_is_decoded_again_with_the_whole_window():
    decoder = Scripted({("en", FLOOR): decoded("and so and so my", complete=False)})
    assert decoding(decoder).decode_in_language("en").text == "fine"


@pytest.mark.parametrize("tag", ["[Music]", "(keyboard clicking)", ""])
def test_noise_is_decoded_once_and_has_no_language(tag: str):
    decoder = Scripted({("en", FLOOR): decoded(tag, UNSURE)})
    assert decoding(decoder).decode_in_any_language("en") == ("en", decoded(tag, UNSURE))
    assert decoder.calls == [("en", FLOOR)]


def test_what_whisper_is_merely_unsure_of_costs_no_second_decode():
    decoder = Scripted({("en", FLOOR): decoded("out in view", UNSURE)})
    assert decoding(decoder).decode_in_language("en").text == "out in view"
    assert decoder.calls == [("en", FLOOR)]


def test_who_really_repeats_is_believed():
    loop = decoded("Lock the front door. Lock the front door.")
    decoder = Scripted({("en", FLOOR): loop, ("en", WIDER_CONTEXTS[0]): loop})
    assert decoding(decoder).decode_in_language("en") == loop


def test_the_language_heard_last_costs_no_detection():
    decoder = Scripted()
    language, found = decoding(decoder).decode_in_any_language("de")
    assert (language, found.text) == ("de", "fine")
    assert decoder.calls == [("de", FLOOR)]


def test_another_language_is_found_when_the_last_one_does_not_fit():
    decoder = Scripted(
        {("en", FLOOR): decoded("Open the C button", UNSURE), ("zh", FLOOR): decoded("打开客厅的灯")}, ("zh", 0.8)
    )
    assert decoding(decoder).decode_in_any_language("en") == ("zh", decoded("打开客厅的灯"))


def test_a_language_is_noticed_by_its_letters_even_when_whisper_is_sure_in_another():
    english = Scripted({("zh", FLOOR): decoded("turn on the light")}, ("en", 0.9))
    assert decoding(english).decode_in_any_language("zh") == ("en", decoded("fine"))
    chinese = Scripted({("de", FLOOR): decoded("每一天都要快乐!")}, ("zh", 0.9))
    assert decoding(chinese).decode_in_any_language("de") == ("zh", decoded("fine"))


@pytest.mark.parametrize(("probability", "told_against_it"), [(SURE, 1.0), (UNSURE, UNSURE)])
def test_what_came_of_a_wrong_language_says_nothing_against_words_that_are_sure(probability, told_against_it):
    unsure, found = decoded("Como tú sabes", UNSURE), decoded("As you know", probability)
    decoder = Scripted({("es", DRAFT): unsure, ("es", FLOOR): unsure, ("en", FLOOR): found}, detected=("en", 0.9))
    decodes = decoding(decoder, effort=DRAFTING)
    assert decodes.decode_in_any_language("es") == ("en", found)
    assert decodes.rejected_confidence == told_against_it


def test_a_guess_at_the_language_is_not_believed():
    decoder = Scripted({("en", FLOOR): decoded("cancel all tires", UNSURE)}, ("de", 0.23))
    language, found = decoding(decoder).decode_in_any_language("en")
    assert (language, found.text) == ("en", "cancel all tires")
    assert ("de", FLOOR) not in decoder.calls


def test_chinese_is_asked_for_in_simplified_characters_and_nothing_else_is():
    decoder = Scripted()
    decoding(decoder, prompt="Juniper").decode_in_language("zh")
    decoding(decoder, prompt="Juniper").decode_in_language("en")
    decoding(decoder).decode_in_language("en")
    assert decoder.prompts == [f"{CHINESE_PROMPT}Juniper", "Juniper", ""]


def test_a_loop_cannot_go_on_for_longer_than_anybody_could_speak():
    decoder = Scripted()
    decoding(decoder, seconds=1).decode_in_language("en")
    assert decoder.most_tokens < 40


def test_another_decode_hears_a_little_less_in_a_wider_context():
    decoder = Scripted({("en", FLOOR): decoded("out in view", UNSURE)})
    decodes = decoding(decoder)
    decodes.decode_in_language("en")
    assert decodes.second_opinion("en").text == "fine"
    (_, first), (_, second) = decoder.calls
    assert first < second
    assert 0 < decoder.lengths[0] - decoder.lengths[1] < CLOCK_HZ // 4


def test_next_to_no_sound_is_left_whole():
    decoder = Scripted()
    decodes = decoding(decoder, seconds=0.3)
    decodes.decode_in_language("en")
    decodes.second_opinion("en")
    assert decoder.lengths[0] == decoder.lengths[1]


def test_another_decode_never_wants_more_than_the_whole_window():
    decoder = Scripted()
    decoding(decoder, seconds=29).second_opinion("en")
    assert decoder.calls == [("en", FULL_CONTEXT)]


def test_a_draft_that_was_not_taken_is_another_decode_for_nothing():
    draft = decoded("turn on the lies", UNSURE)
    decoder = Scripted({("en", DRAFT): draft})
    decodes = decoding(decoder, effort=DRAFTING)
    decodes.decode_in_language("en")
    assert decodes.second_opinion("en") is draft
    assert len(decoder.calls) == 2


def test_a_draft_in_another_language_says_nothing():
    unsure = decoded("the second half", UNSURE)
    decoder = Scripted({("en", DRAFT): unsure, ("en", FLOOR): unsure}, detected=("cy", 0.9))
    decodes = decoding(decoder, effort=DRAFTING)
    decodes.decode_in_any_language("en")
    assert decodes.second_opinion("cy") == decoded("fine")
