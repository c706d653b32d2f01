"""The turn as a transaction: prepared at a pause, committed when the turn is over, rolled back when it is not.

::

    hear (whisper, evidence) ──> think (llama) ──> speak (first phrase) ──> held ──commit──> loudspeaker
          └────────────────────── roll back: nothing was heard, nothing is remembered ──────────┘
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable

from voicemate.conversation.reply import Mouth, Reply
from voicemate.errors import VoicemateError, first_error
from voicemate.events import Fault, Heard, Stage, StageTimed
from voicemate.hearing.listener import Understood
from voicemate.personas.persona import Persona


class Turn:
    """One turn of the person and the reply to it. Lives on the conversation's loop.

    Args:
        turn: which of the person's turns it will be if it is committed.
        hear: understands the person.
        think: the reply's text as it is decoded.
        persona, mouth: who answers, and with what.
        judged: called once when the words are known.
        failed: called once when there will be no (more) reply, with the reason.
    """

    def __init__(
        self,
        turn: int,
        hear: Callable[[], Awaitable[Understood]],
        think: Callable[[str], AsyncGenerator[str]],
        persona: Persona,
        mouth: Mouth,
        judged: Callable[[Understood], None],
        failed: Callable[[str], None],
    ):
        self.turn = turn
        self.understood: Understood | None = None
        self.reply: Reply | None = None
        self.hearing_ms = 0.0
        self.committed_at: int | None = None
        self.ended = 0  # the person's last sample
        self._hear = hear
        self._think = think
        self._persona = persona
        self._mouth = mouth
        self._judged = judged
        self._failed = failed
        self._task: asyncio.Task[None] | None = None

    def prepare(self) -> None:
        """Start working on it."""
        self._task = asyncio.create_task(self._run(), name=f"turn {self.turn}")

    def commit(self, at: int, ended: int) -> None:
        """The person is done: whatever is ready, or becomes ready, is heard.

        Args:
            at, ended: clock positions of the decision and of the person's last sample.
        """
        self.committed_at, self.ended = at, ended
        if self.reply:
            self.reply.release()

    def roll_back(self) -> None:
        """Stop all work at the engines' next step; what was held is dropped."""
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            self.understood = await self._understand()
            self._judged(self.understood)
            if not self.understood.words:
                return
            self.reply = Reply(self.turn, self._think(self.understood.text), self._persona, self._mouth)
            if self.committed_at is not None:
                self.reply.release()
            await self.reply.run()
            if self.reply.ledger.begin() is None:
                self._failed("there was nothing to say")
        except* VoicemateError as errors:
            error = first_error(errors)
            self._mouth.emit(Fault(self._mouth.now(), "reply", error.wrong, error.remedy))
            self._failed(error.wrong)

    async def _understand(self) -> Understood:
        began, started = self._mouth.now(), time.perf_counter()
        understood = await self._hear()
        now, self.hearing_ms = self._mouth.now(), (time.perf_counter() - started) * 1000
        self._mouth.emit(StageTimed(now, self.turn, Stage.HEARING, began, self.hearing_ms))
        if understood.words:
            self._mouth.emit(Heard(now, self.turn, understood.text, understood.language, final=False))
        return understood
