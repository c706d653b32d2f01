"""Writes the history from what happens in a conversation."""

from voicemate.core.events import Event, PhraseStarted, ReplyEnded, Transcribed, TurnTimed
from voicemate.history.writer import HistoryWriter
from voicemate.metrics.timing import Timing


class HistorySubscriber:
    """A subscriber of the conversation's events: ``stream.subscribe(HistoryWriter(history).listen)``.

    A phrase counts as heard when the next one begins, so that a kill at any moment costs at most the phrase that
    was in the air; what ``ReplyEnded`` says was heard replaces this, exact to the word.

    Args:
        history: where to write; its session has begun.
    """

    def __init__(self, history: HistoryWriter):
        self._history = history
        self._begun: set[int] = set()
        self._phrases: dict[int, list[str]] = {}

    def on_event(self, event: Event) -> None:
        match event:
            case Transcribed(final=True):
                self._begin(event.turn, event.text, event.language)
            case PhraseStarted():
                self._phrase(event)
            case TurnTimed():
                self._history.add_timing(event.turn, Timing.from_event(event))
            case ReplyEnded():
                self._phrases.pop(event.turn, None)
                self._history.finish_turn(event.turn, event.heard_prefix, event.interrupted)

    def _begin(self, turn: int, said: str = "", language: str = "") -> None:
        self._begun.add(turn)
        self._phrases.pop(turn, None)
        self._history.start_turn(turn, said, language)

    def _phrase(self, event: PhraseStarted) -> None:
        if event.turn not in self._begun:  # the character begins by itself
            self._begin(event.turn)
        phrases = self._phrases.setdefault(event.turn, [])
        if phrases:
            self._history.update_reply(event.turn, "".join(phrases).strip())
        phrases.append(event.text)
