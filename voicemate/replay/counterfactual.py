"""Replays a recorded conversation with other settings: the real floor, with simulated engines and playback.

::

    recorded audio ─> VAD state machine ─> VoiceOn, VoiceOff, Tick ──────────────┐
    keys and typed turns, at their recorded times ───────────────────────────────┤
    WordsJudged, ReplyReady, with the recorded delay after StartGeneration ──────┼─> floor ─> StartGeneration, ...
    ReplyAudible, ReplySilent, with the recorded delay after CommitTurn ─────────┘     │
                                                   └───────────────────────────────────┘

The person does what they did when it was recorded. Where the recording has no answer it is estimated: a pause that
was not transcribed then has words without signals, after the conversation's median delay.
"""

import heapq
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

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
        turns: those that the floor took.
        estimated: ids of the generations at pauses that were not transcribed in the recording.
    """

    turns: list[LoggedTurn]
    estimated: frozenset[int]


def replay_with(session: RecordedSession, floor: FloorPolicy, settings: Settings) -> ReplayOutcome:
    """Replay ``session`` with a new ``floor`` and the VAD of ``settings``."""
    same_vad = settings.vad == session.settings.vad
    blocks = session.processed_blocks if same_vad else session.process_blocks(settings.vad)
    world = _ReplayWorld(session, floor, VadStateMachine(settings.vad))
    world.run(blocks)
    return ReplayOutcome(world.log.turns, frozenset(world.estimated))


class _ReplayWorld:
    """Simulates everything around one floor."""

    def __init__(self, session: RecordedSession, floor: FloorPolicy, vad: VadStateMachine) -> None:
        self.log = TurnLog()
        self.estimated: set[int] = set()
        self._session = session
        self._floor = floor
        self._vad = vad
        self._order = count()
        self._scheduled: list[tuple[int, int, FloorInput]] = []
        self._generations: dict[int, tuple[int, RecordedGeneration]] = {}  # by id: start, and recorded example
        self._awaited: int | None = None  # id of the committed generation whose reply is not audible yet
        self._remaining: int | None = None  # samples of a paused reply
        for external in session.external_inputs:
            self._schedule(external.message, external.lateness)

    def run(self, blocks: list[ProcessedBlock]) -> None:
        for block in blocks:
            now = block.end
            while self._scheduled and self._scheduled[0][0] < now:
                self._step(heapq.heappop(self._scheduled)[2])
            match self._vad.push(block.at, now, block.voice, block.fallen_db):
                case VoiceStarted(onset) | VoiceResumed(_, onset):
                    self._step(VoiceOn(now, onset))
                case VoicePaused(last):
                    self._step(VoiceOff(now, last))
                case None:
                    pass
            tick = self._session.ticks.get(now, Tick(now))
            self._step(replace(tick, voice=self._vad.voice_on))

    def _schedule(self, message: FloorInput, lateness: int = 0) -> None:
        """Give ``message`` to the floor before the first tick after ``message.at - lateness``."""
        heapq.heappush(self._scheduled, (message.at - lateness, next(self._order), message))

    def _cancel(self, generation_id: int) -> None:
        """Cancel all scheduled messages of a generation."""
        self._scheduled = [one for one in self._scheduled if getattr(one[2], "generation_id", None) != generation_id]
        heapq.heapify(self._scheduled)

    def _cancel_playback(self) -> int | None:
        """Cancel the scheduled playback messages; return where the reply would have ended."""
        ends = [one[2].at for one in self._scheduled if isinstance(one[2], ReplySilent)]
        self._scheduled = [one for one in self._scheduled if not isinstance(one[2], ReplyAudible | ReplySilent)]
        heapq.heapify(self._scheduled)
        return min(ends, default=None)

    def _step(self, message: FloorInput) -> None:
        actions = self._floor.step(message)
        self.log.on_step(message, actions)
        for action in actions:
            self._carry_out(message.at, action)
        if isinstance(message, ReplyAudible) and self._awaited is not None:
            _, example = self._generations[self._awaited]
            end = message.at + (example.length or self._session.median_length)
            self._schedule(ReplySilent(end), example.silent_lateness)
            self._awaited = None
        if isinstance(message, ReplyAudible | Interrupt):
            self._vad.reset()

    def _carry_out(self, now: int, action: FloorAction) -> None:
        match action:
            case StartGeneration():
                self._start_generation(now, action)
            case CommitTurn(generation_id):
                at, example = self._generations[generation_id]
                self._awaited = generation_id
                lag = self._session.median_lag if example.lag is None else example.lag
                audible = max(now, at + self._ready(example)) + lag
                self._schedule(ReplyAudible(audible), example.audible_lateness)
            case DiscardGeneration(generation_id):
                self._cancel(generation_id)
                if generation_id == self._awaited:
                    self._cancel_playback()
                    self._awaited = None
            case RejectSpeech(generation_id):
                self._cancel(generation_id)
                self._vad.reset()
            case PausePlayback():
                end = self._cancel_playback()
                self._remaining = None if end is None else end - now
            case ResumePlayback() if self._remaining is not None:
                self._schedule(ReplySilent(now + self._remaining))
            case StopPlayback() | RetractReply():
                self._cancel_playback()
            case EndSpeech():
                paused = self._vad.end_speech(now)
                self._step(VoiceOff(now, paused.ended if paused else now))
            case _:
                pass

    def _start_generation(self, at: int, action: StartGeneration) -> None:
        example = self._session.generation_at(action.ended)
        if example is None:
            self.estimated.add(action.generation_id)
            example = RecordedGeneration(at, action.began, action.ended)
        self._generations[action.generation_id] = at, example
        if not example.answers:
            self._schedule(WordsJudged(at + self._judged(example), action.generation_id, has_words=True))
        for answer in example.answers:
            moved: Any = {"at": at + answer.message.at - example.at, "generation_id": action.generation_id}
            self._schedule(replace(answer.message, **moved), answer.lateness)
        if not any(isinstance(answer.message, ReplyReady) for answer in example.answers):
            self._schedule(ReplyReady(at + self._ready(example), action.generation_id))

    def _judged(self, example: RecordedGeneration) -> int:
        """Samples until the words are known; if they were discarded before, at least until then."""
        if example.judged is None:
            return max(self._session.median_judged, example.discarded or 0)
        return example.judged

    def _ready(self, example: RecordedGeneration) -> int:
        """Samples until the first audio of the reply is ready."""
        return self._judged(example) + self._session.median_ready if example.ready is None else example.ready
