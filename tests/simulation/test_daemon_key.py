"""The daemon and the key: the microphone is open only around its use."""

import asyncio

import pytest

from tests.simulation.scripted_house import House
from tests.simulation.stage import voice
from voicemate.config import PushToTalkSettings, Settings
from voicemate.errors import AudioError, ControlError
from voicemate.events import FloorState, Heard

WARM_S, HELD_S = PushToTalkSettings().warm_s, PushToTalkSettings().longest_s

PUSH_TO_TALK = Settings(push_to_talk=PushToTalkSettings(hands_free=False))


def test_with_a_key_the_microphone_is_open_only_around_its_use() -> None:
    house = House(PUSH_TO_TALK)

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        assert not house.keeper.status().microphone.open
        await house.keeper.press()
        assert house.keeper.status().microphone.open
        await house.room.say(voice(1.0))
        await house.keeper.release()
        assert await house.room.until_answered()
        await asyncio.sleep(WARM_S / 2)
        assert house.keeper.status().microphone.open, "it is kept warm"
        await house.until(FloorState.LISTENING, "waiting for the key")
        assert not house.keeper.status().microphone.open

    house.play(script)
    assert house.stages == ["listening"]
    assert len([heard for heard in house.of(Heard) if heard.final]) == 1


def test_a_tap_that_is_over_before_the_microphone_is_open_does_nothing() -> None:
    house = House(PUSH_TO_TALK)

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        await asyncio.gather(house.keeper.press(), house.keeper.release())
        await asyncio.sleep(1)

    house.play(script)
    assert FloorState.HEARING not in house.states()


def test_a_lost_release_does_not_keep_the_microphone_open() -> None:
    house = House(PUSH_TO_TALK)

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        await house.keeper.toggle()
        await asyncio.sleep(HELD_S + WARM_S + 5)
        assert not house.keeper.status().microphone.open
        await house.keeper.toggle()
        await house.keeper.toggle()
        assert house.keeper.status().microphone.open

    house.play(script)


def test_a_key_without_a_microphone_is_told_why() -> None:
    house = House(PUSH_TO_TALK)

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        house.no_device = AudioError("There is no microphone", "Connect one")
        with pytest.raises(ControlError, match="There is no microphone"):
            await house.keeper.press()

    house.play(script)


def test_hands_free_the_key_leaves_the_microphone_as_it_is() -> None:
    house = House()

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        await house.keeper.press()
        await house.room.say(voice(1.0))
        await house.keeper.release()
        assert await house.room.until_answered()
        await asyncio.sleep(2 * WARM_S)

    house.play(script)
    assert house.stages == ["listening"]
