"""How one utterance is decoded: with which context, in which language, and when once more.

Whisper hears windows of 30 s, and a short utterance costs as much as a long one unless the encoder is told to look
at less (``audio_ctx``). At too small a context the decoder no longer finds the end and says the sentence again and
again. In the smallest one whisper's own timestamps tell it: whisper.cpp stops where one of them reaches the end of
the sound. What loops all the same is done once more with a wider one.

A quick draft with hardly more context than the utterance has comes first, and is taken when its tokens are likely
enough for the model: the less its best would gain, the less it asks for.

Words that whisper is unsure of may be made up. So they are compared with what another decode makes of the sound:
the draft that was not taken, or one in a wider context and with a little less of the sound's ends.

To detect the language is another pass of the encoder. But in a wrong language whisper is unsure, or loops, or is
right all the same; so the language heard last is taken first, and another is looked for only then.

``docs/measurements/speech-recognition.md`` has the measurements behind both.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from voicemate.core.pcm import CLOCK_HZ, Pcm, to_samples
from voicemate.core.worker_thread import Cancellation
from voicemate.stt import repetition, tokens

FULL_CONTEXT = 1500
"""Positions of the encoder's whole window of 30 s."""

_STEP = 256
"""Contexts are multiples of this. With flash attention, whisper.cpp's default, the attention goes over the next
multiple of 256 positions whatever the context is, and what is in those beyond it counts in full: what the decode
before left there (whisper.cpp's pull request 3941). The same sound then gave other words after other sounds."""

WIDER_CONTEXTS = (768, 1024, 1280)
"""What is tried one after the other when a decode loops, as far as it is wider than what looped. Not the whole
window, which is no multiple of ``_STEP``: what came of it was by chance."""

_SMALLEST = 256
"""The smallest context, and the only one that is decoded with timestamps. What fits into it is a sentence; where
there are more, a timestamp that goes back makes whisper.cpp drop all that follows it. A guess at what was said so far
needs no more: the next one corrects it, and whoever pauses meanwhile waits for its encoder."""

_POSITIONS_PER_SECOND = 50
_MARGIN = 64
"""Positions beyond the end of the sound."""

_PAD = np.zeros(to_samples(300), dtype=np.float32)
"""Silence behind the utterance, so that its last word does not end with the sound."""

_LONGEST = to_samples(29_000)

_OTHER_ENDS = (to_samples(100), to_samples(50))
"""What it leaves out of the beginning (of the silence before the voice) and of the end."""

_SURE = 0.7
"""Mean probability of the tokens from which a transcript is taken as it is."""

_DETECTION_CONTEXT = 512
_DETECTED = 0.6
"""Context to detect the language with, and the probability from which the language is believed."""

_EAST_ASIAN = frozenset(("zh", "yue", "ja", "ko"))
"""A language shows in its letters, even where whisper, told another, is sure of every word."""

_TOKENS_PER_SECOND = 12
_SPARE_TOKENS = 8
"""More than anybody says: fast English is about 8 tokens a second, fast Chinese about 10. What goes beyond is a loop,
and each of its tokens is waited for."""

CHINESE_PROMPT = "以下是普通话的句子。"
"""Without it ("the following are sentences in Mandarin") some Chinese comes in traditional characters."""


@dataclass(frozen=True, slots=True)
class DecodeResult:
    """What came of one decode.

    Attributes:
        text: stripped.
        probabilities: of its tokens, 0 to 1, timestamps left out.
        complete: whisper ended it by itself, or its timestamps reached the end of the sound; not the token limit.
    """

    text: str
    probabilities: tuple[float, ...]
    complete: bool

    @property
    def confidence(self) -> float:
        """Mean probability of the tokens; 0 without any."""
        return float(np.mean(self.probabilities)) if self.probabilities else 0.0

    @property
    def is_looping(self) -> bool:
        return not self.complete or repetition.is_repetitive(self.text)

    @property
    def has_no_words(self) -> bool:
        return not tokens.without_tags(self.text)

    def is_surer_than(self, other: "DecodeResult") -> bool:
        """Of two decodes of one sound, this has the likelier words. A loop is sure of itself, and wrong."""
        if self.has_no_words or other.has_no_words or self.is_looping:
            return False
        return other.is_looping or self.confidence > other.confidence

    @property
    def is_sure(self) -> bool:
        """Nothing better will come of another try: the words are right, or there are none."""
        return self.has_no_words or (self.confidence >= _SURE and not self.is_looping)


