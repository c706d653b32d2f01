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

from voicemate.config.schema import Settings
from voicemate.replay.recorded_session import ProcessedBlock, RecordedGeneration, RecordedSession
from voicemate.replay.turn_log import LoggedTurn, TurnLog
from voicemate.turns.floor import FloorPolicy
from voicemate.turns.messages import (
    CommitTurn,
    DiscardGeneration,
    EndSpeech,
    FloorAction,
    FloorInput,
    Interrupt,
    PausePlayback,
    RejectSpeech,
    ReplyAudible,
    ReplyReady,
    ReplySilent,
    ResumePlayback,
    RetractReply,
    StartGeneration,
    StopPlayback,
    Tick,
    VoiceOff,
    VoiceOn,
    WordsJudged,
)
from voicemate.vad.state_machine import VadStateMachine, VoicePaused, VoiceResumed, VoiceStarted


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """A conversation with other settings.

    Attributes:
        turns: as they would have been taken.
        estimated: numbers of the preparations at pauses that were not transcribed then.
    """

    turns: list[LoggedTurn]
    estimated: frozenset[int]


def replay_with(session: RecordedSession, floor: FloorPolicy, settings: Settings) -> ReplayOutcome:
    """What ``floor`` would have made of it, with the ears as in ``settings``."""
    moments = (
        session.processed_blocks if settings.vad == session.settings.vad else session.process_blocks(settings.vad)
    )
    world = ReplayWorld(session, floor, VadStateMachine(settings.vad))
    world.run(moments)
    return ReplayOutcome(world.log.turns, frozenset(world.estimated))


class ReplayWorld:
    """Everything around one floor. Pure but for its own state.

    Args:
        past: what is known.
        floor: fresh.
        tracker: fresh, with the settings to try.
    """

    def __init__(self, session: RecordedSession, floor: FloorPolicy, tracker: VadStateMachine):
        self.log = TurnLog()
        self.estimated: set[int] = set()
        self._session = session
        self._floor = floor
        self._tracker = tracker
        self._order = count()
        self._scheduled: list[tuple[int, int, FloorInput]] = []
        self._generations: dict[int, tuple[int, RecordedGeneration]] = {}  # by number: when, and after what example
        self._answering: int | None = None  # the preparation whose reply is about to be heard
        self._remaining: int | None = None  # of a reply that is held back
        for given in session.external_inputs:
            self._schedule(given.message, given.lateness)

    def run(self, moments: list[ProcessedBlock]) -> None:
        """Live through the conversation."""
        for moment in moments:
            now = moment.end
            while self._scheduled and self._scheduled[0][0] < now:
                self._step(heapq.heappop(self._scheduled)[2])
            match self._tracker.push(moment.at, now, moment.voice, moment.fallen_db):
                case VoiceStarted(onset) | VoiceResumed(_, onset):
                    self._step(VoiceOn(now, onset))
                case VoicePaused(last):
                    self._step(VoiceOff(now, last))
            tick = self._session.ticks.get(now, Tick(now))
            self._step(replace(tick, voice=self._tracker.voice_on))

    def _schedule(self, coming: FloorInput, late: int = 0) -> None:
        """It comes before the first tick after ``coming.at - late`` (see ``past.Given``)."""
        heapq.heappush(self._scheduled, (coming.at - late, next(self._order), coming))

    def _cancel(self, number: int) -> None:
        """The engines answer nothing more about this preparation."""
        self._scheduled = [one for one in self._scheduled if getattr(one[2], "generation_id", None) != number]
        heapq.heapify(self._scheduled)

    def _cancel_playback(self) -> int | None:
        """The reply is not heard, or not heard any more; returns where it would have ended."""
        ends = [one[2].at for one in self._scheduled if isinstance(one[2], ReplySilent)]
        self._scheduled = [one for one in self._scheduled if not isinstance(one[2], ReplyAudible | ReplySilent)]
        heapq.heapify(self._scheduled)
        return min(ends, default=None)

    def _step(self, got: FloorInput) -> None:
        acts = self._floor.step(got)
        self.log.on_step(got, acts)
        for act in acts:
            self._carry_out(got, act)
        if isinstance(got, ReplyAudible):
            self._tracker.reset()
            if self._answering is not None:
                _, example = self._generations[self._answering]
                self._schedule(
                    ReplySilent(got.at + (example.length or self._session.usual_length)), example.silent_lateness
                )
                self._answering = None
        if isinstance(got, Interrupt):
            self._tracker.reset()

    def _carry_out(self, got: FloorInput, act: FloorAction) -> None:
        match act:
            case StartGeneration():
                self._prepare(got.at, act)
            case CommitTurn(number):
                at, example = self._generations[number]
                self._answering = number
                audible = max(got.at, at + self._ready(example)) + self._lag(example)
                self._schedule(ReplyAudible(audible), example.audible_lateness)
            case DiscardGeneration(number):
                self._cancel(number)
                if number == self._answering:
                    self._cancel_playback()
                    self._answering = None
            case RejectSpeech(number):
                self._cancel(number)
                self._tracker.reset()
            case PausePlayback():
                end = self._cancel_playback()
                self._remaining = None if end is None else end - got.at
            case ResumePlayback() if self._remaining is not None:
                self._schedule(ReplySilent(got.at + self._remaining))
            case StopPlayback() | RetractReply():
                self._cancel_playback()
            case EndSpeech():
                paused = self._tracker.end_speech(got.at)
                self._step(VoiceOff(got.at, paused.ended if paused else got.at))

    def _prepare(self, at: int, act: StartGeneration) -> None:
        example = self._session.generation_at(act.ended)
        if example is None:
            self.estimated.add(act.generation_id)
            example = RecordedGeneration(at, act.began, act.ended)
        self._generations[act.generation_id] = at, example
        if not example.answers:
            self._schedule(WordsJudged(at + self._judged(example), act.generation_id, has_words=True))
        for one in example.answers:
            delay = one.message.at - example.at
            self._schedule(replace(one.message, at=at + delay, **{"generation_id": act.generation_id}), one.lateness)
        if not any(isinstance(one.message, ReplyReady) for one in example.answers):
            self._schedule(ReplyReady(at + self._ready(example), act.generation_id))

    def _judged(self, example: RecordedGeneration) -> int:
        """From the pause to its words; where they were not waited for, they took longer than that."""
        usual = self._session.usual_judged
        return max(usual, example.discarded or 0) if example.judged is None else example.judged

    def _ready(self, example: RecordedGeneration) -> int:
        """From the pause to the first sound of the reply."""
        return self._judged(example) + self._session.usual_ready if example.ready is None else example.ready

    def _lag(self, example: RecordedGeneration) -> int:
        return self._session.usual_lag if example.lag is None else example.lag
