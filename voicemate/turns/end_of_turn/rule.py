"""The silence that ends a turn, from all signals about it, and the reason.

A pure rule: the same signals always give the same delay. Any signal may be missing.
docs/explanation/turn-taking.md explains it and shows what each signal contributes.
"""

from dataclasses import dataclass
from math import log2

from voicemate.config.schema import TurnSettings
from voicemate.turns.end_of_turn.pause_model import PauseModel


@dataclass(frozen=True, slots=True)
class EndOfTurnSignals:
    """Evidence for and against the end of a turn; None where unknown.

    Attributes:
        breaks_off: the words stop at a connective, an article, a filler or a comma.
        only_opener: the words are only a greeting or an announcement ("excuse me").
        only_condition: the last sentence is only a condition ("if it rains").
        sentence_complete: probability that the words are a complete message, by the persona's language model, 0 to 1;
            only from a model that knows their language.
        voice_complete: probability that the turn is over, by the sound of the voice alone, 0 to 1.
        thinking_aloud: the words ask for a moment ("let me think").
        pause_model: how this person has paused so far.
    """

    breaks_off: bool | None = None
    only_opener: bool | None = None
    only_condition: bool | None = None
    sentence_complete: float | None = None
    voice_complete: float | None = None
    thinking_aloud: bool | None = None
    pause_model: PauseModel | None = None


@dataclass(frozen=True, slots=True)
class EndpointDelay:
    """The silence that ends the turn.

    Attributes:
        ms: counted from the person's last sample.
        reason: in words, for the live view and the trace.
    """

    ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class EndOfTurnWeights:
    """How much the graded signals count: round numbers chosen with ``benchmarks/endpoint.py``.

    Attributes:
        sure: from this probability of a complete sentence on, it counts as finished.
        unsure: up to this probability it may be complete or not; between the two the delay grows.
        open: below this probability a sentence counts as unfinished. See docs/measurements/end-of-turn.md.
        open_ms: added for each halving below that.
        opener_ms: added when the words are only an opener.
        condition_ms: added when the words are only a condition.
        voice_ms: added when the voice surely continues; proportionally when it may.
        habit: multiple of the person's typical pause to wait for.
    """

    sure: float = 0.4
    unsure: float = 0.35
    open: float = 0.25
    open_ms: float = 1_200.0
    opener_ms: float = 700.0
    condition_ms: float = 300.0
    voice_ms: float = 300.0
    habit: float = 1.2


DEFAULT_WEIGHTS = EndOfTurnWeights()

_LEAST = 1e-4
"""Lower probabilities count as this."""


class EndOfTurnRule:
    """Weighs the signals.

    Args:
        settings: the delays, and the person's patience; unset delays are those for a fast speech recognizer.
        weights: other weights, for measurements.
    """

    def __init__(self, settings: TurnSettings, weights: EndOfTurnWeights = DEFAULT_WEIGHTS) -> None:
        self._settings = settings
        self._weights = weights

    def delay(self, signals: EndOfTurnSignals, patience: float = 1.0) -> EndpointDelay:
        """Return the silence that ends the turn.

        Args:
            signals: the evidence.
            patience: a factor that the person asked for ("take your time"), besides the configured one.
        """
        ms, reason = self._base_delay(signals)
        ms = round(ms * patience * self._settings.patience)
        return EndpointDelay(ms, f"{ms} ms: {reason}")

    def _base_delay(self, signals: EndOfTurnSignals) -> tuple[float, str]:
        settings = self._settings
        if signals.thinking_aloud:
            return settings.thinking_aloud_ms, "you asked for a moment"
        if signals.breaks_off:
            return settings.broken_off_ms, "the words break off"
        ms, reason = self._by_the_sentence(signals)
        usual = self._weights.habit * signals.pause_model.typical_ms if signals.pause_model else 0.0
        if usual > ms:
            ms, reason = usual, "you have paused this long before"
        return min(ms, max(settings.longest_ms, settings.shortest_ms)), reason

    def _by_the_sentence(self, signals: EndOfTurnSignals) -> tuple[float, str]:
        weights = self._weights
        doubts = {
            "the voice sounds open": 0.0
            if signals.voice_complete is None
            else weights.voice_ms * (1 - signals.voice_complete),
            "the words only call": weights.opener_ms if signals.only_opener else 0.0,
            "the words are half of a sentence": weights.condition_ms if signals.only_condition else 0.0,
        }
        if signals.sentence_complete is None:
            base, reason = self._settings.silence_ms, "the words are not judged"
        else:
            base, reason = self._settings.shortest_ms, "the sentence sounds whole"
            doubts["the sentence sounds open"] = self._openness(signals.sentence_complete)
        strongest = max(doubts, key=doubts.__getitem__)
        return base + sum(doubts.values()), strongest if doubts[strongest] >= 100 else reason

    def _openness(self, sentence: float) -> float:
        """Return the delay in ms for a sentence of this probability to be complete."""
        weights, sentence = self._weights, max(sentence, _LEAST)
        most = max(0, self._settings.unsure_ms - self._settings.shortest_ms)
        unsure = log2(weights.sure / sentence) / log2(weights.sure / weights.unsure)
        return most * min(1.0, max(0.0, unsure)) + weights.open_ms * max(0.0, log2(weights.open / sentence))
