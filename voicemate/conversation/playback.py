"""The reply that has the loudspeaker, or is about to get it: what of it is heard, and what becomes of it."""

from collections.abc import Callable
from dataclasses import dataclass

from voicemate.audio.interfaces import Speaker
from voicemate.conversation.chat_history import ChatHistory
from voicemate.conversation.reply import Reply
from voicemate.conversation.turn import Turn
from voicemate.core.events import Event, PhraseStarted, ReplyEnded, TurnTimed
from voicemate.core.pcm import CLOCK_HZ, to_ms, to_samples
from voicemate.turns import messages as f
from voicemate.turns.attention import Attention

ECHO_WINDOW = to_samples(1_500)
"""How long before a voice began the words may have left the loudspeaker that it is an echo of."""


@dataclass(slots=True)
class _Playing:
    """A reply to a turn, or one that nobody asked for."""

    turn: Turn | None = None
    unprompted: Reply | None = None
    audible: bool = False

    @property
    def reply(self) -> Reply | None:
        return self.turn.reply if self.turn else self.unprompted


class ReplyPlayback:
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
        loudspeaker: Speaker,
        now: Callable[[], int],
        dialogue: ChatHistory,
        attention: Attention,
        emit: Callable[[Event], None],
    ):
        self._loudspeaker = loudspeaker
        self._now = now
        self._dialogue = dialogue
        self._attention = attention
        self._emit = emit
        self._current: _Playing | None = None

    def start(self, turn: Turn) -> None:
        """``turn`` is committed: its reply gets the loudspeaker as soon as there is something to hear."""
        self._current = _Playing(turn)

    def start_unprompted(self, reply: Reply) -> None:
        """The character speaks of its own accord."""
        self._current = _Playing(unprompted=reply)
        self._attention.reply_began()

    def turn_of(self, number: int) -> Turn | None:
        """The turn that is answered, if it is that of preparation ``number``."""
        turn = self._current.turn if self._current else None
        return turn if turn is not None and turn.generation_id == number else None

    def poll(self) -> list[f.FloorInput]:
        """What has left the loudspeaker since the last look, told as events; returns what the floor must know."""
        answer = self._current
        if answer is None or answer.reply is None:
            return []
        told: list[f.FloorInput] = []
        reply, position, begin = answer.reply, self._loudspeaker.position(), answer.reply.heard_prefix.first_sample()
        if begin is not None and position > begin and not answer.audible:
            answer.audible = True
            audible = self._now() - round((position - begin) * CLOCK_HZ / self._loudspeaker.rate)
            self._emit_timing(answer, audible)
            told.append(f.ReplyAudible(audible))
        for phrase in reply.heard_prefix.newly_started(position):
            self._emit(PhraseStarted(self._now(), reply.turn_id, phrase.text))
        if reply.queued and self._loudspeaker.idle():
            self._end(interrupted=False)
            told.append(f.ReplySilent(self._now()))
        return told

    def apply(self, act: f.FloorAction) -> None:
        """Carry out what the floor wants of the loudspeaker while the reply is in the air."""
        match act:
            case f.DuckPlayback():
                self._loudspeaker.duck(act.db)
            case f.UnduckPlayback():
                self._loudspeaker.duck(0)
            case f.PausePlayback():
                self._loudspeaker.pause()
            case f.ResumePlayback():
                self._loudspeaker.duck(0, ramp_ms=0)
                self._loudspeaker.resume()
            case f.StopPlayback():
                self.stop()

    def stop(self) -> None:
        """Silence at once: what was heard of the reply is what was said."""
        self._loudspeaker.stop()
        self._loudspeaker.duck(0, ramp_ms=0)
        if self._current is not None and self._current.turn is not None:
            self._current.turn.discard()
        self._end(interrupted=True)

    def retract(self) -> Turn:
        """Silence at once: the reply was never said. Returns the turn that it would have answered."""
        answer, self._current = self._current, None
        assert answer is not None, "only what has begun can be taken back"
        assert answer.turn is not None, "what nobody asked for is cut off"
        self._loudspeaker.stop()
        self._loudspeaker.duck(0, ramp_ms=0)
        answer.turn.discard()
        self._attention.reply_ended(self._now())
        return answer.turn

    def drop_unprompted(self) -> None:
        """What nobody asked for could not be said."""
        if self._current is not None and self._current.turn is None:
            self._current = None

    def close(self) -> None:
        """The conversation stops: nothing that was heard is lost."""
        answer = self._current
        self._loudspeaker.stop()
        if answer is not None and answer.turn is not None:
            answer.turn.discard()
        if answer is not None and answer.audible:
            self._end(interrupted=True)

    def position_before(self, began: int) -> int:
        """Where the loudspeaker was ``ECHO_REACH`` before clock position ``began``."""
        since = self._now() - began + ECHO_WINDOW
        return self._loudspeaker.position() - since * self._loudspeaker.rate // CLOCK_HZ

    def words_since(self, place: int) -> str:
        """The words that have left the loudspeaker since it was at ``place``."""
        reply = self._current.reply if self._current else None
        return reply.heard_prefix.between(place, self._loudspeaker.position()) if reply else ""

    def _end(self, interrupted: bool) -> None:
        """The character is silent: what was heard is what is remembered."""
        answer, self._current = self._current, None
        if answer is None:
            return
        reply = answer.reply
        heard = reply.heard_prefix.up_to(self._loudspeaker.position()) if reply else ""
        if answer.turn is not None and answer.turn.interpretation is not None:
            self._dialogue.add_exchange(answer.turn.interpretation.words, heard)
        self._attention.reply_ended(self._now())
        self._emit(ReplyEnded(self._now(), reply.turn_id if reply else 0, heard, interrupted))

    def _emit_timing(self, answer: _Playing, audible: int) -> None:
        turn, reply = answer.turn, answer.reply
        if turn is None or turn.committed_at is None or reply is None:
            return
        self._emit(
            TurnTimed(
                at=self._now(),
                turn=turn.turn_id,
                gap=to_ms(audible - turn.ended),
                endpoint=to_ms(turn.committed_at - turn.ended),
                stt=turn.stt_ms,
                llm=reply.llm_ms,
                tts=reply.tts_ms,
                ready=turn.reply_was_ready,
                held_open=to_ms(turn.committed_at - turn.due_at),
            )
        )
