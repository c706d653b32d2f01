"""A daemon that is told of devices that come and go."""

import asyncio

from tests.simulation.simulated_daemon import DaemonFixture
from voicemate.audio.devices.device import DevicesChanged
from voicemate.core.errors import AudioError
from voicemate.core.events import FloorState


def test_a_headset_that_is_plugged_in_is_used_at_once_and_not_at_the_next_try() -> None:
    house = DaemonFixture(device_error=AudioError("There is no microphone", "Connect one"))

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.UNAVAILABLE)
        await asyncio.sleep(300)
        house.device_error = None
        house.daemon.on_device_change(DevicesChanged())
        await asyncio.sleep(0.1)
        assert house.daemon.status().state == "listening"

    house.run(script)


def test_news_of_devices_do_not_disturb_a_conversation() -> None:
    house = DaemonFixture()

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        for moved in (False, True):
            house.daemon.on_device_change(DevicesChanged(moved))
            await asyncio.sleep(1)
        assert house.daemon.status().state == "listening"

    house.run(script)
    assert house.opened_devices == ["listening"]
