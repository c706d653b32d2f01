"""Attention: whether an utterance is addressed to the character. A pure state machine on the sample clock.

::

                      the wake phrase                      "go to sleep"
    NAME_NEEDED ───────────────────────────> ATTENTIVE ─────────────────────> ASLEEP
               <─────────────────────────── (or from NAME_NEEDED, called) <──
                 follow_up_s after a reply               "wake up" (and called)

Without a wake phrase in the settings, every utterance is addressed to the character until it is sent to sleep. With
one, only utterances that contain it are, and those that follow while the character answers and for a while after.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from voicemate.config.schema import AttentionSettings
from voicemate.core.pcm import to_samples
from voicemate.turns.phrase_matcher import normalized_words
from voicemate.turns.spoken_commands import Command, SpokenCommand, spoken_command
from voicemate.turns.wake_phrase import WakePhrase


class AttentionState(StrEnum):
    """Whether the character is listening."""

    ATTENTIVE = "attentive"  # to everything
    NAME_NEEDED = "name needed"  # to the wake phrase
    ASLEEP = "asleep"  # to nothing but being woken


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """The utterance is a turn to answer.

    Attributes:
        request: the text to answer, without the wake phrase where possible.
    """

    request: str


@dataclass(frozen=True, slots=True)
class ObeyCommand:
    """The utterance is a command, which gets no reply.

    Attributes:
        command: STOP, WAIT or GO_ON. If there is nothing to go on with, commit ``AnswerRequest(text)`` instead.
        text: the transcript.
    """

    command: SpokenCommand
    text: str


@dataclass(frozen=True, slots=True)
class GoToSleep:
    """The character was sent to sleep."""


@dataclass(frozen=True, slots=True)
class WakeUp:
    """The character was woken.

    Attributes:
        request: the text to answer: the request that followed, or the wake-up itself.
    """

    request: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """The utterance is not addressed to the character; ``reason`` says why in a few words."""

    reason: str


_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*(?=.)")

AttentionDecision = AnswerRequest | ObeyCommand | GoToSleep | WakeUp | Ignore


class Attention:
    """Decides whether an utterance is addressed to the character.

    A speculative turn may be discarded, so deciding and its consequences are separate: ``decide`` changes nothing,
    and ``commit`` is called once the decision is final.

    Args:
        settings: the wake phrase, and how long a conversation continues without it.
        name: the character's name.
    """

    def __init__(self, settings: AttentionSettings, name: str) -> None:
        phrase = name if settings.wake_phrase == "name" else settings.wake_phrase
        self._name = _wake_phrase(name)
        self._phrase = _wake_phrase(phrase)
        self._follow_up = to_samples(settings.follow_up_s * 1000)
        self._asleep = False
        self._engaged = False  # a reply is being generated or spoken
        self._attentive_until = 0

    def state(self, at: int) -> AttentionState:
        """Return whether the character listens to speech that begins at ``at``."""
        if self._asleep:
            return AttentionState.ASLEEP
        if self._phrase is None or self._engaged or at < self._attentive_until:
            return AttentionState.ATTENTIVE
        return AttentionState.NAME_NEEDED

    def decide(self, text: str, began: int) -> AttentionDecision:
        """Decide what an utterance means for the character. Pure.

        Args:
            text: the transcript of a whole utterance with words.
            began: where the person's speech began; a speech that began in time may take long.
        """
        command = spoken_command(text, self._phrase) or spoken_command(text, self._name)
        called = self._phrase.find(text) if self._phrase else None
        match self.state(began), command.command if command else None:
            case AttentionState.ASLEEP, _:
                return self._decide_asleep(text)
            case _, Command.STOP if command:
                return ObeyCommand(command, text)
            case AttentionState.NAME_NEEDED, _ if called is None:
                return Ignore("not called by name")
            case _, Command.SLEEP:
                return GoToSleep()
            case _, Command.WAIT | Command.GO_ON if command:
                return ObeyCommand(command, text)
        return AnswerRequest(called.request if called else text)

    def commit(self, decision: AttentionDecision, at: int) -> None:
        """Apply a final decision.

        After an ``AnswerRequest`` or ``WakeUp`` the character is attentive until ``reply_ended``.
        """
        match decision:
            case AnswerRequest() | WakeUp():
                self._asleep, self._engaged = False, True
            case ObeyCommand(given) if given.command is not Command.STOP:
                self._attend(at, given.patience.factor)
            case GoToSleep():
                self._asleep, self._engaged, self._attentive_until = True, False, 0

    def reply_began(self) -> None:
        """Note that the character speaks unasked, as in a greeting."""
        self._engaged = True

    def reply_ended(self, at: int) -> None:
        """Note that the character is silent again, or that there will be no reply."""
        self._engaged = False
        self._attend(at)

    def _decide_asleep(self, text: str) -> AttentionDecision:
        """Accept only a wake-up, with the wake phrase if there is one; a request may follow in the same utterance."""
        waking, *more = _SENTENCE.split(text.strip(), maxsplit=1)
        command = spoken_command(waking, self._phrase) or spoken_command(waking, self._name)
        if command is None or command.command is not Command.WAKE:
            return Ignore("asleep")
        if self._phrase is not None and self._phrase.find(waking) is None:
            return Ignore("asleep, and not called by name")
        return WakeUp(more[0] if more else text)

    def _attend(self, at: int, patience: float = 1.0) -> None:
        self._attentive_until = max(self._attentive_until, at + round(self._follow_up * patience))


def _wake_phrase(phrase: str) -> WakePhrase | None:
    """Return a matcher for ``phrase``; None if it has no letter, such as a name that is an emoji."""
    return WakePhrase(phrase) if normalized_words(phrase) else None
