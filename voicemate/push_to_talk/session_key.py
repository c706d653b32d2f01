"""The push-to-talk key of one conversation that is already running."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from voicemate.config.schema import Settings
from voicemate.conversation.session import Session
from voicemate.core.events import Advisory, Event, EventStream, HotkeyChanged
from voicemate.push_to_talk.chord_listener import make_chord_listener
from voicemate.push_to_talk.chord_watcher import ChordWatcher, ListenerFactory
from voicemate.push_to_talk.controller import PushToTalkController


class SessionKeyTarget:
    """Passes the key on to ``session``."""

    def __init__(self, session: Session):
        self._session = session

    async def on_key_down(self) -> None:
        """See ``KeyTarget``."""
        self._session.press()

    def on_key_up(self) -> None:
        """See ``KeyTarget``."""
        self._session.release()

    async def interrupt(self) -> None:
        """See ``KeyTarget``."""
        self._session.interrupt()


@asynccontextmanager
async def watch_key(
    session: Session,
    events: EventStream,
    settings: Settings,
    make_listener: ListenerFactory = make_chord_listener,
) -> AsyncIterator[None]:
    """Watch the chord of the desktop for ``session`` while the body runs."""
    announce_key(events)
    key = PushToTalkController(SessionKeyTarget(session))
    key.apply_settings(settings.push_to_talk)
    unsubscribe = events.subscribe(key.on_event)
    watcher = ChordWatcher(key, events, make_listener)
    watcher.apply_settings(settings)
    try:
        async with watcher:
            yield
    finally:
        unsubscribe()


def announce_key(events: EventStream) -> None:
    """Emit an advisory that names the chord, as soon as it is watched."""

    def announce(event: Event) -> None:
        if isinstance(event, HotkeyChanged) and event.active:
            verb = "Hold" if event.mode == "hold" else "Press"
            events.emit(Advisory(0, f"{verb} {event.chord} to talk; a tap silences the character."))

    events.subscribe(announce)
