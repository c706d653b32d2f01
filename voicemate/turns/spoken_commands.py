"""Spoken commands: utterances that control the conversation instead of being answered.

Only a whole utterance is a command: "Stop." and "Oh, please stop talking, Juniper!" are, "stop signs are red" and
"don't stop" are not. Politeness, fillers and the character's name around it are ignored. Commands of all languages
are always active, because whisper often mistakes the language of a short word and "stop" must always work.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from voicemate.turns import command_phrases
from voicemate.turns.phrase_matcher import PhraseMatcher, normalized_words, parse_phrases
from voicemate.turns.wake_phrase import WakePhrase


class Command(StrEnum):
    """What the person wants the conversation to do."""

    STOP = "stop"  # be silent at once
    SLEEP = "sleep"  # stop listening until woken
    WAKE = "wake"  # listen again; only while asleep
    WAIT = "wait"  # give the person more time to speak
    GO_ON = "go on"  # say the rest of an interrupted reply


@dataclass(frozen=True, slots=True)
class Patience:
    """How much longer than usual a silence must last to end the person's turn.

    Attributes:
        factor: multiplies the usual silence.
        turns: for how many of the person's turns; 0 when used up.
    """

    factor: float = 1.0
    turns: int = 0

    def after_turn(self) -> "Patience":
        """Return what is left of it after a turn of the person."""
        return Patience(self.factor, self.turns - 1) if self.turns > 1 else Patience()


@dataclass(frozen=True, slots=True)
class SpokenCommand:
    """A command, with the ``patience`` that WAIT asks for."""

    command: Command
    patience: Patience = Patience()


_A_MOMENT = SpokenCommand(Command.WAIT, Patience(factor=3.0, turns=1))
"""For "let me think": the next turn."""

_A_WHILE = SpokenCommand(Command.WAIT, Patience(factor=3.0, turns=5))
"""For "take your time": the next five turns."""

_MEANINGS = {
    phrase: meaning
    for meaning, written in (
        (_A_MOMENT, command_phrases.WAIT_A_MOMENT),
        (_A_WHILE, command_phrases.TAKE_YOUR_TIME),
        (SpokenCommand(Command.GO_ON), command_phrases.GO_ON),
        (SpokenCommand(Command.WAKE), command_phrases.WAKE),
        (SpokenCommand(Command.SLEEP), command_phrases.SLEEP),
        (SpokenCommand(Command.STOP), command_phrases.STOP),
    )
    for phrase in parse_phrases(*written)
}
_BOOK = PhraseMatcher(parse_phrases(*command_phrases.AROUND).union(_MEANINGS))

_OBJECTION = re.compile(r"^\W*(?:no|nein|nee|nah|non|不|不是)\W*[,.!，。！]", re.IGNORECASE)
"""A separate "no", as in "no, stop"; without punctuation it may negate what follows."""


def spoken_command(text: str, name: WakePhrase | None = None) -> SpokenCommand | None:
    """Return the command that ``text`` is; None for anything else.

    Of several commands ("wait, stop") the last counts.

    Args:
        text: the transcript of a whole utterance.
        name: the character's name, which may stand anywhere around the command.
    """
    command = _alone(text)
    while command is None and name is not None and (called := name.find(text)) is not None:
        text = called.rest
        command = _alone(text)
    return command


def _alone(text: str) -> SpokenCommand | None:
    parts = _BOOK.parse(normalized_words(_OBJECTION.sub("", text))) or []
    meant = [_MEANINGS[part] for part in parts if part in _MEANINGS]
    return meant[-1] if meant else None
