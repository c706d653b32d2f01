"""How one turn is understood: by its words, by the sound of the voice, and by the language model.

Each answer is asked for as late as it can be, and each vote may be missing (``endpointing.Votes``).
"""

import contextlib
from collections.abc import Callable

from voicemate.conversation.components import Components
from voicemate.conversation.interpretation import Interpretation, SpeechContext, interpret, with_model_signals
from voicemate.conversation.recognizer import Recognition
from voicemate.core.errors import ModelError
from voicemate.turns.end_of_turn.smart_turn import WINDOW


class TurnUnderstanding:
    """Of one turn that is prepared. Lives on the conversation's loop.

    Args:
        parts: the engines.
        moment: when it was said.
        typed: the words, where they were typed.
        keyed: whether the key ends the turn, so that nobody need judge whether it is over.
    """

    def __init__(self, parts: Components, moment: SpeechContext, typed: str | None, keyed: Callable[[], bool]):
        self._parts = parts
        self._moment = moment
        self._typed = typed
        self._keyed = keyed

    async def transcribe(self) -> Recognition:
        """The words."""
        if self._typed:
            return Recognition(self._typed, self._parts.chat_history.persona.language, has_words=True)
        return await self._parts.recognizer.recognize()

    def interpret(self, understood: Recognition) -> Interpretation:
        """What they mean at that moment."""
        if self._typed:
            return Interpretation(self._typed, understood.language, interrupts=True)
        return interpret(understood, self._moment, self._parts.attention)

    async def detect_turn_end(self) -> float | None:
        """How probable it is that the turn is over, by the sound of the voice alone; None where nobody knows."""
        detector, listener = self._parts.turn_detector, self._parts.recognizer
        if detector is None or self._typed or self._moment.playing is not None:
            return None
        end = listener.position
        with contextlib.suppress(ModelError):  # a vote less, and the rule works without it
            return await detector.probability_complete(listener.audio(max(self._moment.began, end - WINDOW), end))
        return None

    async def add_model_signals(self, given: Interpretation, voice: float | None) -> Interpretation:
        """``given`` with that and with the language model's vote on the words, where somebody needs them."""
        if self._typed or self._moment.playing is not None or self._keyed():
            return given
        known = self._parts.languages
        in_its_language = known is None or given.language in known
        sentence = await self._parts.chat_history.completeness(given.words) if in_its_language else None
        return with_model_signals(given, sentence, voice)
