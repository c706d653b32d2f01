"""Writes the history from what happens in a conversation."""

from voicemate.conversation.history.writer import History
from voicemate.conversation.timing import Timing
from voicemate.events import Event, Heard, PhraseStarted, ReplyEnded, TurnTimed


class HistoryWriter:
    """A subscriber of the conversation's events: ``stream.subscribe(HistoryWriter(history).listen)``.

    A phrase counts as heard when the next one begins, so that a kill at any moment costs at most the phrase that
    was in the air; what ``ReplyEnded`` says was heard replaces this, exact to the word.

    Args:
        history: where to write; its session has begun.
    """

    def __init__(self, history: History):
        self._history = history
        self._begun: set[int] = set()
        self._phrases: dict[int, list[str]] = {}

    def listen(self, event: Event) -> None:
        match event:
            case Heard(final=True):
                self._begin(event.turn, event.text, event.language)
            case PhraseStarted():
                self._phrase(event)
            case TurnTimed():
                self._history.timed(event.turn, Timing.of(event))
            case ReplyEnded():
                self._phrases.pop(event.turn, None)
                self._history.finished(event.turn, event.heard, event.interrupted)

    def _begin(self, turn: int, said: str = "", language: str = "") -> None:
        self._begun.add(turn)
        self._phrases.pop(turn, None)
        self._history.begin_turn(turn, said, language)

    def _phrase(self, event: PhraseStarted) -> None:
        if event.turn not in self._begun:  # the character begins by itself
            self._begin(event.turn)
        phrases = self._phrases.setdefault(event.turn, [])
        if phrases:
            self._history.spoken(event.turn, "".join(phrases).strip())
        phrases.append(event.text)
