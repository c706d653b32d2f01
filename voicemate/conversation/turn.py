"""The turn as a transaction: prepared at a pause, committed when the turn is over, rolled back when it is not.

::

    hear (whisper, evidence) ──> think (llama) ──> speak (first phrase) ──> held ──commit──> loudspeaker
          └────────────────────── roll back: nothing was heard, nothing is remembered ──────────┘
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from voicemate.conversation.interpretation import Interpretation
from voicemate.conversation.recognizer import Recognition
from voicemate.conversation.reply import Reply, SpeechOutput
from voicemate.core.errors import VoicemateError, first_error
from voicemate.core.events import Fault, PipelineStage, StageTimed, Transcribed
from voicemate.personas.persona import Persona


@dataclass(frozen=True, slots=True)
class TurnWork:
    """What a turn asks of the others, in this order.

    Attributes:
        hear: understands the person.
        interpret: what their words mean at this moment.
        listen: how probable it is, by the sound of the voice alone, that the turn is over; None where nobody knows.
            Asked at the same time as ``hear``.
        weigh: puts that in, and the language model's vote on the words; not asked where there is nothing to answer.
        judged: called once when the meaning is known.
        ready: called once when the reply's first sound is there.
        think: the reply's text as it is decoded.
        failed: called once when there will be no (more) reply, with the reason.
    """

    hear: Callable[[], Awaitable[Recognition]]
    interpret: Callable[[Recognition], Interpretation]
    listen: Callable[[], Awaitable[float | None]]
    weigh: Callable[[Interpretation, float | None], Awaitable[Interpretation]]
    judged: Callable[[Interpretation], None]
    ready: Callable[[], None]
    think: Callable[[str], AsyncGenerator[str]]
    failed: Callable[[str], None]


class Turn:
    """One turn of the person and the reply to it. Lives on the conversation's loop.

    Args:
        number: of its preparation.
        turn: which of the person's turns it will be if it is committed.
        work: what it asks of the others.
        persona, mouth: who answers, and with what.
    """

    def __init__(self, number: int, turn: int, work: TurnWork, persona: Persona, mouth: SpeechOutput):
        self.generation_id = number
        self.turn_id = turn
        self.interpretation: Interpretation | None = None
        self.reply: Reply | None = None
        self.transcript = ""  # what whisper wrote, words or not
        self.stt_ms = 0.0
        self.committed_at: int | None = None
        self.due_at = 0  # where it was over but for the reply
        self.reply_was_ready = False  # the reply's first sound was there then
        self.ended = 0  # the person's last sample
        self._work = work
        self._persona = persona
        self._mouth = mouth
        self._dropped = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start working on it."""
        self._task = asyncio.create_task(self._run(), name=f"turn {self.turn_id}")

    def commit(self, at: int, due_at: int, ended: int) -> None:
        """The person is done: whatever is ready, or becomes ready, is heard.

        Args:
            at, due, ended: clock positions of the decision, of where it would have been taken with a reply that was
                ready, and of the person's last sample.
        """
        self.committed_at, self.due_at, self.ended = at, due_at, ended
        # Not by comparing positions: between blocks the clock is ahead of the block that the decision belongs to.
        self.reply_was_ready = self.reply is not None and self.reply.ready_at is not None
        if self.reply:
            self.reply.release()

    def discard(self) -> None:
        """Stop all work at the engines' next step; what was held is dropped."""
        self._dropped = True
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        voice = asyncio.ensure_future(self._work.listen())
        try:
            meaning = self._work.interpret(await self._understand())
            reply = None
            if meaning.words:  # the model judges them while it reads the reply's prompt: that is thinking already
                reply = Reply(
                    self.turn_id, self._work.think(meaning.words), self._persona, self._mouth, self._work.ready
                )
                meaning = await self._work.weigh(meaning, await voice)
            self.interpretation = meaning
            self._work.judged(meaning)
            if self._dropped or reply is None:
                return
            self.reply = reply
            if self.committed_at is not None:
                self.reply.release()
            await self.reply.run()
            if self.reply.heard_prefix.first_sample() is None:
                self._work.failed("there was nothing to say")
        except* VoicemateError as errors:
            error = first_error(errors)
            self._mouth.emit(Fault(self._mouth.now(), "reply", error.message, error.hint))
            self._work.failed(error.message)
        finally:
            voice.cancel()

    async def _understand(self) -> Recognition:
        began, started = self._mouth.now(), time.perf_counter()
        understood = await self._work.hear()
        now, self.stt_ms = self._mouth.now(), (time.perf_counter() - started) * 1000
        self.transcript = understood.text
        self._mouth.emit(StageTimed(now, self.turn_id, PipelineStage.STT, began, self.stt_ms))
        if understood.has_words:
            self._mouth.emit(Transcribed(now, self.turn_id, understood.text, understood.language, final=False))
        return understood
