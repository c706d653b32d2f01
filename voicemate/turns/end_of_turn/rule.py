"""Is the turn over? How long a silence must be, by all that is known about it, and why.

A pure rule: the same votes always ask for the same wait. Every vote may be missing and then says nothing.
docs/explanation/turn-taking.md explains it in twelve lines and shows what each vote earns.
"""

from dataclasses import dataclass
from math import log2

from voicemate.config.schema import TurnSettings
from voicemate.turns.end_of_turn.pause_model import PauseModel


@dataclass(frozen=True, slots=True)
class EndOfTurnSignals:
    """What speaks for and against the end of a turn; None where it is not known.

    Attributes:
        breaks_off: the words stop at a connective, an article, a filler or a comma.
        only_calls: the words are a greeting or announce something ("excuse me"), and no more.
        only_a_condition: the last sentence is "if it rains" or its like, and no more.
        sentence: how probable it is that the words are a whole message, by the persona's language model, 0 to 1. Only
            of a model that knows their language.
        voice: how probable it is that the turn is over, by the sound of the voice alone, 0 to 1.
        thinking_aloud: the words ask for a moment ("let me think").
        habit: how this person has paused so far.
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
        ms: from the person's last sample on.
        why: in words, for the view and the trace.
    """

    ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class EndOfTurnWeights:
    """How much the graded votes count: chosen in round numbers by ``benchmarks/endpoint.py``.

    Attributes:
        sure: a sentence that is whole with this probability or more sounds finished.
        unsure: with this or less it may be whole or not. Between the two the wait grows.
        open: below this probability a sentence sounds open. Of 36 clear ends of recordings four are below, to
            SmolLM2-135M as words alone, and 42 of 46 pauses inside a sentence.
        open_ms: added for each halving below that.
        call_ms: added when the words only call.
        condition_ms: added when the words are a condition without what follows from it.
        voice_ms: added when the voice surely goes on; in proportion when it may.
        habit: this many times the person's typical pause is waited for.
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
"""Probabilities below this are all the same: the words are open."""


class EndOfTurnRule:
    """Weighs the votes.

    Args:
        settings: the waits, and the person's patience; what is not settled (``Settings.settled``) is as for quick
            ears.
        weights: others than the measured ones, for measuring.
    """

    def __init__(self, settings: TurnSettings, weights: EndOfTurnWeights = DEFAULT_WEIGHTS) -> None:
        self._settings = settings
        self._weights = weights

    def delay(self, signals: EndOfTurnSignals, patience: float = 1.0) -> EndpointDelay:
        """How long the silence must be for the turn to be over.

        Args:
            patience: a factor on the wait that the person asked for ("take your time"), beside the one they set.
        """
        ms, reason = self._base_delay(signals)
        ms = round(ms * patience * self._settings.patience)
        return EndpointDelay(ms, f"{ms} ms: {reason}")

    def _base_delay(self, votes: EndOfTurnSignals) -> tuple[float, str]:
        settings = self._settings
        if votes.thinking_aloud:
            return settings.thinking_aloud_ms, "you asked for a moment"
        if votes.breaks_off:
            return settings.broken_off_ms, "the words break off"
        ms, reason = self._by_the_sentence(votes)
        usual = self._weights.habit * votes.pause_model.typical_ms if votes.pause_model else 0.0
        if usual > ms:
            ms, reason = usual, "you have paused this long before"
        return min(ms, max(settings.longest_ms, settings.shortest_ms)), reason

    def _by_the_sentence(self, votes: EndOfTurnSignals) -> tuple[float, str]:
        weights = self._weights
        doubts = {
            "the voice sounds open": 0.0
            if votes.voice_complete is None
            else weights.voice_ms * (1 - votes.voice_complete),
            "the words only call": weights.opener_ms if votes.only_opener else 0.0,
            "the words are half of a sentence": weights.condition_ms if votes.only_condition else 0.0,
        }
        if votes.sentence_complete is None:
            base, reason = self._settings.silence_ms, "the words are not judged"
        else:
            base, reason = self._settings.shortest_ms, "the sentence sounds whole"
            doubts["the sentence sounds open"] = self._openness(votes.sentence_complete)
        strongest = max(doubts, key=doubts.__getitem__)
        return base + sum(doubts.values()), strongest if doubts[strongest] >= 100 else reason

    def _openness(self, sentence: float) -> float:
        """Milliseconds for a sentence that is whole with this probability."""
        weights, sentence = self._weights, max(sentence, _LEAST)
        most = max(0, self._settings.unsure_ms - self._settings.shortest_ms)
        unsure = log2(weights.sure / sentence) / log2(weights.sure / weights.unsure)
        return most * min(1.0, max(0.0, unsure)) + weights.open_ms * max(0.0, log2(weights.open / sentence))
