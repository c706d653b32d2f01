"""What would have happened with other settings: the real floor in a world built from a recording.

::

    recorded sound ─> ears ─> speech tracker ─> VoiceOn, VoiceOff, Tick ─┐
    keys and typed turns, when they were pressed and typed ──────────────┼─> floor ─> Prepare, Commit, RollBack ...
    words and votes, as long after Prepare as they took then ────────────┤              │
    Audible and Silent, as long after the decision as the reply took ────┘  <───────────┘

The person does what they did; whether they would have done something else is not known. Where the recording has no
answer, it is estimated: a pause that was not transcribed then is taken for words that nobody voted on, known as late
as is usual in this conversation.
"""

import heapq
from dataclasses import dataclass, replace
from itertools import count

from voicemate.config import Settings
from voicemate.conversation.floor_inputs import (
    Act,
    Audible,
    Commit,
    CutOff,
    Dismiss,
    EndSpeech,
    Forget,
    GoOn,
    Hold,
    Input,
    Interrupt,
    Judged,
    Prepare,
    Ready,
    RollBack,
    Silent,
    Tick,
    VoiceOff,
    VoiceOn,
)
from voicemate.conversation.session import Decider
from voicemate.hearing.speech_tracker import Paused, Resumed, SpeechTracker, Started
from voicemate.tape.past import Moment, Past, Preparation
from voicemate.tape.turns import Taken, TurnLog


@dataclass(frozen=True, slots=True)
class Outcome:
    """A conversation with other settings.

    Attributes:
        turns: as they would have been taken.
        estimated: numbers of the preparations at pauses that were not transcribed then.
    """

    turns: list[Taken]
    estimated: frozenset[int]


def outcome(past: Past, floor: Decider, settings: Settings) -> Outcome:
    """What ``floor`` would have made of it, with the ears as in ``settings``."""
    moments = past.heard if settings.vad == past.settings.vad else past.moments(settings.vad)
    world = World(past, floor, SpeechTracker(settings.vad))
    world.run(moments)
    return Outcome(world.log.taken, frozenset(world.estimated))


class World:
    """Everything around one floor. Pure but for its own state.

    Args:
        past: what is known.
        floor: fresh.
        tracker: fresh, with the settings to try.
    """

    def __init__(self, past: Past, floor: Decider, tracker: SpeechTracker):
        self.log = TurnLog()
        self.estimated: set[int] = set()
        self._past = past
        self._floor = floor
        self._tracker = tracker
        self._order = count()
        self._coming: list[tuple[int, int, Input]] = []
        self._prepared: dict[int, tuple[int, Preparation]] = {}  # by number: when, and after what example
        self._answering: int | None = None  # the preparation whose reply is about to be heard
        self._left: int | None = None  # of a reply that is held back
        for given in past.given:
            self._await(given.got, given.late)

    def run(self, moments: list[Moment]) -> None:
        """Live through the conversation."""
        for moment in moments:
            now = moment.ended
            while self._coming and self._coming[0][0] < now:
                self._step(heapq.heappop(self._coming)[2])
            match self._tracker.push(moment.at, now, moment.voice, moment.fallen_db):
                case Started(onset) | Resumed(_, onset):
                    self._step(VoiceOn(now, onset))
                case Paused(last):
                    self._step(VoiceOff(now, last))
            tick = self._past.ticks.get(now, Tick(now))
            self._step(replace(tick, voice=self._tracker.voice_on))

    def _await(self, coming: Input, late: int = 0) -> None:
        """It comes before the first tick after ``coming.at - late`` (see ``past.Given``)."""
        heapq.heappush(self._coming, (coming.at - late, next(self._order), coming))

    def _drop(self, number: int) -> None:
        """The engines answer nothing more about this preparation."""
        self._coming = [one for one in self._coming if getattr(one[2], "number", None) != number]
        heapq.heapify(self._coming)

    def _quiet(self) -> int | None:
        """The reply is not heard, or not heard any more; returns where it would have ended."""
        ends = [one[2].at for one in self._coming if isinstance(one[2], Silent)]
        self._coming = [one for one in self._coming if not isinstance(one[2], Audible | Silent)]
        heapq.heapify(self._coming)
        return min(ends, default=None)

    def _step(self, got: Input) -> None:
        acts = self._floor.step(got)
        self.log.feed(got, acts)
        for act in acts:
            self._carry_out(got, act)
        if isinstance(got, Audible):
            self._tracker.close()
            if self._answering is not None:
                _, example = self._prepared[self._answering]
                self._await(Silent(got.at + (example.length or self._past.usual_length)), example.silent_late)
                self._answering = None
        if isinstance(got, Interrupt):
            self._tracker.close()

    def _carry_out(self, got: Input, act: Act) -> None:
        match act:
            case Prepare():
                self._prepare(got.at, act)
            case Commit(number):
                at, example = self._prepared[number]
                self._answering = number
                audible = max(got.at, at + self._ready(example)) + self._lag(example)
                self._await(Audible(audible), example.audible_late)
            case RollBack(number):
                self._drop(number)
                if number == self._answering:
                    self._quiet()
                    self._answering = None
            case Dismiss(number):
                self._drop(number)
                self._tracker.close()
            case Hold():
                end = self._quiet()
                self._left = None if end is None else end - got.at
            case GoOn() if self._left is not None:
                self._await(Silent(got.at + self._left))
            case CutOff() | Forget():
                self._quiet()
            case EndSpeech():
                paused = self._tracker.end_speech(got.at)
                self._step(VoiceOff(got.at, paused.ended if paused else got.at))

    def _prepare(self, at: int, act: Prepare) -> None:
        example = self._past.preparation(act.ended)
        if example is None:
            self.estimated.add(act.number)
            example = Preparation(at, act.began, act.ended)
        self._prepared[act.number] = at, example
        if not example.answers:
            self._await(Judged(at + self._judged(example), act.number, words=True))
        for one in example.answers:
            delay = one.got.at - example.at
            self._await(replace(one.got, at=at + delay, **{"number": act.number}), one.late)
        if not any(isinstance(one.got, Ready) for one in example.answers):
            self._await(Ready(at + self._ready(example), act.number))

    def _judged(self, example: Preparation) -> int:
        """From the pause to its words; where they were not waited for, they took longer than that."""
        usual = self._past.usual_judged
        return max(usual, example.dropped or 0) if example.judged is None else example.judged

    def _ready(self, example: Preparation) -> int:
        """From the pause to the first sound of the reply."""
        return self._judged(example) + self._past.usual_ready if example.ready is None else example.ready

    def _lag(self, example: Preparation) -> int:
        return self._past.usual_lag if example.lag is None else example.lag
