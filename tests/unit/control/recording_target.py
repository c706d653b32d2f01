"""A target that records commands, and a server for it."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from voicemate.control.rate_limit import ClientLimits
from voicemate.control.server import ControlServer
from voicemate.control.status import (
    Choice,
    Choices,
    DaemonStatus,
    DeviceStatus,
    ModelNames,
    RecentExchange,
    TypedReply,
)
from voicemate.core.errors import ControlError, PersonaError
from voicemate.core.events import Event, EventStream, Subscriber, TurnEnded

STATUS = DaemonStatus(
    version="0",
    pid=os.getpid(),
    uptime_s=1.5,
    state="listening",
    reason="ready",
    listening=True,
    muted=False,
    mode="hands-free",
    persona="juniper",
    character="Juniper",
    models=ModelNames(stt="h", llm="t", tts="s"),
    microphone=DeviceStatus(name="mic", open=True),
    speaker=DeviceStatus(name="speaker", open=True),
    echo="half duplex",
    offline={},
    memory_mb=10.0,
    gaps_ms=[480.0],
    turns=1,
    problems=[],
    settings="settings.toml",
    log="voicemate.log",
)


@dataclass
class RecordingTarget:
    """Records every command.

    Attributes:
        reply_ready: ``ask`` is answered once this is set.
        events_while_asked: emitted before that.
    """

    commands: list[tuple[Any, ...]] = field(default_factory=list)
    events: EventStream = field(default_factory=EventStream)
    reply_ready: asyncio.Event = field(default_factory=asyncio.Event)
    events_while_asked: tuple[Event, ...] = ()
    _key_owner: object | None = None

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        return self.events.subscribe(subscriber)

    def status(self) -> DaemonStatus:
        return STATUS

    async def listen(self, on: bool) -> None:
        self.commands.append(("listen", on))

    async def mute(self, on: bool) -> None:
        self.commands.append(("mute", on))

    async def recent_exchanges(self, count: int) -> tuple[RecentExchange, ...]:
        return (RecentExchange("juniper", "hello", "Hello."),) * count

    async def choices(self) -> Choices:
        return Choices(personas=(Choice("juniper", "Juniper"),))

    async def press(self, owner: object | None = None) -> None:
        self._key_owner = owner or self._key_owner
        self.commands.append(("press",))

    async def release_owned(self, owner: object) -> None:
        if self._key_owner is owner:
            await self.release()

    async def release(self) -> None:
        self._key_owner = None
        self.commands.append(("release",))

    async def toggle(self) -> None:
        raise ControlError("There is no key", "Set one", "unavailable")

    async def interrupt(self) -> None:
        raise ZeroDivisionError("a mistake of ours")

    async def say(self, text: str) -> str:
        self.commands.append(("say", text))
        return text

    async def ask(self, text: str, request_id: str) -> TypedReply:
        self.commands.append(("ask", text))
        for event in self.events_while_asked:
            if isinstance(event, TurnEnded) and event.request_id:
                event = replace(event, request_id=request_id)
            self.events.emit(event)
        await self.reply_ready.wait()
        return TypedReply(1, "Indeed.")

    async def set_persona(self, name: str, keep: bool) -> dict[str, Any]:
        raise PersonaError(f"There is no persona `{name}`", "Perhaps `juniper` is meant")

    async def reload(self) -> dict[str, Any]:
        return {"changed": []}

    def stop(self) -> None:
        self.commands.append(("stop",))


@asynccontextmanager
async def serving(path: Path, **limits: Any) -> AsyncIterator[tuple[RecordingTarget, ControlServer]]:
    """A server while the body runs, without rate limit by default."""
    conversation = RecordingTarget()
    server = ControlServer(conversation, path, ClientLimits(**{"rate": 1e6, "burst": 1_000_000} | limits))
    await server.open()
    try:
        yield conversation, server
    finally:
        await server.close()