@dataclass(frozen=True, slots=True)
class DraftOptions:
    """A quick first try, and when it will do.

    Attributes:
        context: the smallest, in positions of 20 ms.
        mean: probability of its tokens, from which it is taken.
        least: probability of the least likely token: a garbled word shows in one, and hardly in the mean.
    """

    context: int
    min_confidence: float
    min_token_probability: float

    def accepts(self, draft: DecodeResult) -> bool:
        likely = (
            draft.confidence >= self.min_confidence
            and min(draft.probabilities, default=0.0) >= self.min_token_probability
        )
        return likely and not (draft.has_no_words or draft.is_looping or repetition.is_only_repetition(draft.text))


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """What a model is given to do its best.

    Attributes:
        context: the smallest, in positions of 20 ms.
        beams: of the beam search; 1 for a greedy one.
        draft: what is tried before; None for nothing.
    """

    context: int
    beam_size: int
    draft: DraftOptions | None = None


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """How to decode.

    Attributes:
        context: positions of 20 ms that the encoder looks at, 1500 at most; what goes beyond them is not heard.
        beams: of the beam search; 1 for a greedy one.
        language: two letters.
        prompt: text whisper believes to have come before; empty for none.
        most_tokens: where the decode is stopped.
        timed: with timestamps; only a greedy decode may have them.
    """

    context: int
    beam_size: int
    language: str
    prompt: str
    max_tokens: int
    timestamps: bool = False


class Decoder(Protocol):
    """What whisper.cpp can do; both block, and both raise ``whisper_cpp.Aborted`` when they are cancelled."""

    def decode(self, pcm: Pcm, request: DecodeRequest, cancellation: Cancellation) -> DecodeResult: ...

    def detect_language(self, pcm: Pcm, context: int, cancellation: Cancellation) -> tuple[str, float]: ...


