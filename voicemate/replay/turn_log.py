"""Logs each turn: when the floor decided that it was over, the gap, and whether it was a false cut-in."""

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
"""When a person goes on within this time after the reply's first sample, the reply was a false cut-in (samples)."""


@dataclass(frozen=True, slots=True)
class LoggedTurn:
    """A turn that the floor decided was over. Positions are clock samples.

    Attributes:
        generation_id: of the generation that was committed.
        began, ended: first and last sample of the person's speech.
        decided_at: when the floor decided.
        reason: the floor's; equal turns may have different reasons.
        audible_at: first sample of the reply; None if it was not audible.
        silent_at: end of the reply; None if it was not audible, or was interrupted.
        retracted: the floor retracted the reply, because the person went on.
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
        """Time from the last sample of the person's speech to the decision (ms)."""
        return to_ms(self.decided_at - self.ended)

    @property
    def gap_ms(self) -> float | None:
        """Time from the last sample of the person's speech to the first of the reply (ms)."""
        return None if self.audible_at is None else to_ms(self.audible_at - self.ended)

    @property
    def typed(self) -> bool:
        """Whether the turn was typed."""
        return self.began == self.ended

    def is_false_cut_in(self, onsets: Sequence[int]) -> bool:
        """Return whether the person went on within ``FALSE_CUT_IN_SAMPLES`` of the reply, and before its end.

        Args:
            onsets: clock positions at which the person's voice began or resumed, sorted.
        """
        if self.audible_at is None or self.retracted:
            return self.retracted
        following = bisect_right(onsets, self.ended)
        until = self.audible_at + FALSE_CUT_IN_SAMPLES
        if self.silent_at is not None:
            until = min(until, self.silent_at)
        return following < len(onsets) and onsets[following] <= until


class TurnLog:
    """Collects turns from the floor's inputs and actions.

    Attributes:
        turns: the turns so far, without those that were discarded before a reply was audible.
    """

    def __init__(self) -> None:
        self.turns: list[LoggedTurn] = []
        self._open = False  # the latest is committed, and no reply to it is audible yet
        self._speaking = False  # the reply to the latest is audible

    def on_step(self, message: FloorInput, actions: Iterable[FloorAction]) -> None:
        """Take one input of the floor and the actions that it returned."""
        if isinstance(message, ReplyAudible) and self._open:
            self.turns[-1] = replace(self.turns[-1], audible_at=message.at)
            self._open, self._speaking = False, True
        elif isinstance(message, ReplySilent) and self._speaking:
            self.turns[-1] = replace(self.turns[-1], silent_at=message.at)
            self._speaking = False
        for action in actions:
            match action:
                case CommitTurn(generation_id, began, ended, reason):
                    self.turns.append(LoggedTurn(generation_id, began, ended, message.at, reason))
                    self._open, self._speaking = True, False
                case DiscardGeneration(generation_id) if self._open and self.turns[-1].generation_id == generation_id:
                    self.turns.pop()
                    self._open = False
                case RetractReply() if self._speaking:
                    self.turns[-1] = replace(self.turns[-1], retracted=True)
                    self._speaking = False
                case StopPlayback() if self._speaking:
                    self._speaking = False
                case _:
                    pass


@dataclass(frozen=True, slots=True)
class TurnPair:
    """The same turn in both conversations; None where it is missing."""

    recorded: LoggedTurn | None
    replayed: LoggedTurn | None


def pair_turns(recorded: Sequence[LoggedTurn], replayed: Sequence[LoggedTurn]) -> list[TurnPair]:
    """Pair the turns that share some of the person's speech, in the order of the conversation.

    If one turn became two, or two became one, the first ones are a pair, and the others have no partner.
    """
    pairs: list[TurnPair] = []
    rest = list(replayed)
    for turn in recorded:
        while rest and rest[0].ended < turn.began:
            pairs.append(TurnPair(None, rest.pop(0)))
        same = bool(rest) and rest[0].began <= turn.ended
        pairs.append(TurnPair(turn, rest.pop(0) if same else None))
    return pairs + [TurnPair(None, turn) for turn in rest]
