"""What comes into the floor, and what goes out: the vocabulary of ``floor.py``.

Everything that matters to the question whose turn it is comes in as an ``Input``; everything that must be done about
it goes out as an ``Act``. All of them are plain values, so that a conversation can be kept on tape and decided again.
Positions (``at``, ``began``, ``ended``) are clock samples (``sound.CLOCK_HZ``).
"""

from dataclasses import dataclass

from voicemate.core.events import FloorState
from voicemate.turns.end_of_turn.rule import EndOfTurnSignals

NO_SIGNALS = EndOfTurnSignals()
"""Nothing is known."""

# ---------------------------------------------------------------- what comes in


@dataclass(frozen=True, slots=True)
class _Input:
    """Something that happened at ``at``, a position of the clock."""

    at: int


@dataclass(frozen=True, slots=True)
class VoiceOn(_Input):
    """The person's voice is confirmed; it began at ``began``."""

    began: int


@dataclass(frozen=True, slots=True)
class VoiceOff(_Input):
    """The person's voice has paused; its last sample was at ``ended``."""

    ended: int


@dataclass(frozen=True, slots=True)
class Tick(_Input):
    """Time went on: one for every block of the microphone.

    Attributes:
        voice: a voice is there, or may be starting: no turn ends now.
    """

    voice: bool = False


@dataclass(frozen=True, slots=True)
class WordsJudged(_Input):
    """The words of preparation ``number`` are known.

    Attributes:
        has_words: False when the evidence says it was no speech, or none that is meant for the character.
        interrupts: over the character's voice: the words take the floor, and are no sign of listening, no echo.
        signals: what speaks for and against the end of the turn.
        patience: a factor on the wait that the person asked for.
        reason: the evidence, in words.
    """

    generation_id: int
    has_words: bool
    interrupts: bool = True
    signals: EndOfTurnSignals = NO_SIGNALS
    patience: float = 1.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReplyReady(_Input):
    """The first sound of the reply of preparation ``number`` is there, and held."""

    generation_id: int


@dataclass(frozen=True, slots=True)
class ReplyAudible(_Input):
    """The first sample of the character's speech leaves the loudspeaker."""


@dataclass(frozen=True, slots=True)
class ReplySilent(_Input):
    """The character has said all it had to say."""


@dataclass(frozen=True, slots=True)
class TypedTurn(_Input):
    """The person typed a whole turn."""


@dataclass(frozen=True, slots=True)
class KeyDown(_Input):
    """The push-to-talk key went down: the person takes the floor."""


@dataclass(frozen=True, slots=True)
class KeyUp(_Input):
    """The push-to-talk key came up: the person's turn is over."""


@dataclass(frozen=True, slots=True)
class PowerChanged(_Input):
    """The machine runs on battery now, or on the wall."""

    on_battery: bool


@dataclass(frozen=True, slots=True)
class Interrupt(_Input):
    """The character is to be silent now: "stop", a tap on the key, a command."""

    reason: str


@dataclass(frozen=True, slots=True)
class GenerationFailed(_Input):
    """Preparation ``number`` broke off; there will be no (more) reply."""

    generation_id: int
    reason: str


FloorInput = (
    VoiceOn
    | VoiceOff
    | Tick
    | WordsJudged
    | ReplyReady
    | ReplyAudible
    | ReplySilent
    | TypedTurn
    | KeyDown
    | KeyUp
    | PowerChanged
    | Interrupt
    | GenerationFailed
)
"""All that the floor takes."""

# ---------------------------------------------------------------- what goes out


@dataclass(frozen=True, slots=True)
class EnterState:
    """The floor changed hands."""

    state: FloorState
    reason: str


@dataclass(frozen=True, slots=True)
class StartGeneration:
    """Get a reply ready to the speech from ``began`` to ``ended``, and hold it."""

    generation_id: int
    began: int
    ended: int


@dataclass(frozen=True, slots=True)
class DiscardGeneration:
    """Drop preparation ``number`` as if it had never been.

    Attributes:
        turn_continues: what the person said belongs to what they say next.
    """

    generation_id: int
    reason: str
    turn_continues: bool = True


@dataclass(frozen=True, slots=True)
class CommitTurn:
    """The person's turn is over: let the reply of preparation ``number`` out.

    Attributes:
        due_at: where it would have been over if the reply had been ready; None when it was over there.
    """

    generation_id: int
    began: int
    ended: int
    reason: str
    due_at: int | None = None


@dataclass(frozen=True, slots=True)
class RejectSpeech:
    """What was heard was no speech: discard generation ``generation_id``, take no turn."""

    generation_id: int
    began: int
    ended: int
    reason: str


@dataclass(frozen=True, slots=True)
class EndSpeech:
    """Take the person's voice for paused now, whatever the ears say: the key came up."""


@dataclass(frozen=True, slots=True)
class DuckPlayback:
    """Speak ``db`` more quietly: somebody may have begun to talk."""

    db: float


@dataclass(frozen=True, slots=True)
class UnduckPlayback:
    """It was nothing: speak as before."""


@dataclass(frozen=True, slots=True)
class PausePlayback:
    """Fall silent and keep the rest: somebody talks."""


@dataclass(frozen=True, slots=True)
class ResumePlayback:
    """Go on where ``Hold`` stopped."""

    reason: str


@dataclass(frozen=True, slots=True)
class StopPlayback:
    """The reply in the air is over; what was heard of it is what was said."""

    generation_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class RetractReply:
    """The reply in the air came too early: silence at once, it was never said, and what the person said before it
    belongs to what they say now."""

    generation_id: int
    reason: str


PlaybackAction = DuckPlayback | UnduckPlayback | PausePlayback | ResumePlayback | StopPlayback
"""What is done to the reply that plays."""

FloorAction = (
    EnterState
    | StartGeneration
    | DiscardGeneration
    | CommitTurn
    | RejectSpeech
    | EndSpeech
    | RetractReply
    | PlaybackAction
)
"""All that the floor decides."""
