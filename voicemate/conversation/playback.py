"""The reply that plays, or is about to: what of it is heard, and what becomes of it."""

from dataclasses import dataclass
from typing import assert_never

from voicemate.audio.interfaces import Speaker
from voicemate.conversation.chat_history import ChatHistory
from voicemate.conversation.reply import Reply
from voicemate.conversation.turn import Turn
from voicemate.core.clock import Clock
from voicemate.core.events import EventStream, PhraseStarted, ReplyEnded, TurnTimed
from voicemate.core.pcm import CLOCK_HZ, to_ms, to_samples
from voicemate.turns.attention import Attention
from voicemate.turns.messages import (
    DuckPlayback,
    PausePlayback,
    PlaybackAction,
    ReplyAudible,
    ReplySilent,
    ResumePlayback,
    StopPlayback,
    UnduckPlayback,
)

ECHO_WINDOW = to_samples(1_500)
"""How long before a voice began the words may have left the speaker that it is an echo of, in clock samples."""


@dataclass(slots=True)
class _Playing:
    """A reply to a turn, or one that the character gives unprompted."""

    turn: Turn | None = None
    unprompted: Reply | None = None
    audible: bool = False

    @property
    def reply(self) -> Reply | None:
        return self.turn.reply if self.turn else self.unprompted


class ReplyPlayback:
    """Plays one reply after the other. Belongs to the conversation's loop.

    Args:
        speaker: plays them.
        clock: the conversation's clock.
        chat_history: remembers what was heard of them.
        attention: learns when they begin and end.
        events: takes the events.
    """

    def __init__(
        self, speaker: Speaker, clock: Clock, chat_history: ChatHistory, attention: Attention, events: EventStream
    ):
        self._speaker = speaker
        self._clock = clock
        self._chat_history = chat_history
        self._attention = attention
        self._events = events
        self._playing: _Playing | None = None

    def start(self, turn: Turn) -> None:
        """``turn`` is committed: play its reply as soon as there is sound."""
        self._playing = _Playing(turn)

    def start_unprompted(self, reply: Reply) -> None:
        """Play what the character says unprompted."""
        self._playing = _Playing(unprompted=reply)
        self._attention.reply_began()

    def poll(self) -> list[ReplyAudible | ReplySilent]:
        """Emit what has left the speaker since the last call; return what the floor must know."""
        playing = self._playing
        if playing is None or playing.reply is None:
            return []
        messages: list[ReplyAudible | ReplySilent] = []
        reply, position = playing.reply, self._speaker.position()
        first = reply.heard_prefix.first_sample()
        if first is not None and position > first and not playing.audible:
            playing.audible = True
            audible_at = self._clock.now() - round((position - first) * CLOCK_HZ / self._speaker.rate)
            self._emit_timing(playing, audible_at)
            messages.append(ReplyAudible(audible_at))
        for phrase in reply.heard_prefix.newly_started(position):
            self._events.emit(PhraseStarted(self._clock.now(), reply.turn_id, phrase.text))
        if reply.queued and self._speaker.idle():
            self._end(interrupted=False)
            messages.append(ReplySilent(self._clock.now()))
        return messages

    def apply(self, action: PlaybackAction) -> None:
        """Carry out what the floor decided about the reply that plays."""
        match action:
            case DuckPlayback():
                self._speaker.duck(action.db)
            case UnduckPlayback():
                self._speaker.duck(0)
            case PausePlayback():
                self._speaker.pause()
            case ResumePlayback():
                self._speaker.duck(0, ramp_ms=0)
                self._speaker.resume()
            case StopPlayback():
                self.stop()
            case _:
                assert_never(action)

    def stop(self) -> None:
        """Silence the reply at once; what was heard of it is what was said."""
        self._silence()
        if self._playing is not None and self._playing.turn is not None:
            self._playing.turn.discard()
        self._end(interrupted=True)

    def retract(self) -> Turn:
        """Silence the reply at once as if it had never been said; return the turn that it answered."""
        playing, self._playing = self._playing, None
        assert playing is not None, "only a reply that was started can be retracted"
        assert playing.turn is not None, "what the character says unprompted is stopped, not retracted"
        self._silence()
        playing.turn.discard()
        self._attention.reply_ended(self._clock.now())
        return playing.turn

    def drop_unprompted(self) -> None:
        """Give up what the character was to say unprompted."""
        if self._playing is not None and self._playing.turn is None:
            self._playing = None

    def close(self) -> None:
        """End the conversation: silence, and what was heard is remembered."""
        playing = self._playing
        self._speaker.stop()
        if playing is not None and playing.turn is not None:
            playing.turn.discard()
        if playing is not None and playing.audible:
            self._end(interrupted=True)

    def position_before(self, began: int) -> int:
        """Return where the speaker was ``ECHO_WINDOW`` before clock position ``began``, in its samples."""
        elapsed = self._clock.now() - began + ECHO_WINDOW
        return self._speaker.position() - elapsed * self._speaker.rate // CLOCK_HZ

    def words_since(self, position: int) -> str:
        """Return the words that have left the speaker since it was at ``position``."""
        reply = self._playing.reply if self._playing else None
        return reply.heard_prefix.between(position, self._speaker.position()) if reply else ""

    def _silence(self) -> None:
        self._speaker.stop()
        self._speaker.duck(0, ramp_ms=0)

    def _end(self, interrupted: bool) -> None:
        """The character is silent: remember what was heard."""
        playing, self._playing = self._playing, None
        if playing is None:
            return
        reply = playing.reply
        heard = reply.heard_prefix.up_to(self._speaker.position()) if reply else ""
        if playing.turn is not None and playing.turn.interpretation is not None:
            self._chat_history.add_exchange(playing.turn.interpretation.words, heard)
        now = self._clock.now()
        self._attention.reply_ended(now)
        self._events.emit(ReplyEnded(now, reply.turn_id if reply else 0, heard, interrupted))

    def _emit_timing(self, playing: _Playing, audible_at: int) -> None:
        turn, reply = playing.turn, playing.reply
        if turn is None or turn.committed_at is None or reply is None:
            return
        self._events.emit(
            TurnTimed(
                at=self._clock.now(),
                turn=turn.turn_id,
                gap=to_ms(audible_at - turn.ended),
                endpoint=to_ms(turn.committed_at - turn.ended),
                stt=turn.stt_ms,
                llm=reply.llm_ms,
                tts=reply.tts_ms,
                ready=turn.reply_was_ready,
                held_open=to_ms(turn.committed_at - turn.due_at),
            )
        )
