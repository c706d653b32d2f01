"""What the person's words mean for the conversation: a turn, a command, a sign that they listen, or nothing.

Puts together what ``hearing`` knows about words with what the conversation knows about the moment. It changes
nothing: a turn may be prepared and rolled back, so what follows from a meaning is done by the session once it is
final.
"""

from dataclasses import dataclass, replace

from voicemate.conversation.attention import Attention, FallAsleep, Ignore, Meant, Obey, Take, WakeUp
from voicemate.conversation.endpointing import Votes
from voicemate.conversation.floor_inputs import NO_VOTES
from voicemate.hearing.backchannel import Overlap, classify
from voicemate.hearing.echo_words import besides_echo
from voicemate.hearing.endpoint import only_a_condition, only_calls, unfinished
from voicemate.hearing.listener import Understood
from voicemate.hearing.patience import thinking_aloud
from voicemate.hearing.spoken_commands import Command
from voicemate.sound import milliseconds


@dataclass(frozen=True, slots=True)
class Moment:
    """When it was said.

    Attributes:
        began, ended: clock positions of the speech.
        in_air: over the character's voice: the words that were leaving the loudspeaker; None otherwise.
        before: what the person had said when the character cut in falsely; it belongs to what they say now.
    """

    began: int
    ended: int
    in_air: str | None = None
    before: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What some words mean.

    Attributes:
        words: what the character is to answer; empty when there is nothing to.
        language: two letters.
        bid: over the character's voice: it is to be silent.
        votes: what the words say about whether the turn is over.
        why: in a few words for people, when there is nothing to answer.
        meant: what attention made of it; None when it was not asked.
    """

    words: str
    language: str
    bid: bool
    votes: Votes = NO_VOTES
    why: str = ""
    meant: Meant | None = None


def meaning(understood: Understood, moment: Moment, attention: Attention) -> Meaning:
    """What ``understood`` means at that ``moment``."""
    language = understood.language
    if not understood.words:
        # The first half of a turn stays a turn, whatever noise came after it.
        votes = _votes(moment.before, language)
        return Meaning(moment.before, language, bid=False, votes=votes, why=understood.why)
    text = understood.text
    if moment.in_air is not None:
        text = besides_echo(text, moment.in_air)
        if not text:
            return Meaning("", language, bid=False, why="the character's own words")
        verdict = classify(text, milliseconds(moment.ended - moment.began), understood.confidence)
        if verdict.overlap is not Overlap.BID:
            return Meaning("", language, bid=False, why=verdict.why)
    return _meant(text, language, moment, attention.consider(text, moment.began))


def _meant(text: str, language: str, moment: Moment, meant: Meant) -> Meaning:
    match meant:
        case Take(words) | WakeUp(words):
            pass
        case Obey(given, words) if given.command is Command.GO_ON:
            meant = Take(words)  # the character is told so, and goes on in its own words
        case Obey(given):
            return Meaning("", language, bid=True, why=f"“{given.command.value}”", meant=meant)
        case FallAsleep():
            return Meaning("", language, bid=True, why="told to sleep", meant=meant)
        case Ignore(why):
            return Meaning("", language, bid=False, why=why, meant=meant)
    whole = f"{moment.before} {words}".strip()
    return Meaning(whole, language, bid=True, votes=_votes(text, language), meant=meant)


def _votes(text: str, language: str) -> Votes:
    return Votes(
        breaks_off=unfinished(text, language),
        only_calls=only_calls(text, language),
        only_a_condition=only_a_condition(text, language),
        thinking_aloud=thinking_aloud(text, language),
    )


def with_votes(given: Meaning, sentence: float | None, voice: float | None) -> Meaning:
    """``given`` with the votes of the language model and of the turn detector."""
    return replace(given, votes=replace(given.votes, sentence=sentence, voice=voice))
