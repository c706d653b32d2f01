"""The daemon and the key: the microphone is open only around its use."""

import asyncio

import pytest

from tests.simulation.simulated_daemon import DaemonFixture
from voicemate.config.schema import PushToTalkSettings, Settings
from voicemate.core.errors import AudioError, ControlError
from voicemate.core.events import FloorState, Transcribed
from voicemate.testing.scripted_engines import loud_clip

WARM_S, HELD_S = PushToTalkSettings().keep_open_s, PushToTalkSettings().max_hold_s

PUSH_TO_TALK = Settings(push_to_talk=PushToTalkSettings(hands_free=False))


def test_with_a_key_the_microphone_is_open_only_around_its_use() -> None:
    house = DaemonFixture(PUSH_TO_TALK)

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        assert not house.daemon.status().microphone.open
        await house.daemon.press()
        assert house.daemon.status().microphone.open
        await house.room.say(loud_clip(1.0))
        await house.daemon.release()
        assert await house.room.wait_until_answered()
        await asyncio.sleep(WARM_S / 2)
        assert house.daemon.status().microphone.open, "it is kept warm"
        await house.until(FloorState.LISTENING, "waiting for the key")
        assert not house.daemon.status().microphone.open

    house.run(script)
    assert house.opened_devices == ["listening"]
    assert len([heard for heard in house.of(Transcribed) if heard.final]) == 1


def test_a_tap_that_is_over_before_the_microphone_is_open_does_nothing() -> None:
    house = DaemonFixture(PUSH_TO_TALK)

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        await asyncio.gather(house.daemon.press(), house.daemon.release())
        await asyncio.sleep(1)

    house.run(script)
    assert FloorState.HEARING not in house.states()


def test_a_lost_release_does_not_keep_the_microphone_open() -> None:
    house = DaemonFixture(PUSH_TO_TALK)

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        await house.daemon.toggle()
        await asyncio.sleep(HELD_S + WARM_S + 5)
        assert not house.daemon.status().microphone.open
        await house.daemon.toggle()
        await house.daemon.toggle()
        assert house.daemon.status().microphone.open

    house.run(script)


def test_a_key_without_a_microphone_is_told_why() -> None:
    house = DaemonFixture(PUSH_TO_TALK)

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        house.device_error = AudioError("There is no microphone", "Connect one")
        with pytest.raises(ControlError, match="There is no microphone"):
            await house.daemon.press()

    house.run(script)


def test_hands_free_the_key_leaves_the_microphone_as_it_is() -> None:
    house = DaemonFixture()

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        await house.daemon.press()
        await house.room.say(loud_clip(1.0))
        await house.daemon.release()
        assert await house.room.wait_until_answered()
        await asyncio.sleep(2 * WARM_S)

    house.run(script)
    assert house.opened_devices == ["listening"]
