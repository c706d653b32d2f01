"""The desktop's key beside a conversation in a terminal, on the virtual clock."""

import asyncio

from tests.simulation.simulated_conversation import SimulatedConversation
from tests.simulation.test_push_to_talk import FakeKeyboard
from voicemate.config.schema import Settings
from voicemate.core.events import Advisory, EventStream, FloorChanged, FloorState, ReplyEnded, Transcribed
from voicemate.daemon.talk import key_for_session
from voicemate.testing.scripted_engines import ScriptedLanguageModel, loud_clip


def run_with_key(stage: SimulatedConversation, script, settings: Settings | None = None) -> None:
    """Run ``script`` beside a conversation with a key."""
    keys = FakeKeyboard()

    async def with_key(stage: SimulatedConversation) -> None:
        events: EventStream = stage.session._events
        async with key_for_session(settings or Settings(), keys.make_listener)(stage.session, events):
            await asyncio.sleep(0.1)
            await script(stage, keys)

    stage.run(with_key)


def test_it_is_said_which_key_there_is() -> None:
    stage = SimulatedConversation()

    async def script(stage: SimulatedConversation, keys: FakeKeyboard) -> None:
        pass

    run_with_key(stage, script)
    assert [notice.text.split(" to talk")[0] for notice in stage.of(Advisory)] == ["Hold ctrl+option+space"]


def test_the_key_takes_the_floor_and_gives_it_back() -> None:
    stage = SimulatedConversation()

    async def script(stage: SimulatedConversation, keys: FakeKeyboard) -> None:
        await keys.down()
        await stage.room.say(loud_clip(1.0))
        await asyncio.sleep(3)
        assert not [heard for heard in stage.of(Transcribed) if heard.final]
        await keys.up()
        assert await stage.room.wait_until_answered()

    run_with_key(stage, script)
    assert len([heard for heard in stage.of(Transcribed) if heard.final]) == 1


def test_a_tap_silences_the_character() -> None:
    stage = SimulatedConversation(llm=ScriptedLanguageModel(default="word " * 200))

    async def script(stage: SimulatedConversation, keys: FakeKeyboard) -> None:
        await stage.room.say(loud_clip(1.0))
        while stage.room.speaker.idle():
            await asyncio.sleep(0.1)
        await asyncio.sleep(2)
        await keys.tap()
        await asyncio.sleep(1)

    run_with_key(stage, script)
    (ended,) = stage.of(ReplyEnded)
    assert ended.interrupted


def test_a_release_that_is_lost_ends_the_turn() -> None:
    stage = SimulatedConversation()
    settings = Settings.model_validate({"push_to_talk": {"max_hold_s": 5}})

    async def script(stage: SimulatedConversation, keys: FakeKeyboard) -> None:
        await keys.down()
        await asyncio.sleep(7)
        assert stage.of(FloorChanged)[-1].state is FloorState.LISTENING

    run_with_key(stage, script, settings)
