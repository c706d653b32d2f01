"""``voicemate talk`` with the desktop's push-to-talk key.

Beside a conversation that listens hands-free, the key takes the floor. Where only the key is listened to, the
conversation is kept as the daemon keeps it, with the microphone closed until the key goes down.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from voicemate.app import conversation
from voicemate.app.conversation import Beside, ViewMaker, cancel_on_sigterm, title
from voicemate.app.single_instance import single_instance
from voicemate.config.schema import PushToTalkSettings, Settings
from voicemate.conversation.session import Session
from voicemate.core.events import Advisory, Event, EventStream, HotkeyChanged
from voicemate.daemon.conversation_factory import ConversationFactory
from voicemate.daemon.daemon import Daemon
from voicemate.personas.library import find_persona
from voicemate.push_to_talk.chord_listener import make_chord_listener
from voicemate.push_to_talk.controller import KeyController, ListenerFactory
from voicemate.push_to_talk.key import MicrophoneKey


async def talk(settings: Settings, view: ViewMaker, record: Path | None = None) -> None:
    """Converse on this machine's microphone and loudspeaker until interrupted.

    Args:
        record: keep the whole conversation in this new file; the microphone is open all the time then.

    Raises:
        VoicemateError: of the class that says what is missing or broke. Where only the key is listened to, what is
            missing is shown instead, and tried again.
    """
    if settings.push_to_talk.hands_free or record:
        await conversation.talk(settings, view, record, beside=key_for_session(settings))
    else:
        await _talk_push_to_talk(settings, view)


async def _talk_push_to_talk(settings: Settings, view: ViewMaker) -> None:
    persona = find_persona(settings.persona)
    keeper = Daemon(ConversationFactory(settings=lambda overrides: settings))
    with single_instance(), view(title(settings, persona), persona.name) as shown:
        keeper.subscribe(shown)
        _announce_key(keeper.events)
        hotkey = KeyController(keeper, keeper.events)
        keeper.add_settings_listener(hotkey.apply_settings)
        async with hotkey:
            with cancel_on_sigterm():
                await keeper.run()


def key_for_session(settings: Settings, make_listener: ListenerFactory = make_chord_listener) -> Beside:
    """The key beside a conversation that is there already."""

    @asynccontextmanager
    async def watched(session: Session, events: EventStream) -> AsyncIterator[None]:
        _announce_key(events)
        hotkey = KeyController(SessionKey(session, settings.push_to_talk), events, make_listener)
        hotkey.apply_settings(settings)
        async with hotkey:
            yield

    return watched


class SessionKey:
    """The push-to-talk key of one conversation; ``Keyed`` to what watches it.

    Args:
        settings: how long it may seem to be held.
    """

    def __init__(self, session: Session, settings: PushToTalkSettings):
        self._session = session
        self._key = MicrophoneKey(on_lost=self._release, on_cooled=lambda: None)
        self._key.settings = settings

    @property
    def key_is_down(self) -> bool:
        return self._key.down

    async def press(self) -> None:
        if not self._key.down:
            self._key.press()
            self._session.press()

    async def release(self) -> None:
        self._release()

    async def interrupt(self) -> None:
        self._session.interrupt()

    def _release(self) -> None:
        if self._key.release():
            self._session.release()


def _announce_key(events: EventStream) -> None:
    """Have those who see the conversation told which key there is."""

    def explain(event: Event) -> None:
        if isinstance(event, HotkeyChanged) and event.active:
            how = "Hold" if event.mode == "hold" else "Press"
            events.emit(Advisory(0, f"{how} {event.chord} to talk; a tap silences the character."))

    events.subscribe(explain)
