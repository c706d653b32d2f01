"""Who holds the floor: a pure state machine on the sample clock.

Everything that matters to the question comes in as an ``Input`` and everything that must be done about it goes
out as an ``Act``. There is no I/O, no wall clock and no waiting here, so the same inputs always give the same
acts: a recorded conversation can be decided again.

::

    person   ~~~~~~~~~ ended          ~~~~~~~~~ ended
    inputs   VoiceOn   VoiceOff       VoiceOn   VoiceOff  Judged  Ticks .........  Audible     Silent
    state    HEARING  ...................................................THINKING  SPEAKING    LISTENING
    acts               Prepare 1      RollBack 1 Prepare 2               Commit 2

A turn is prepared at every pause and costs nothing that anyone hears until it is committed. It may still be
rolled back after that, as long as no sample of the reply has left the loudspeaker.
"""

from dataclasses import dataclass

from voicemate.config import EndpointSettings
from voicemate.events import FloorState
from voicemate.sound import milliseconds, samples

# ---------------------------------------------------------------- what comes in


@dataclass(frozen=True, slots=True)
class Input:
    """Something that happened at ``at`` (clock samples)."""

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
        words: False when the evidence says it was no speech.
        unfinished: the words do not sound like the end of a turn.
        why: the evidence, in words.
    """

    number: int
    words: bool
    unfinished: bool = False
    why: str = ""


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
class Failed(Input):
    """Preparation ``number`` broke off; there will be no reply."""

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
    """Drop preparation ``number`` as if it had never been."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Commit(Act):
    """The person's turn is over: let the reply of preparation ``number`` out."""

    number: int
    began: int
    ended: int
    reason: str


@dataclass(frozen=True, slots=True)
class Dismiss(Act):
    """What was heard was no speech: forget preparation ``number``, take no turn."""

    number: int
    began: int
    ended: int
    why: str


# ---------------------------------------------------------------- the machine


class Floor:
    """Decides whose turn it is.

    Args:
        endpoint: how long a silence ends a turn.
    """

    def __init__(self, endpoint: EndpointSettings):
        self._endpoint = endpoint
        self.state = FloorState.LISTENING
        self._number = 0  # of the latest preparation
        self._began = 0  # of the person's speech
        self._ended: int | None = None  # of their voice, while it pauses
        self._judged: Judged | None = None  # verdict on the latest preparation
        self._committed = False

    def step(self, got: Input) -> list[Act]:
        """Take one input, return what to do, in order."""
        match got:
            case VoiceOn():
                return self._voice_on(got)
            case VoiceOff():
                return self._voice_off(got)
            case Tick():
                return [] if got.voice else self._decide(got.at)
            case Judged():
                return self._judge(got)
            case Audible():
                return self._enter(FloorState.SPEAKING, "the character speaks")
            case Silent():
                return self._listen("the character is done") if self.state is FloorState.SPEAKING else []
            case Asked():
                return self._ask(got)
            case Failed():
                return self._fail(got)
        raise TypeError(f"{got!r} is no input of the floor")

    def _voice_on(self, got: VoiceOn) -> list[Act]:
        if self.state is FloorState.SPEAKING:
            return []
        acts: list[Act] = []
        if self.state is FloorState.LISTENING:
            self._began = got.began
        elif self._ended is not None:
            acts.append(RollBack(self._number, "the person went on"))
        self._ended, self._judged, self._committed = None, None, False
        return acts + self._enter(FloorState.HEARING, "a voice")

    def _voice_off(self, got: VoiceOff) -> list[Act]:
        if self.state is not FloorState.HEARING or self._ended is not None:
            return []
        self._ended = got.ended
        self._number += 1
        return [Prepare(self._number, self._began, got.ended)]

    def _judge(self, got: Judged) -> list[Act]:
        if got.number != self._number or self._ended is None:
            return []
        self._judged = got
        return self._decide(got.at)

    def _decide(self, at: int) -> list[Act]:
        """Is the turn over? The silence so far against the silence that the words ask for."""
        if self._ended is None or self._committed:
            return []
        silence, needed = at - self._ended, samples(self._silence_ms())
        if silence < needed:
            return []
        if self._judged is None:  # the person is done, the words are not known yet
            return self._enter(FloorState.THINKING, "waiting for the words")
        if not self._judged.words:
            dismissed = Dismiss(self._number, self._began, self._ended, self._judged.why)
            return [dismissed, *self._listen("no words")]
        self._committed = True
        reason = f"{milliseconds(silence):.0f} ms of silence"
        committed = Commit(self._number, self._began, self._ended, reason)
        return [*self._enter(FloorState.THINKING, reason), committed]

    def _silence_ms(self) -> int:
        unfinished = self._judged is not None and self._judged.unfinished
        return self._endpoint.hold_on_ms if unfinished else self._endpoint.silence_ms

    def _ask(self, got: Asked) -> list[Act]:
        acts: list[Act] = [] if self._ended is None else [RollBack(self._number, "a typed turn")]
        self._number += 1
        self._began = self._ended = got.at
        self._judged, self._committed = None, True
        prepared, committed = Prepare(self._number, got.at, got.at), Commit(self._number, got.at, got.at, "typed")
        return [*acts, prepared, *self._enter(FloorState.THINKING, "typed"), committed]

    def _fail(self, got: Failed) -> list[Act]:
        if got.number != self._number or self._ended is None or self.state is FloorState.SPEAKING:
            return []  # what was said already is said to its end
        return [RollBack(got.number, got.why), *self._listen(got.why)]

    def _listen(self, reason: str) -> list[Act]:
        self._ended, self._judged, self._committed = None, None, False
        return self._enter(FloorState.LISTENING, reason)

    def _enter(self, state: FloorState, reason: str) -> list[Act]:
        if state is self.state:
            return []
        self.state = state
        return [Enter(state, reason)]
