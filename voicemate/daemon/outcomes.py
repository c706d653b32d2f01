"""Waits in the stream of events for the outcome of a command."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from voicemate.control.protocol import ErrorCode
from voicemate.control.status import TypedReply
from voicemate.core.errors import ControlError
from voicemate.core.events import (
    Event,
    EventStream,
    Fault,
    FloorChanged,
    FloorState,
    GenerationDiscarded,
    ReplyEnded,
    TurnEnded,
)

T = TypeVar("T")


async def wait_for_event(events: EventStream, judge: Callable[[Event], T | None], begin: Callable[[], None]) -> T:
    """Call ``begin``, and return the first result of ``judge`` for an event from then on that is not None.

    Raises:
        ControlError: as ``judge`` or ``begin``.
    """
    outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def on_event(event: Event) -> None:
        if outcome.done():
            return
        try:
            result = judge(event)
        except ControlError as error:
            outcome.set_exception(error)
        else:
            if result is not None:
                outcome.set_result(result)

    unsubscribe = events.subscribe(on_event)
    try:
        begin()
        return await outcome
    finally:
        unsubscribe()


class ReplyOutcome:
    """Judges the events after a typed turn; its result is the reply.

    Args:
        request_id: of the typed turn.
    """

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._turn: int | None = None
        self._message = "It was dropped"
        self._hint = ""

    def __call__(self, event: Event) -> TypedReply | None:
        """The reply, if ``event`` ends it."""
        match event:
            case TurnEnded(request_id=self._request_id):
                self._turn = event.turn
            case ReplyEnded() if event.turn == self._turn:
                return TypedReply(event.turn, event.heard_prefix)
            case Fault():
                self._message, self._hint = event.message, event.hint
            case GenerationDiscarded() if event.turn == self._turn:
                self._message = event.reason[:1].upper() + event.reason[1:]
            case FloorChanged() if self._turn is not None:
                _check_goes_on(event, self._message, self._hint)
            case _:
                pass
        return None


class SpeechOutcome:
    """Judges the events after a text to say; its result is the part that was heard.

    The character says it unprompted, which is turn 0, and only while nothing else is said.
    """

    def __call__(self, event: Event) -> str | None:
        """The part that was heard, if ``event`` ends it."""
        match event:
            case ReplyEnded(turn=0):
                return event.heard_prefix
            case Fault(component="greeting"):
                raise ControlError(event.message, event.hint, ErrorCode.FAILED)
            case FloorChanged(state=FloorState.STOPPED | FloorState.UNAVAILABLE):
                _check_goes_on(event, "The conversation ended before it was said", "")
            case _:
                pass
        return None


def _check_goes_on(event: FloorChanged, message: str, hint: str) -> None:
    """Raise if no reply can come after this.

    Raises:
        ControlError: with ``message`` and ``hint``, or the reason for which there is no conversation.
    """
    if event.state is FloorState.UNAVAILABLE:
        raise ControlError(event.reason, "See `voicemate status`", ErrorCode.UNAVAILABLE)
    if event.state in (FloorState.LISTENING, FloorState.STOPPED):
        raise ControlError(message, hint, ErrorCode.FAILED)
