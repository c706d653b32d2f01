"""The engines' work on one turn: a spoken one, or one that was typed."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from voicemate.conversation.chat_history import ChatHistory
from voicemate.conversation.interpretation import Interpretation, SpeechContext, interpret, with_model_signals
from voicemate.conversation.recognizer import Recognition, Recognizer
from voicemate.core.errors import ModelError
from voicemate.tts.base import Synthesizer
from voicemate.turns.attention import Attention
from voicemate.turns.end_of_turn.smart_turn import WINDOW, TurnDetector
from voicemate.turns.floor import FloorPolicy


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of a conversation, loaded.

    Attributes:
        turn_detector: judges by the sound of the voice whether a turn is over; None to do without.
    """

    recognizer: Recognizer
    chat_history: ChatHistory
    synthesizer: Synthesizer
    turn_detector: TurnDetector | None = None


class SpokenTurnPipeline:
    """A ``TurnPipeline`` for what the person said.

    Args:
        engines: do the work.
        attention: decides whether the words are meant for the character.
        floor: knows whether the key ends the turn.
        context: when the turn was said.
        turn_id: the number of the person's turn.
        languages: those that the language model knows well enough to judge a sentence; None for all.
    """

    def __init__(
        self,
        engines: Engines,
        attention: Attention,
        floor: FloorPolicy,
        context: SpeechContext,
        turn_id: int,
        languages: frozenset[str] | None = None,
    ):
        self._engines = engines
        self._attention = attention
        self._floor = floor
        self._context = context
        self._turn_id = turn_id
        self._languages = languages

    async def transcribe(self) -> Recognition:
        """Recognize the words since the voice began."""
        return await self._engines.recognizer.recognize()

    def interpret(self, recognition: Recognition) -> Interpretation:
        """Decide what the words mean at this moment."""
        return interpret(recognition, self._context, self._attention)

    async def detect_turn_end(self) -> float | None:
        """Ask the turn detector; None where there is none, it fails, or the person talks over the character."""
        detector, recognizer = self._engines.turn_detector, self._engines.recognizer
        if detector is None or self._context.playing is not None:
            return None
        end = recognizer.position
        with contextlib.suppress(ModelError):  # the rule does without this signal
            return await detector.probability_complete(recognizer.audio(max(self._context.began, end - WINDOW), end))
        return None

    async def add_model_signals(self, interpretation: Interpretation, voice: float | None) -> Interpretation:
        """Add ``voice`` and the language model's estimate, unless the end of the turn is certain without them."""
        if self._context.playing is not None or self._floor.key_ends_turn:
            return interpretation
        known = self._languages is None or interpretation.language in self._languages
        sentence = await self._engines.chat_history.completeness(interpretation.words) if known else None
        return with_model_signals(interpretation, sentence, voice)

    def reply_to(self, words: str) -> AsyncGenerator[str]:
        """Generate the reply's text."""
        return self._engines.chat_history.reply_to(words, self._turn_id)


class TypedTurnPipeline:
    """A ``TurnPipeline`` for what the person typed: nothing to recognize, and nothing to judge.

    Args:
        text: what was typed.
        chat_history: generates the reply.
        turn_id: the number of the person's turn.
    """

    def __init__(self, text: str, chat_history: ChatHistory, turn_id: int):
        self._text = text
        self._chat_history = chat_history
        self._turn_id = turn_id

    async def transcribe(self) -> Recognition:
        """Return the text as if it had been recognized."""
        return Recognition(self._text, self._chat_history.persona.language, has_words=True)

    def interpret(self, recognition: Recognition) -> Interpretation:
        """Take the text as it is: it is always meant for the character."""
        return Interpretation(self._text, recognition.language, interrupts=True)

    async def detect_turn_end(self) -> float | None:
        """Return None: there is no voice."""
        return None

    async def add_model_signals(self, interpretation: Interpretation, voice: float | None) -> Interpretation:
        """Return ``interpretation``: the turn is over."""
        return interpretation

    def reply_to(self, words: str) -> AsyncGenerator[str]:
        """Generate the reply's text."""
        return self._chat_history.reply_to(words, self._turn_id)
