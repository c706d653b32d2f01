"""How an utterance is decoded: in which context and language, and when a second time.

Whisper encodes windows of 30 s, and a short utterance costs as much as a long one unless the encoder context is cut
(``audio_ctx``). If it is too small, the decoder misses the end and repeats the sentence. In the smallest context
timestamps prevent that: whisper.cpp stops when one of them reaches the end of the audio. A decode that loops is
repeated with a wider context.

A quick draft with little more context than the utterance comes first, and counts if its tokens are likely enough.

Words of low probability may be invented. They are compared with another decode: the rejected draft, or one of a wider
context and slightly trimmed audio.

Detecting the language takes another encoder pass. So the last language is tried first, and another one is detected
only if whisper is unsure in it or loops.

See docs/measurements/speech-recognition.md.
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
"""Contexts are multiples of this. Flash attention, whisper.cpp's default, covers the next multiple of 256 positions;
beyond another context it would read what the previous decode left there (whisper.cpp's pull request 3941)."""

WIDER_CONTEXTS = (768, 1024, 1280)
"""Contexts to try in turn when a decode loops, if wider. The whole window is not a multiple of ``_STEP``."""

_SMALLEST = 256
"""The smallest context, for drafts and single sentences, and the only one with timestamps: in longer audio one that
goes back makes whisper.cpp drop all that follows it."""

_POSITIONS_PER_SECOND = 50
_MARGIN = 64
"""Positions beyond the end of the audio."""

_PAD = np.zeros(to_samples(300), dtype=np.float32)
"""Silence after the utterance: its last word must not end with the audio."""

_LONGEST = to_samples(29_000)

_OTHER_ENDS = (to_samples(100), to_samples(50))
"""Samples that a second opinion leaves out at the beginning and at the end."""

_SURE = 0.7
"""Mean token probability from which a transcript is accepted as it is."""

_DETECTION_CONTEXT = 512
_DETECTED = 0.6
"""Context for detecting the language, and the probability from which the result is believed."""

_EAST_ASIAN = frozenset(("zh", "yue", "ja", "ko"))
"""Languages that the letters show, even if whisper is sure of its words in another language."""

_TOKENS_PER_SECOND = 12
_SPARE_TOKENS = 8
"""More than people say: fast English has 8 tokens per second, fast Chinese 10."""

CHINESE_PROMPT = "以下是普通话的句子。"
"""Makes whisper write simplified characters ("the following are sentences in Mandarin")."""


@dataclass(frozen=True, slots=True)
class DecodeResult:
    """The result of one decode.

    Attributes:
        text: stripped.
        probabilities: of its tokens, 0 to 1, without timestamps.
        complete: whisper ended the text, or its timestamps reached the end of the audio; not the token limit.
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
        """Whether the decode was stopped, or repeats itself suspiciously."""
        return not self.complete or repetition.is_repetitive(self.text)

    @property
    def has_no_words(self) -> bool:
        """Whether there is nothing but tags such as ``[Music]``."""
        return not tokens.without_tags(self.text)

    def is_surer_than(self, other: "DecodeResult") -> bool:
        """Return whether this decode of the same audio has the likelier words. A loop is confident, and wrong."""
        if self.has_no_words or other.has_no_words or self.is_looping:
            return False
        return other.is_looping or self.confidence > other.confidence

    @property
    def is_sure(self) -> bool:
        """Whether another attempt will not improve it: the words are right, or there are none."""
        return self.has_no_words or (self.confidence >= _SURE and not self.is_looping)


@dataclass(frozen=True, slots=True)
class DraftOptions:
    """A quick first decode, and when it is good enough.

    Attributes:
        context: the smallest encoder context, in positions of 20 ms.
        min_confidence: mean token probability from which the draft is accepted.
        min_token_probability: the same for the least likely token: a garbled word hardly shows in the mean.
    """

    context: int
    min_confidence: float
    min_token_probability: float

    def accepts(self, draft: DecodeResult) -> bool:
        """Return whether ``draft`` is good enough."""
        likely = (
            draft.confidence >= self.min_confidence
            and min(draft.probabilities, default=0.0) >= self.min_token_probability
        )
        return likely and not (draft.has_no_words or draft.is_looping or repetition.is_only_repetition(draft.text))


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """How a model decodes best.

    Attributes:
        context: the smallest encoder context, in positions of 20 ms.
        beam_size: 1 for a greedy search.
        draft: the draft tried first; None for no draft.
    """

    context: int
    beam_size: int
    draft: DraftOptions | None = None


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """One call of the decoder.

    Attributes:
        context: positions of 20 ms that the encoder processes, at most 1500; later audio is ignored.
        beam_size: 1 for a greedy search.
        language: two letters.
        prompt: text that whisper treats as preceding; empty for none.
        max_tokens: where the decode is stopped.
        timestamps: decode with timestamps; greedy search only.
    """

    context: int
    beam_size: int
    language: str
    prompt: str
    max_tokens: int
    timestamps: bool = False


class Decoder(Protocol):
    """The decoder of whisper.cpp. Both methods block, and raise ``whisper_cpp.DecodeCancelledError``."""

    def decode(self, pcm: Pcm, request: DecodeRequest, cancellation: Cancellation) -> DecodeResult:
        """Decode ``pcm`` once."""
        ...

    def detect_language(self, pcm: Pcm, context: int, cancellation: Cancellation) -> tuple[str, float]:
        """Return the language as two letters, and its probability."""
        ...


class UtteranceDecoder:
    """Decodes one utterance.

    Args:
        decoder: whisper.
        pcm: 16 kHz mono, at most 29 s.
        options: how the model decodes best.
        prompt: words that are likely to occur; empty for none.
        cancellation: passed on to the decoder.

    Raises:
        ValueError: the audio does not fit whisper's window, and its end would be ignored.
    """

    def __init__(
        self, decoder: Decoder, pcm: Pcm, options: DecodeOptions, prompt: str, cancellation: Cancellation
    ) -> None:
        if len(pcm) > _LONGEST:
            raise ValueError(f"{len(pcm) / CLOCK_HZ:.1f} s are too long for whisper: cut them into chunks")
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
        """Decode in one quick pass, whatever the result."""
        return self._decode(language, self._interim_context, beams=1)

    def decode_in_language(self, language: str) -> DecodeResult:
        """Decode in a known language."""
        return self._confirm(self._first(language), language)

    def decode_in_any_language(self, likely: str) -> tuple[str, DecodeResult]:
        """Decode in ``likely`` if that goes well, else in the detected language; return the language too."""
        first = self._first(likely)
        if first.has_no_words or (first.is_sure and _in_letters_of(likely, first.text)):
            return likely, first
        detected, probability = self._decoder.detect_language(self._padded, _DETECTION_CONTEXT, self._cancellation)
        if detected == likely or probability < _DETECTED:
            return likely, self._confirm(first, likely)
        better = self._confirm(
            self._decode(detected, self._context), detected
        )  # a wrong language is no case for a draft
        if better.is_sure:  # a decode in a wrong language is no second opinion
            self._rejected = None
        return detected, better

    @property
    def rejected_confidence(self) -> float:
        """The confidence of the rejected decode, usually the draft; 1 if there is none."""
        return self._rejected[1].confidence if self._rejected else 1.0

    def second_opinion(self, language: str, first_is_sure: bool = False) -> DecodeResult:
        """Return another decode to compare with: the rejected one, or a new one of slightly different audio.

        Two unsure greedy decodes of exactly the same audio are too similar to tell words from noise.

        Args:
            language: two letters.
            first_is_sure: the decode that it is compared with is sure.
        """
        if (
            self._rejected is not None
            and self._rejected[0] == language
            and (first_is_sure or self._options.beam_size > 1)
        ):
            return self._rejected[1]
        begin, end = _OTHER_ENDS if len(self._pcm) > 4 * sum(_OTHER_ENDS) else (0, 0)
        trimmed = np.concatenate([self._pcm[begin : len(self._pcm) - end], _PAD])
        return self._decode(language, _whole_steps(self._context + 1), beams=1, pcm=trimmed)

    def _first(self, language: str) -> DecodeResult:
        """Return the draft if it is good enough, else the full decode, or with a beam search the surer of both.

        Where a beam search goes astray a greedy search often does not. (Of two greedy ones, the wider was right more
        often.) East Asian languages get no draft: few are accepted there, and one was sure of half a sentence.
        """
        draft = None
        quicker = self._draft_context < self._context or self._options.beam_size > 1
        if self._options.draft and quicker and language not in _EAST_ASIAN:
            draft = self._decode(language, self._draft_context, beams=1)
            if self._options.draft.accepts(draft):
                return draft
        best = self._decode(language, self._context)
        if draft is None or not draft.text:  # an empty draft comes from meaningless timestamps
            return best
        better = self._options.beam_size > 1 and draft.is_surer_than(best)
        surer, other = (draft, best) if better else (best, draft)
        self._rejected = language, other
        return surer

    def _confirm(self, first: DecodeResult, language: str) -> DecodeResult:
        """Return ``first``, or if that looped a decode in a wider context."""
        best = first
        for context in (wider for wider in WIDER_CONTEXTS if wider > self._context):
            if best.has_no_words or not best.is_looping:
                break
            before, best = best, self._decode(language, context)
            if best.text == before.text:  # people do repeat themselves
                break
        return best

    def _decode(self, language: str, context: int, beams: int = 0, pcm: Pcm | None = None) -> DecodeResult:
        prompt = f"{CHINESE_PROMPT}{self._prompt}" if language == "zh" else self._prompt
        beams = beams or self._options.beam_size
        timed = beams == 1 and context <= _SMALLEST
        request = DecodeRequest(context, beams, language, prompt, self._max_tokens, timed)
        return self._decoder.decode(self._padded if pcm is None else pcm, request, self._cancellation)


def _whole_steps(context: int) -> int:
    """Return the context, rounded up to one that the attention can be confined to."""
    return min(FULL_CONTEXT, _STEP * math.ceil(context / _STEP))


def _in_letters_of(language: str, text: str) -> bool:
    return (language in _EAST_ASIAN) == bool(tokens.EAST_ASIAN_LETTER.search(tokens.without_tags(text)))
