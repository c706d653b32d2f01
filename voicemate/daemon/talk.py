"""``voicemate talk`` with the push-to-talk key of the desktop.

Beside a conversation that listens hands-free, the key takes the floor. Where only the key opens the microphone, the
conversation runs under the daemon's supervisor.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from voicemate.app import conversation
from voicemate.app.conversation import SessionTask, ViewFactory, cancel_on_sigterm, title
from voicemate.app.single_instance import single_instance
from voicemate.config.schema import Settings
from voicemate.conversation.session import Session
from voicemate.core.events import EventStream
from voicemate.daemon.conversation_factory import LocalConversationFactory
from voicemate.daemon.daemon import Daemon
from voicemate.personas.library import find_persona
from voicemate.push_to_talk.chord_listener import make_chord_listener
from voicemate.push_to_talk.chord_watcher import ChordWatcher, ListenerFactory
from voicemate.push_to_talk.session_key import announce_key, watch_key


async def talk(settings: Settings, view: ViewFactory, record: Path | None = None) -> None:
    """Converse on this machine's microphone and speaker until interrupted.

    Args:
        record: a new file for the whole conversation; the microphone is open all the time then.

    Raises:
        VoicemateError: of the class that says what is missing or broke. Where only the key opens the microphone, a
            fault is shown instead, and tried again.
    """
    if settings.push_to_talk.hands_free or record:
        await conversation.talk(settings, view, record, beside=key_for_session(settings))
    else:
        await _talk_push_to_talk(settings, view)


async def _talk_push_to_talk(settings: Settings, view: ViewFactory) -> None:
    persona = find_persona(settings.persona)
    daemon = Daemon(LocalConversationFactory(settings))
    with single_instance(), view(title(settings, persona), persona.name) as shown:
        daemon.subscribe(shown)
        announce_key(daemon.events)
        watcher = ChordWatcher(daemon.key, daemon.events)
        daemon.add_settings_listener(watcher.apply_settings)
        async with watcher:
            with cancel_on_sigterm():
                await daemon.run()


def key_for_session(settings: Settings, make_listener: ListenerFactory = make_chord_listener) -> SessionTask:
    """Return a task that watches the key during a session."""

    @asynccontextmanager
    async def watching(session: Session, events: EventStream) -> AsyncGenerator[None]:
        async with watch_key(session, events, settings, make_listener):
            yield

    return watching