class UtteranceDecoder:
    """Of one utterance.

    Args:
        decoder: whisper.
        pcm: 16 kHz mono, 29 s at most.
        effort: what the model needs.
        prompt: words that are likely to come; empty for none.
        cancellation: passed on to the decoder.

    Raises:
        ValueError: the sound does not fit whisper's window, and its end would not be heard.
    """

    def __init__(
        self, decoder: Decoder, pcm: Pcm, options: DecodeOptions, prompt: str, cancellation: Cancellation
    ) -> None:
        if len(pcm) > _LONGEST:
            raise ValueError(f"{len(pcm) / CLOCK_HZ:.1f} s are too long for whisper: cut them in pieces")
        self._decoder = decoder
        self._pcm = pcm
        self._padded = np.concatenate([pcm, _PAD])
        seconds = len(self._padded) / CLOCK_HZ
        holds_all = math.ceil(_POSITIONS_PER_SECOND * seconds) + _MARGIN
        self._options = options
        self._context = _whole_steps(max(options.context, holds_all))
        self._draft_context = _whole_steps(max(options.draft.context, holds_all)) if options.draft else self._context
        self._interim_context = min(self._context, _whole_steps(max(_SMALLEST, holds_all)))
        self._max_tokens = _SPARE_TOKENS + math.ceil(_TOKENS_PER_SECOND * seconds)
        self._prompt = prompt
        self._cancellation = cancellation
        self._rejected: tuple[str, DecodeResult] | None = None

    def draft(self, language: str) -> DecodeResult:
        """In one quick try, whatever comes of it."""
        return self._decode(language, self._interim_context, beams=1)

    def decode_in_language(self, language: str) -> DecodeResult:
        """In a language that is known."""
        return self._confirm(self._first(language), language)

    def decode_in_any_language(self, likely: str) -> tuple[str, DecodeResult]:
        """In ``likely`` when that goes well, else in the language it is detected to be; with that language."""
        first = self._first(likely)
        if first.has_no_words or (first.is_sure and _in_letters_of(likely, first.text)):
            return likely, first
        detected, probability = self._decoder.detect_language(self._padded, _DETECTION_CONTEXT, self._cancellation)
        if detected == likely or probability < _DETECTED:
            return likely, self._confirm(first, likely)
        better = self._confirm(self._decode(detected, self._context), detected)  # nothing here is easy
        if better.is_sure:  # what came of a wrong language says nothing against it
            self._rejected = None
        return detected, better

    @property
    def rejected_confidence(self) -> float:
        """The confidence of the decode that was not taken, mostly the draft; 1 where there is none."""
        return self._rejected[1].confidence if self._rejected else 1.0

    def second_opinion(self, language: str, first_is_sure: bool = False) -> DecodeResult:
        """What is heard in another way, to compare: the decode that was not taken, or one of its own.

        Two greedy decodes of the very same sound are too much alike to tell words from noise, when both are unsure.

        Args:
            sure: the decode that it is compared with was.
        """
        if (
            self._rejected is not None
            and self._rejected[0] == language
            and (first_is_sure or self._options.beam_size > 1)
        ):
            return self._rejected[1]
        begin, end = _OTHER_ENDS if len(self._pcm) > 4 * sum(_OTHER_ENDS) else (0, 0)
        less = np.concatenate([self._pcm[begin : len(self._pcm) - end], _PAD])
        return self._decode(language, _whole_steps(self._context + 1), beams=1, sound=less)

    def _first(self, language: str) -> DecodeResult:
        """The draft, if that is good enough; else what the model's effort gives, or with beams the surer one of both:
        where beams go astray a greedy search often does not. (Of two greedy ones, the wider was right more often.)

        Chinese and the like get no draft: few are taken there, and one was sure of half a sentence.
        """
        draft = None
        quicker = self._draft_context < self._context or self._options.beam_size > 1
        if self._options.draft and quicker and language not in _EAST_ASIAN:
            draft = self._decode(language, self._draft_context, beams=1)
            if self._options.draft.accepts(draft):
                return draft
        best = self._decode(language, self._context)
        if draft is None or not draft.text:  # nothing at all is no opinion: it comes of timestamps without sense
            return best
        better = self._options.beam_size > 1 and draft.is_surer_than(best)
        surer, other = (draft, best) if better else (best, draft)
        self._rejected = language, other
        return surer

    def _confirm(self, first: DecodeResult, language: str) -> DecodeResult:
        """``first``, or if that looped what comes of a wider context, in the end of the whole window.

        To try again whatever whisper was merely unsure of was measured too: it saved 3 of 598 words with tiny.en
        and made one answer in four a second late (docs/measurements/speech-recognition.md).
        """
        best = first
        for context in (wider for wider in WIDER_CONTEXTS if wider > self._context):
            if best.has_no_words or not best.is_looping:
                break
            before, best = best, self._decode(language, context)
            if best.text == before.text:  # people do repeat themselves
                break
        return best

    def _decode(self, language: str, context: int, beams: int = 0, sound: Pcm | None = None) -> DecodeResult:
        prompt = f"{CHINESE_PROMPT}{self._prompt}" if language == "zh" else self._prompt
        beams = beams or self._options.beam_size
        timed = beams == 1 and context <= _SMALLEST
        request = DecodeRequest(context, beams, language, prompt, self._max_tokens, timed)
        return self._decoder.decode(self._padded if sound is None else sound, request, self._cancellation)


def _whole_steps(context: int) -> int:
    """The context, or the next larger one that the attention can be confined to."""
    return min(FULL_CONTEXT, _STEP * math.ceil(context / _STEP))


def _in_letters_of(language: str, text: str) -> bool:
    return (language in _EAST_ASIAN) == bool(tokens.EAST_ASIAN_LETTER.search(tokens.without_tags(text)))
