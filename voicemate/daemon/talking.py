"""``voicemate talk`` with the desktop's push-to-talk key.

Beside a conversation that listens hands-free, the key takes the floor. Where only the key is listened to, the
conversation is kept as the daemon keeps it, with the microphone closed until the key goes down.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from voicemate import app
from voicemate.app import Beside, ViewMaker, ends_on_sigterm, title
from voicemate.config import PushToTalkSettings, Settings
from voicemate.conversation.instance import only_instance
from voicemate.conversation.session import Session
from voicemate.daemon.hotkey import Hotkey, MakeWatch
from voicemate.daemon.keeper import Keeper
from voicemate.daemon.key import Key
from voicemate.daemon.workshop import Workshop
from voicemate.events import Event, EventStream, HotkeyChanged, Notice
from voicemate.hotkey.choice import watch_of
from voicemate.personas.library import find_persona


async def talk(settings: Settings, view: ViewMaker, record: Path | None = None) -> None:
    """Converse on this machine's microphone and loudspeaker until interrupted.

    Args:
        record: keep the whole conversation in this new file; the microphone is open all the time then.

    Raises:
        VoicemateError: of the class that says what is missing or broke. Where only the key is listened to, what is
            missing is shown instead, and tried again.
    """
    if settings.push_to_talk.hands_free or record:
        await app.talk(settings, view, record, beside=key_beside(settings))
    else:
        await _talk_by_key(settings, view)


async def _talk_by_key(settings: Settings, view: ViewMaker) -> None:
    persona = find_persona(settings.persona)
    keeper = Keeper(Workshop(settings=lambda overrides: settings))
    with only_instance(), view(title(settings, persona), persona.name) as shown:
        keeper.subscribe(shown)
        _explain_key(keeper.events)
        hotkey = Hotkey(keeper, keeper.events)
        keeper.on_settings(hotkey.use)
        async with hotkey:
            with ends_on_sigterm():
                await keeper.run()


def key_beside(settings: Settings, watch: MakeWatch = watch_of) -> Beside:
    """The key beside a conversation that is there already."""

    @asynccontextmanager
    async def watched(session: Session, events: EventStream) -> AsyncIterator[None]:
        _explain_key(events)
        hotkey = Hotkey(SessionKey(session, settings.push_to_talk), events, watch)
        hotkey.use(settings)
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
        self._key = Key(lost=self._let_go, cold=lambda: None)
        self._key.settings = settings

    @property
    def pressed(self) -> bool:
        return self._key.down

    async def press(self) -> None:
        if not self._key.down:
            self._key.press()
            self._session.press()

    async def release(self) -> None:
        self._let_go()

    async def interrupt(self) -> None:
        self._session.interrupt()

    def _let_go(self) -> None:
        if self._key.release():
            self._session.release()


def _explain_key(events: EventStream) -> None:
    """Have those who see the conversation told which key there is."""

    def explain(event: Event) -> None:
        if isinstance(event, HotkeyChanged) and event.watched:
            how = "Hold" if event.mode == "hold" else "Press"
            events.emit(Notice(0, f"{how} {event.chord} to talk; a tap silences the character."))

    events.subscribe(explain)
