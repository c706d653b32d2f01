"""Is the turn over? How long a silence must be, by all that is known about it, and why.

A pure rule: the same votes always ask for the same wait. Every vote may be missing and then says nothing.
docs/turn-taking.md explains it in ten lines and shows what each vote earns.
"""

from dataclasses import dataclass
from math import exp

from voicemate.config import EndpointSettings
from voicemate.conversation.pause_habit import PauseHabit


@dataclass(frozen=True, slots=True)
class Votes:
    """What speaks for and against the end of a turn; None where it is not known.

    Attributes:
        breaks_off: the words stop at a connective, an article, a filler or a comma.
        closing_mark: whisper heard a question or an exclamation at their end.
        sentence: how probable it is that the words are a whole message, by the persona's language model, 0 to 1.
        voice: how probable it is that the turn is over, by the sound of the voice alone, 0 to 1.
        asked: the character had just asked something, and this is the answer.
        thinking_aloud: the words ask for a moment ("let me think").
        habit: how this person has paused so far.
    """

    breaks_off: bool | None = None
    closing_mark: bool | None = None
    sentence: float | None = None
    voice: float | None = None
    asked: bool | None = None
    thinking_aloud: bool | None = None
    habit: PauseHabit | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """The silence that ends the turn.

    Attributes:
        ms: from the person's last sample on.
        why: in words, for the view and the trace.
    """

    ms: int
    why: str


class EndpointRule:
    """Weighs the votes.

    Args:
        settings: the shortest and the longest wait, and the person's patience.
    """

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings

    def wait(self, votes: Votes, patience: float = 1.0) -> Wait:
        """How long the silence must be for the turn to be over.

        Args:
            patience: a factor on the wait that the person asked for ("take your time"), beside the one they set.
        """
        ms, reason = self._asked_for(votes)
        ms = round(ms * patience * self._settings.patience)
        return Wait(ms, f"{ms} ms: {reason}")

    def _asked_for(self, votes: Votes) -> tuple[float, str]:
        settings = self._settings
        if votes.thinking_aloud:
            return settings.thinking_aloud_ms, "you asked for a moment"
        if votes.breaks_off:
            return settings.hold_on_ms, "the words break off"
        over = _probability(votes)
        ms = settings.longest_ms - (settings.longest_ms - settings.shortest_ms) * over
        usual = votes.habit.typical_ms if votes.habit else 0.0
        if usual > ms:
            return min(usual, settings.longest_ms), "you often pause this long"
        return ms, "the sentence sounds whole" if over > 0.5 else "the sentence sounds open"


def _probability(votes: Votes) -> float:
    """That the turn is over, by a logistic model of the graded votes."""
    score = 0.0
    if votes.sentence is not None:
        score += 4 * (votes.sentence - 0.5)
    if votes.voice is not None:
        score += 4 * (votes.voice - 0.5)
    if votes.closing_mark:
        score += 1.0
    if votes.asked:
        score += 0.5
    return 1 / (1 + exp(-score))
