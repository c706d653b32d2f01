"""A daemon that is told of devices that come and go."""

import asyncio

from tests.simulation.scripted_house import House
from voicemate.audio.device_changes import DevicesChanged
from voicemate.errors import AudioError
from voicemate.events import FloorState


def test_a_headset_that_is_plugged_in_is_used_at_once_and_not_at_the_next_try() -> None:
    house = House(no_device=AudioError("There is no microphone", "Connect one"))

    async def script(house: House) -> None:
        await house.until(FloorState.UNAVAILABLE)
        await asyncio.sleep(300)
        house.no_device = None
        house.keeper.devices_changed(DevicesChanged())
        await asyncio.sleep(0.1)
        assert house.keeper.status().state == "listening"

    house.play(script)


def test_news_of_devices_do_not_disturb_a_conversation() -> None:
    house = House()

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        for moved in (False, True):
            house.keeper.devices_changed(DevicesChanged(moved))
            await asyncio.sleep(1)
        assert house.keeper.status().state == "listening"

    house.play(script)
    assert house.stages == ["listening"]
