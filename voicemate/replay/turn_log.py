"""Turn by turn: when the floor took a turn to be over, how long the gap was, and whether the person was done."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from voicemate.core.pcm import to_ms, to_samples
from voicemate.turns.messages import (
    CommitTurn,
    DiscardGeneration,
    FloorAction,
    FloorInput,
    ReplyAudible,
    ReplySilent,
    RetractReply,
    StopPlayback,
)

FALSE_CUT_IN_SAMPLES = to_samples(1_500)
"""A person who goes on so soon after the reply's first sample was not done: the reply cut in."""


@dataclass(frozen=True, slots=True)
class LoggedTurn:
    """A turn that the floor took to be over.

    Attributes:
        number: of the preparation that was committed.
        began, ended: first and last sample of the person's speech.
        decided: clock position of the decision.
        reason: the floor's own words; two turns may be the same for different reasons.
        audible: the first sample of the reply; None when nothing was heard.
        silent: where the reply was over; None when nothing was heard, or the person took the floor back.
        forgotten: the floor itself took the reply back, because the person went on.
    """

    generation_id: int
    began: int
    ended: int
    decided_at: int
    reason: str = field(compare=False)
    audible_at: int | None = None
    silent_at: int | None = None
    retracted: bool = False

    @property
    def wait_ms(self) -> float:
        """Last sample of the person's speech to the decision."""
        return to_ms(self.decided_at - self.ended)

    @property
    def gap_ms(self) -> float | None:
        """Last sample of the person's speech to the first of the reply."""
        return None if self.audible_at is None else to_ms(self.audible_at - self.ended)

    @property
    def typed(self) -> bool:
        return self.began == self.ended

    def is_false_cut_in(self, onsets: Sequence[int]) -> bool:
        """Whether the person was not done.

        They were not when they went on before ``CUT_IN`` of the reply had been heard; after a shorter reply they
        answer it.

        Args:
            onsets: where the person's voice began or went on, sorted.
        """
        if self.audible_at is None or self.retracted:
            return self.retracted
        following = bisect_right(onsets, self.ended)
        until = (
            self.audible_at + FALSE_CUT_IN_SAMPLES
            if self.silent_at is None
            else min(self.silent_at, self.audible_at + FALSE_CUT_IN_SAMPLES)
        )
        return following < len(onsets) and onsets[following] <= until


class TurnLog:
    """Gathers turns from what the floor is given and what it answers.

    Attributes:
        taken: the turns so far. One that was taken back before anybody heard a reply is no turn.
    """

    def __init__(self) -> None:
        self.turns: list[LoggedTurn] = []
        self._open = False  # the latest is committed, and no reply to it is audible yet
        self._speaking = False  # the reply to the latest is audible

    def on_step(self, got: FloorInput, acts: Iterable[FloorAction]) -> None:
        match got:
            case ReplyAudible() if self._open:
                self.turns[-1] = replace(self.turns[-1], audible_at=got.at)
                self._open, self._speaking = False, True
            case ReplySilent() if self._speaking:
                self.turns[-1] = replace(self.turns[-1], silent_at=got.at)
                self._speaking = False
        for act in acts:
            match act:
                case CommitTurn():
                    self.turns.append(LoggedTurn(act.generation_id, act.began, act.ended, got.at, act.reason))
                    self._open, self._speaking = True, False
                case DiscardGeneration(number) if self._open and self.turns[-1].generation_id == number:
                    self.turns.pop()
                    self._open = False
                case RetractReply() if self._speaking:
                    self.turns[-1] = replace(self.turns[-1], retracted=True)
                    self._speaking = False
                case StopPlayback() if self._speaking:
                    self._speaking = False


@dataclass(frozen=True, slots=True)
class TurnPair:
    """The same turn then and now; None where there was none."""

    recorded: LoggedTurn | None
    replayed: LoggedTurn | None


def pair_turns(then: Sequence[LoggedTurn], now: Sequence[LoggedTurn]) -> list[TurnPair]:
    """Turns that share some of the person's speech, in the order of the conversation.

    Where one turn became two, or two became one, the first ones are a pair and the others stand alone.
    """
    pairs: list[TurnPair] = []
    rest = list(now)
    for turn in then:
        while rest and rest[0].ended < turn.began:
            pairs.append(TurnPair(None, rest.pop(0)))
        same = bool(rest) and rest[0].began <= turn.ended
        pairs.append(TurnPair(turn, rest.pop(0) if same else None))
    return pairs + [TurnPair(None, turn) for turn in rest]
