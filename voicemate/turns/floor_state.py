"""What the floor knows of the moment: what the person is saying, what answers it, where the key is."""

from dataclasses import dataclass
from enum import Enum, auto

from voicemate.core.pcm import to_ms
from voicemate.turns.messages import WordsJudged


@dataclass(frozen=True, slots=True)
class CurrentSpeech:
    """What the person is saying, or has said and may go on with.

    Attributes:
        began: its first sample.
        ended: its last one so far; None while the voice is on.
        number: of the latest preparation of a reply to it; 0 before the first.
        judged: what is known of its words up to ``ended``.
        ready: the reply to it can be heard.
        due: where it was over, the reply not being ready; None before.
    """

    began: int
    ended: int | None = None
    generation_id: int = 0
    judged: WordsJudged | None = None
    ready: bool = False
    due_at: int | None = None

    def is_generation(self, number: int) -> bool:
        """What came of preparation ``number`` is of this; nothing is, before there is one."""
        return self.ended is not None and self.generation_id == number != 0

    def over_since(self, at: int) -> int:
        """Where it was over but for its reply, it being over at ``at``."""
        return at if self.due_at is None else self.due_at

    def end_reason(self, at: int, why: str) -> str:
        """In words, for the view and the trace: the silence, ``why`` that is enough, and what became of the reply."""
        assert self.ended is not None
        told = f"{to_ms(at - self.ended):.0f} ms of silence; {why}"
        if self.due_at is None:
            return told
        reply = f"was ready {to_ms(at - self.due_at):.0f} ms later" if self.ready else "is late"
        return f"{told}; the reply {reply}"


@dataclass(frozen=True, slots=True)
class CurrentReply:
    """The reply that has the floor, or is about to get it.

    Attributes:
        number: of its preparation; 0 when the character speaks of its own accord.
        began, ended: the person's speech that it answers.
        audible: where it was first heard; None before.
        spoken: it answers something that was said, and not typed or given with the key.
    """

    generation_id: int
    began: int
    ended: int
    audible_at: int | None = None
    spoken: bool = True

    def is_false_cut_in(self, began: int, take_back: int) -> bool:
        """Whoever speaks again at ``began``, within ``take_back`` samples of its first word, had not been done."""
        if self.audible_at is None or not self.spoken:
            return False
        return began - self.audible_at < take_back


class KeyState(Enum):
    """The push-to-talk key."""

    UP = auto()
    DOWN = auto()
    RELEASED = auto()  # the turn that it ended is not committed yet
