"""The reply that has the loudspeaker, or is about to get it: what of it is heard, and what becomes of it."""

from collections.abc import Callable
from dataclasses import dataclass

from voicemate.audio.ports import Loudspeaker
from voicemate.conversation import floor_inputs as f
from voicemate.conversation.attention import Attention
from voicemate.conversation.dialogue import Dialogue
from voicemate.conversation.reply import Reply
from voicemate.conversation.turn import Turn
from voicemate.events import Event, PhraseStarted, ReplyEnded, TurnTimed
from voicemate.sound import CLOCK_HZ, milliseconds, samples

ECHO_REACH = samples(1_500)
"""How long before a voice began the words may have left the loudspeaker that it is an echo of."""


@dataclass(slots=True)
class _Answer:
    """A reply to a turn, or one that nobody asked for."""

    turn: Turn | None = None
    unasked: Reply | None = None
    audible: bool = False

    @property
    def reply(self) -> Reply | None:
        return self.turn.reply if self.turn else self.unasked


class Answering:
    """One reply after the other. Belongs to the conversation's loop.

    Args:
        loudspeaker: plays them.
        now: the conversation's clock.
        dialogue: remembers what was heard of them.
        attention: knows when they end.
        emit: takes events.
    """

    def __init__(
        self,
        loudspeaker: Loudspeaker,
        now: Callable[[], int],
        dialogue: Dialogue,
        attention: Attention,
        emit: Callable[[Event], None],
    ):
        self._loudspeaker = loudspeaker
        self._now = now
        self._dialogue = dialogue
        self._attention = attention
        self._emit = emit
        self._answer: _Answer | None = None

    def begin(self, turn: Turn) -> None:
        """``turn`` is committed: its reply gets the loudspeaker as soon as there is something to hear."""
        self._answer = _Answer(turn)

    def begin_unasked(self, reply: Reply) -> None:
        """The character speaks of its own accord."""
        self._answer = _Answer(unasked=reply)
        self._attention.reply_began()

    def answers(self, number: int) -> Turn | None:
        """The turn that is answered, if it is that of preparation ``number``."""
        turn = self._answer.turn if self._answer else None
        return turn if turn is not None and turn.number == number else None

    def watch(self) -> list[f.Input]:
        """What has left the loudspeaker since the last look, told as events; returns what the floor must know."""
        answer = self._answer
        if answer is None or answer.reply is None:
            return []
        told: list[f.Input] = []
        reply, position, begin = answer.reply, self._loudspeaker.position(), answer.reply.ledger.begin()
        if begin is not None and position > begin and not answer.audible:
            answer.audible = True
            audible = self._now() - round((position - begin) * CLOCK_HZ / self._loudspeaker.rate)
            self._tell_timing(answer, audible)
            told.append(f.Audible(audible))
        for phrase in reply.ledger.starting(position):
            self._emit(PhraseStarted(self._now(), reply.turn, phrase.text))
        if reply.queued and self._loudspeaker.idle():
            self._end(interrupted=False)
            told.append(f.Silent(self._now()))
        return told

    def steer(self, act: f.Act) -> None:
        """Carry out what the floor wants of the loudspeaker while the reply is in the air."""
        match act:
            case f.Duck():
                self._loudspeaker.duck(act.db)
            case f.Unduck():
                self._loudspeaker.duck(0)
            case f.Hold():
                self._loudspeaker.pause()
            case f.GoOn():
                self._loudspeaker.duck(0, ramp_ms=0)
                self._loudspeaker.resume()
            case f.CutOff():
                self.cut_off()

    def cut_off(self) -> None:
        """Silence at once: what was heard of the reply is what was said."""
        self._loudspeaker.stop()
        self._loudspeaker.duck(0, ramp_ms=0)
        if self._answer is not None and self._answer.turn is not None:
            self._answer.turn.roll_back()
        self._end(interrupted=True)

    def take_back(self) -> Turn:
        """Silence at once: the reply was never said. Returns the turn that it would have answered."""
        answer, self._answer = self._answer, None
        assert answer is not None, "only what has begun can be taken back"
        assert answer.turn is not None, "what nobody asked for is cut off"
        self._loudspeaker.stop()
        self._loudspeaker.duck(0, ramp_ms=0)
        answer.turn.roll_back()
        self._attention.reply_ended(self._now())
        return answer.turn

    def drop_unasked(self) -> None:
        """What nobody asked for could not be said."""
        if self._answer is not None and self._answer.turn is None:
            self._answer = None

    def abandon(self) -> None:
        """The conversation stops: nothing that was heard is lost."""
        answer = self._answer
        self._loudspeaker.stop()
        if answer is not None and answer.turn is not None:
            answer.turn.roll_back()
        if answer is not None and answer.audible:
            self._end(interrupted=True)

    def place(self, began: int) -> int:
        """Where the loudspeaker was ``ECHO_REACH`` before clock position ``began``."""
        since = self._now() - began + ECHO_REACH
        return self._loudspeaker.position() - since * self._loudspeaker.rate // CLOCK_HZ

    def words_since(self, place: int) -> str:
        """The words that have left the loudspeaker since it was at ``place``."""
        reply = self._answer.reply if self._answer else None
        return reply.ledger.between(place, self._loudspeaker.position()) if reply else ""

    def _end(self, interrupted: bool) -> None:
        """The character is silent: what was heard is what is remembered."""
        answer, self._answer = self._answer, None
        if answer is None:
            return
        reply = answer.reply
        heard = reply.ledger.heard(self._loudspeaker.position()) if reply else ""
        if answer.turn is not None and answer.turn.meaning is not None:
            self._dialogue.remember(answer.turn.meaning.words, heard)
        self._attention.reply_ended(self._now())
        self._emit(ReplyEnded(self._now(), reply.turn if reply else 0, heard, interrupted))

    def _tell_timing(self, answer: _Answer, audible: int) -> None:
        turn, reply = answer.turn, answer.reply
        if turn is None or turn.committed_at is None or reply is None:
            return
        self._emit(
            TurnTimed(
                at=self._now(),
                turn=turn.turn,
                gap=milliseconds(audible - turn.ended),
                endpoint=milliseconds(turn.committed_at - turn.ended),
                hearing=turn.hearing_ms,
                thinking=reply.thinking_ms,
                speaking=reply.speaking_ms,
                ready=turn.ready,
                awaited=milliseconds(turn.committed_at - turn.due_at),
            )
        )
