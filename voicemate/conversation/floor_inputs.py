"""What comes into the floor, and what goes out: the vocabulary of ``floor.py``.

Everything that matters to the question whose turn it is comes in as an ``Input``; everything that must be done about
it goes out as an ``Act``. All of them are plain values, so that a conversation can be kept on tape and decided again.
Positions (``at``, ``began``, ``ended``) are clock samples (``sound.CLOCK_HZ``).
"""

from dataclasses import dataclass

from voicemate.conversation.endpointing import Votes
from voicemate.events import FloorState

NO_VOTES = Votes()
"""Nothing is known."""

# ---------------------------------------------------------------- what comes in


@dataclass(frozen=True, slots=True)
class Input:
    """Something that happened at ``at``."""

    at: int


@dataclass(frozen=True, slots=True)
class VoiceOn(Input):
    """The person's voice is confirmed; it began at ``began``."""

    began: int


@dataclass(frozen=True, slots=True)
class VoiceOff(Input):
    """The person's voice has paused; its last sample was at ``ended``."""

    ended: int


@dataclass(frozen=True, slots=True)
class Tick(Input):
    """Time went on: one for every block of the microphone.

    Attributes:
        voice: a voice is there, or may be starting: no turn ends now.
    """

    voice: bool = False


@dataclass(frozen=True, slots=True)
class Judged(Input):
    """The words of preparation ``number`` are known.

    Attributes:
        words: False when the evidence says it was no speech, or none that is meant for the character.
        bid: over the character's voice: the words take the floor, and are no sign of listening, no echo.
        votes: what speaks for and against the end of the turn.
        patience: a factor on the wait that the person asked for.
        why: the evidence, in words.
    """

    number: int
    words: bool
    bid: bool = True
    votes: Votes = NO_VOTES
    patience: float = 1.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Ready(Input):
    """The first sound of the reply of preparation ``number`` is there, and held."""

    number: int


@dataclass(frozen=True, slots=True)
class Audible(Input):
    """The first sample of the character's speech leaves the loudspeaker."""


@dataclass(frozen=True, slots=True)
class Silent(Input):
    """The character has said all it had to say."""


@dataclass(frozen=True, slots=True)
class Asked(Input):
    """The person typed a whole turn."""


@dataclass(frozen=True, slots=True)
class KeyDown(Input):
    """The push-to-talk key went down: the person takes the floor."""


@dataclass(frozen=True, slots=True)
class KeyUp(Input):
    """The push-to-talk key came up: the person's turn is over."""


@dataclass(frozen=True, slots=True)
class Power(Input):
    """The machine runs on battery now, or on the wall."""

    battery: bool


@dataclass(frozen=True, slots=True)
class Interrupt(Input):
    """The character is to be silent now: "stop", a tap on the key, a command."""

    why: str


@dataclass(frozen=True, slots=True)
class Failed(Input):
    """Preparation ``number`` broke off; there will be no (more) reply."""

    number: int
    why: str


# ---------------------------------------------------------------- what goes out


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do at once."""


@dataclass(frozen=True, slots=True)
class Enter(Act):
    """The floor changed hands."""

    state: FloorState
    reason: str


@dataclass(frozen=True, slots=True)
class Prepare(Act):
    """Get a reply ready to the speech from ``began`` to ``ended``, and hold it."""

    number: int
    began: int
    ended: int


@dataclass(frozen=True, slots=True)
class RollBack(Act):
    """Drop preparation ``number`` as if it had never been.

    Attributes:
        more: what the person said belongs to what they say next.
    """

    number: int
    reason: str
    more: bool = True


@dataclass(frozen=True, slots=True)
class Commit(Act):
    """The person's turn is over: let the reply of preparation ``number`` out.

    Attributes:
        due: where it would have been over if the reply had been ready; None when it was over there.
    """

    number: int
    began: int
    ended: int
    reason: str
    due: int | None = None


@dataclass(frozen=True, slots=True)
class Dismiss(Act):
    """What was heard was no speech: forget preparation ``number``, take no turn."""

    number: int
    began: int
    ended: int
    why: str


@dataclass(frozen=True, slots=True)
class EndSpeech(Act):
    """Take the person's voice for paused now, whatever the ears say: the key came up."""


@dataclass(frozen=True, slots=True)
class Duck(Act):
    """Speak ``db`` more quietly: somebody may have begun to talk."""

    db: float


@dataclass(frozen=True, slots=True)
class Unduck(Act):
    """It was nothing: speak as before."""


@dataclass(frozen=True, slots=True)
class Hold(Act):
    """Fall silent and keep the rest: somebody talks."""


@dataclass(frozen=True, slots=True)
class GoOn(Act):
    """Go on where ``Hold`` stopped."""

    why: str


@dataclass(frozen=True, slots=True)
class CutOff(Act):
    """The reply in the air is over; what was heard of it is what was said."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Forget(Act):
    """The reply in the air came too early: silence at once, it was never said, and what the person said before it
    belongs to what they say now."""

    number: int
    why: str
