"""Waiting for what becomes of something in the stream of events."""

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
    """Call ``begin``, and return the first thing that ``judge`` makes of an event, from then on, that is not None.

    Raises:
        ControlError: whatever ``judge`` or ``begin`` raised.
    """
    found: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def listen(event: Event) -> None:
        if found.done():
            return
        try:
            verdict = judge(event)
        except ControlError as error:
            found.set_exception(error)
        else:
            if verdict is not None:
                found.set_result(verdict)

    unsubscribe = events.subscribe(listen)
    try:
        begin()
        return await found
    finally:
        unsubscribe()


class ReplyOutcome:
    """Judges what becomes of a typed turn: the text that was heard of the reply to it."""

    def __init__(self) -> None:
        self._turn: int | None = None
        self._why = "It was dropped"
        self._remedy = ""

    def __call__(self, event: Event) -> TypedReply | None:
        match event:
            case TurnEnded() if self._turn is None:
                self._turn = event.turn
            case ReplyEnded() if event.turn == self._turn:
                return TypedReply(event.turn, event.heard_prefix)
            case Fault():
                self._why, self._remedy = event.message, event.hint
            case GenerationDiscarded() if event.turn == self._turn:
                self._why = event.reason[:1].upper() + event.reason[1:]
            case FloorChanged() if self._turn is not None:
                _check_goes_on(event, self._why, self._remedy)
        return None


class SpeechOutcome:
    """Judges what becomes of a text that the character is to say: what was heard of it."""

    def __call__(self, event: Event) -> str | None:
        match event:
            case ReplyEnded(turn=0):
                return event.heard_prefix
            case Fault(component="greeting"):
                raise ControlError(event.message, event.hint, ErrorCode.FAILED)
            case FloorChanged(state=FloorState.STOPPED | FloorState.UNAVAILABLE):
                _check_goes_on(event, "The conversation ended before it was said", "")
        return None


def _check_goes_on(event: FloorChanged, why: str, remedy: str) -> None:
    """That a reply may still come after the floor has changed so."""
    if event.state is FloorState.UNAVAILABLE:
        raise ControlError(event.reason, "See `voicemate status`", ErrorCode.UNAVAILABLE)
    if event.state in (FloorState.LISTENING, FloorState.STOPPED):
        raise ControlError(why, remedy, ErrorCode.FAILED)
