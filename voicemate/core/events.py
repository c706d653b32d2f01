"""What can happen in a conversation.

Every stage tells what it does in these events, and everything that watches (the live view, the log, the
history, the trace, the tests) only reads them. ``at`` is a position on the conversation's clock: 16 kHz samples
since it began (see ``sound.CLOCK_HZ``). ``turn`` counts the person's turns from 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class FloorState(StrEnum):
    """Who holds the floor, as the live view and the menu bar show it."""

    STARTING = "starting"
    LISTENING = "listening"  # nobody holds it
    HEARING = "hearing"  # the person does
    THINKING = "thinking"  # the person's turn is over, no reply is audible yet
    SPEAKING = "speaking"  # the character does
    OVERLAPPING = "overlapping"  # the character has paused: somebody talks over it
    UNAVAILABLE = "unavailable"  # a device or an engine is missing; the reason says which
    STOPPED = "stopped"


class PipelineStage(StrEnum):
    """The stages whose work is timed."""

    STT = "stt"
    LLM = "llm"  # prefill and the first phrase's tokens
    TTS = "tts"  # synthesis of the first phrase


@dataclass(frozen=True, slots=True)
class Event:
    at: int


@dataclass(frozen=True, slots=True)
class FloorChanged(Event):
    state: FloorState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MicrophoneLevel(Event):
    """The microphone's level, about ten times a second."""

    dbfs: float
    voice: float  # probability of voice, 0 to 1


@dataclass(frozen=True, slots=True)
class SpeechStarted(Event):
    """A voice was confirmed; ``began`` is where it started, before ``at``."""

    began: int


@dataclass(frozen=True, slots=True)
class SpeechPaused(Event):
    """The voice fell silent at ``ended``; it may go on."""

    ended: int


@dataclass(frozen=True, slots=True)
class SpeechResumed(Event):
    """The voice went on after a pause that began at ``paused``."""

    paused: int


@dataclass(frozen=True, slots=True)
class TurnEnded(Event):
    """The person's turn is over; their last sample was at ``ended``.

    Attributes:
        due_at: where it would have been over if the reply had been ready; None when it was over there.
        request_id: of the request that typed it; None for a spoken turn.
    """

    turn: int
    began: int
    ended: int
    reason: str
    due_at: int | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Transcribed(Event):
    """Words were understood. Not ``final``: a draft that may be replaced or dropped."""

    turn: int
    text: str
    language: str
    final: bool


@dataclass(frozen=True, slots=True)
class SpeechRejected(Event):
    """Sound that was not words: no turn is taken. ``reason`` names the evidence, ``text`` is what whisper made up."""

    began: int
    ended: int
    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class StageTimed(Event):
    """A stage finished a piece of work for a turn.

    ``began`` is on the clock, ``ms`` is the time it really took, ``wasted`` tells that it was speculative and
    was thrown away.
    """

    turn: int
    stage: PipelineStage
    began: int
    ms: float
    wasted: bool = False


@dataclass(frozen=True, slots=True)
class GenerationDiscarded(Event):
    """A prepared reply was dropped before anyone heard it."""

    turn: int
    reason: str


@dataclass(frozen=True, slots=True)
class PhraseQueued(Event):
    """A phrase of the reply was sent to the loudspeaker. ``text`` is as written, ``spoken`` as read out."""

    turn: int
    text: str
    spoken: str


@dataclass(frozen=True, slots=True)
class PhraseStarted(Event):
    """The first sample of a phrase left the loudspeaker."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class ReplyEnded(Event):
    """The character is silent again. ``heard_prefix`` is the part of its reply that left the loudspeaker."""

    turn: int
    heard_prefix: str
    interrupted: bool


@dataclass(frozen=True, slots=True)
class TurnTimed(Event):
    """The latency of one turn in milliseconds, split by stage.

    Attributes:
        gap: last sample of the person's speech to the first sample of the reply at the loudspeaker.
        endpoint: last sample of speech to the decision that the turn was over.
        stt, llm, tts: work from the pause to the first phrase's PCM.
        ready: the reply's first PCM was waiting when the turn ended.
        held_open: part of ``endpoint`` in which the turn was over and stayed open for the reply.
    """

    turn: int
    gap: float
    endpoint: float
    stt: float
    llm: float
    tts: float
    ready: bool
    held_open: float = 0.0


@dataclass(frozen=True, slots=True)
class MicrophoneLive(Event):
    """The key went down, and since then the microphone delivers real sound: whoever speaks now is heard."""


@dataclass(frozen=True, slots=True)
class HotkeyChanged(Event):
    """The push-to-talk key of the desktop is watched now, or is not.

    Attributes:
        chord: as it is written in the settings; empty when none is wanted.
        mode: ``hold`` or ``toggle``.
        active: pressing it is seen.
        reason: it is not watched; empty when it is.
    """

    chord: str
    mode: str
    active: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Fault(Event):
    """Something is missing or broke, and what to do about it."""

    component: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Advisory(Event):
    """Something to know that keeps nothing from working."""

    text: str


@dataclass(frozen=True, slots=True)
class Recovered(Event):
    """What a fault named works again."""

    component: str


@dataclass(frozen=True, slots=True)
class StatusChanged(Event):
    """A command changed what ``status`` shows and no other event tells: mute, listening, the persona, a setting."""


Subscriber = Callable[[Event], None]
"""Subscribers are called on the conversation's own thread and must return at once."""


class EventStream:
    """Hands each event to every subscriber, in order. Not thread-safe: one conversation, one thread."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber, first: bool = False) -> Callable[[], None]:
        """Add ``subscriber``, before all others when it is to be ``first``; returns a function that takes it off."""
        self._subscribers.insert(0 if first else len(self._subscribers), subscriber)
        return lambda: self._subscribers.remove(subscriber)

    def emit(self, event: Event) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber(event)
