"""One turn as a transaction: started at a pause, committed when the turn is over, discarded when the person goes on.

::

    transcribe (Whisper) ──> reply_to (Llama) ──> synthesize (first phrase) ──> held ──commit──> speaker
          └────────────────── discard: nothing was played, nothing is remembered ──────┘
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Protocol

from voicemate.conversation.interpretation import Interpretation
from voicemate.conversation.recognizer import Recognition
from voicemate.conversation.reply import Reply, SpeechOutput
from voicemate.core.errors import VoicemateError, first_error
from voicemate.core.events import Fault, PipelineStage, StageTimed, Transcribed, TurnEnded
from voicemate.turns.messages import CommitTurn


class TurnPipeline(Protocol):
    """The engines' work on one turn, in the order in which a turn asks for it."""

    async def transcribe(self) -> Recognition:
        """Recognize the person's words."""
        ...

    def interpret(self, recognition: Recognition) -> Interpretation:
        """Decide what the words mean at this moment."""
        ...

    async def detect_turn_end(self) -> float | None:
        """Estimate by the sound of the voice alone how probable it is that the turn is over, 0 to 1.

        Runs at the same time as ``transcribe``. None where it cannot be estimated.
        """
        ...

    async def add_model_signals(self, interpretation: Interpretation, voice: float | None) -> Interpretation:
        """Add ``voice`` and the language model's estimate to ``interpretation``.

        Called only when there is something to answer.
        """
        ...

    def reply_to(self, words: str) -> AsyncGenerator[str]:
        """Generate the reply's text, piece by piece."""
        ...


class TurnListener(Protocol):
    """Who learns what becomes of a turn. Called on the conversation's loop."""

    def on_interpreted(self, turn: "Turn", interpretation: Interpretation) -> None:
        """Called once when the words and their meaning are known."""
        ...

    def on_reply_ready(self, turn: "Turn") -> None:
        """Called once when the first sound of the reply is ready to play."""
        ...

    def on_failed(self, turn: "Turn", reason: str) -> None:
        """Called once when there will be no reply, or no more of it."""
        ...


class Turn:
    """One turn of the person and the reply to it. Belongs to the conversation's loop.

    Args:
        generation_id: counts the generations; a turn that goes on after a pause gets a new one.
        turn_id: the number of the person's turn that this will be if it is committed.
        pipeline: does the engines' work.
        listener: learns what becomes of it.
        output: plays the reply, and takes the events.
        request_id: of the request that typed it; None for a spoken turn.
    """

    def __init__(
        self,
        generation_id: int,
        turn_id: int,
        pipeline: TurnPipeline,
        listener: TurnListener,
        output: SpeechOutput,
        request_id: str | None = None,
    ):
        self.generation_id = generation_id
        self.turn_id = turn_id
        self.request_id = request_id
        self.interpretation: Interpretation | None = None
        self.reply: Reply | None = None
        self.transcript = ""  # what Whisper wrote, speech or not
        self.stt_ms = 0.0
        self.committed_at: int | None = None
        self.due_at = 0  # where the turn was over, but for the reply
        self.reply_was_ready = False  # at the commit
        self.ended = 0  # the person's last sample
        self.error: VoicemateError | None = None
        self._pipeline = pipeline
        self._listener = listener
        self._output = output
        self._discarded = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start generating the reply."""
        self._task = asyncio.create_task(self._run(), name=f"turn {self.turn_id}")

    async def finish(self) -> None:
        """Return when the whole reply is queued at the speaker, or the turn has failed."""
        if self._task:
            await self._task

    def commit(self, at: int, action: CommitTurn) -> None:
        """End the turn: play what is ready, and the rest as it becomes ready.

        Args:
            at: the clock position of the decision.
            action: what the floor decided.
        """
        self.committed_at, self.ended = at, action.ended
        self.due_at = at if action.due_at is None else action.due_at
        # Not by comparing positions: between blocks the clock is ahead of the block that the decision belongs to.
        self.reply_was_ready = self.reply is not None and self.reply.ready_at is not None
        self._output.emit(
            TurnEnded(at, self.turn_id, action.began, action.ended, action.reason, action.due_at, self.request_id)
        )
        if self.reply:
            self.reply.release()
        if self.interpretation is not None:
            self._emit_words(self.interpretation)

    def discard(self) -> None:
        """Stop all work at the engines' next step, and drop what was held."""
        self._discarded = True
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        voice = asyncio.ensure_future(self._pipeline.detect_turn_end())
        try:
            interpretation = self._pipeline.interpret(await self._transcribe())
            reply = None
            if (
                interpretation.words
            ):  # the model judges them while it reads the reply's prompt: that counts as LLM time
                reply = Reply(
                    self.turn_id, self._pipeline.reply_to(interpretation.words), self._output, self._on_ready
                )
                interpretation = await self._pipeline.add_model_signals(interpretation, await voice)
            self._set_interpretation(interpretation)
            if self._discarded or reply is None:
                return
            await self._play(reply)
        except* VoicemateError as errors:
            self.error = error = first_error(errors)
            self._output.emit(Fault(self._output.now(), "reply", error.message, error.hint))
            self._listener.on_failed(self, error.message)
        finally:
            voice.cancel()

    async def _transcribe(self) -> Recognition:
        began, started = self._output.now(), time.perf_counter()
        recognition = await self._pipeline.transcribe()
        now, self.stt_ms = self._output.now(), (time.perf_counter() - started) * 1000
        self.transcript = recognition.text
        self._output.emit(StageTimed(now, self.turn_id, PipelineStage.STT, began, self.stt_ms))
        if recognition.has_words:
            self._output.emit(Transcribed(now, self.turn_id, recognition.text, recognition.language, final=False))
        return recognition

    def _set_interpretation(self, interpretation: Interpretation) -> None:
        typed = self.committed_at is not None  # a typed turn is committed before its words are interpreted
        self.interpretation = interpretation
        self._listener.on_interpreted(self, interpretation)
        if typed:
            self._emit_words(interpretation)

    async def _play(self, reply: Reply) -> None:
        self.reply = reply
        if self.committed_at is not None:
            reply.release()
        await reply.run()
        if reply.heard_prefix.first_sample() is None:
            self._listener.on_failed(self, "there was nothing to say")

    def _on_ready(self) -> None:
        self._listener.on_reply_ready(self)

    def _emit_words(self, interpretation: Interpretation) -> None:
        words, language = interpretation.words, interpretation.language
        self._output.emit(Transcribed(self._output.now(), self.turn_id, words, language, final=True))
