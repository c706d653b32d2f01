"""What the person's words mean for the conversation: a turn, a command, a sign that they listen, or nothing.

Puts together what ``hearing`` knows about words with what the conversation knows about the moment. It changes
nothing: a turn may be prepared and rolled back, so what follows from a meaning is done by the session once it is
final.
"""

from dataclasses import dataclass, replace

from voicemate.conversation.recognizer import Recognition
from voicemate.core.pcm import to_ms
from voicemate.turns.attention import (
    AnswerRequest,
    Attention,
    AttentionDecision,
    GoToSleep,
    Ignore,
    ObeyCommand,
    WakeUp,
)
from voicemate.turns.end_of_turn.lexical import breaks_off, is_only_condition, is_only_opener, is_thinking_aloud
from voicemate.turns.end_of_turn.rule import EndOfTurnSignals
from voicemate.turns.interruption.backchannel import Overlap, classify_overlap
from voicemate.turns.interruption.echo_text import without_echo
from voicemate.turns.messages import NO_SIGNALS
from voicemate.turns.spoken_commands import Command


@dataclass(frozen=True, slots=True)
class SpeechContext:
    """When it was said.

    Attributes:
        began, ended: clock positions of the speech.
        playing: over the character's voice: the words that were leaving the loudspeaker; None otherwise.
        said_before: what the person had said when the character cut in falsely; it belongs to what they say now.
    """

    began: int
    ended: int
    playing: str | None = None
    said_before: str = ""


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What some words mean.

    Attributes:
        words: what the character is to answer; empty when there is nothing to.
        language: two letters.
        interrupts: over the character's voice: it is to be silent.
        signals: what the words say about whether the turn is over.
        reason: in a few words for people, when there is nothing to answer.
        decision: what attention made of it; None when it was not asked.
    """

    words: str
    language: str
    interrupts: bool
    signals: EndOfTurnSignals = NO_SIGNALS
    reason: str = ""
    decision: AttentionDecision | None = None


def interpret(understood: Recognition, moment: SpeechContext, attention: Attention) -> Interpretation:
    """What ``understood`` means at that ``moment``."""
    language = understood.language
    if not understood.has_words:
        # The first half of a turn stays a turn, whatever noise came after it.
        votes = _signals(moment.said_before, language)
        return Interpretation(moment.said_before, language, interrupts=False, signals=votes, reason=understood.reason)
    text = understood.text
    if moment.playing is not None:
        text = without_echo(text, moment.playing)
        if not text:
            return Interpretation("", language, interrupts=False, reason="the character's own words")
        verdict = classify_overlap(text, to_ms(moment.ended - moment.began), understood.confidence)
        if verdict.overlap is not Overlap.INTERRUPTION:
            return Interpretation("", language, interrupts=False, reason=verdict.reason)
    return _interpret_decision(text, language, moment, attention.decide(text, moment.began))


def _interpret_decision(text: str, language: str, moment: SpeechContext, meant: AttentionDecision) -> Interpretation:
    match meant:
        case AnswerRequest(words) | WakeUp(words):
            pass
        case ObeyCommand(given, words) if given.command is Command.GO_ON:
            meant = AnswerRequest(words)  # the character is told so, and goes on in its own words
        case ObeyCommand(given):
            return Interpretation("", language, interrupts=True, reason=f"“{given.command.value}”", decision=meant)
        case GoToSleep():
            return Interpretation("", language, interrupts=True, reason="told to sleep", decision=meant)
        case Ignore(why):
            return Interpretation("", language, interrupts=False, reason=why, decision=meant)
    whole = f"{moment.said_before} {words}".strip()
    return Interpretation(whole, language, interrupts=True, signals=_signals(text, language), decision=meant)


def _signals(text: str, language: str) -> EndOfTurnSignals:
    return EndOfTurnSignals(
        breaks_off=breaks_off(text, language),
        only_opener=is_only_opener(text, language),
        only_condition=is_only_condition(text, language),
        thinking_aloud=is_thinking_aloud(text, language),
    )


def with_model_signals(given: Interpretation, sentence: float | None, voice: float | None) -> Interpretation:
    """``given`` with the votes of the language model and of the turn detector."""
    return replace(given, signals=replace(given.signals, sentence_complete=sentence, voice_complete=voice))
