"""A daemon that nobody talks to for a while, or whose machine is locked, asleep or low on power."""

import asyncio

from tests.simulation.scripted_house import House
from tests.simulation.stage import voice
from voicemate.config import Settings
from voicemate.events import FloorState, Heard, SpeechStarted
from voicemate.machine.circumstances import Circumstances

SOON = Settings.model_validate({"idle": {"unload_min": 0.2}})


def test_the_models_rest_while_nobody_talks_and_wake_at_the_first_word() -> None:
    house = House(SOON)

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        await asyncio.sleep(10)
        assert not house.shelf.resting
        await asyncio.sleep(4)
        assert house.shelf.resting
        began = asyncio.get_running_loop().time()
        await house.room.say(voice(1.5))
        assert house.shelf.woken[0] - began < 0.3, "before the person has finished"
        assert await house.room.until_answered()
        await asyncio.sleep(14)
        assert house.shelf.resting

    house.play(script)
    assert len(house.of(SpeechStarted)) == 1
    assert len([heard for heard in house.of(Heard) if heard.final]) == 1


def test_a_conversation_keeps_them_awake() -> None:
    house = House(SOON)

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        for _ in range(4):
            await asyncio.sleep(9)
            assert not house.shelf.resting
            await house.room.say(voice(1))
            assert await house.room.until_answered()

    house.play(script)
    assert house.shelf.woken == []


def test_a_key_and_a_typed_turn_wake_them_too() -> None:
    house = House(SOON)

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        await asyncio.sleep(14)
        await house.keeper.press()
        await house.keeper.release()
        await asyncio.sleep(14)
        assert await house.keeper.ask("who are you") == "Indeed."

    house.play(script)
    assert len(house.shelf.woken) == 2


def test_asleep_they_rest_as_well_and_0_means_never() -> None:
    for minutes, rest in ((0.2, True), (0, False)):
        house = House(Settings.model_validate({"idle": {"unload_min": minutes}}))

        async def script(house: House, rest: bool = rest) -> None:
            await house.until(FloorState.LISTENING)
            await house.keeper.listen(False)
            await asyncio.sleep(30)
            assert house.shelf.resting is rest

        house.play(script)


WHEN_LOCKED = Settings.model_validate({"pause": {"when_locked": True, "battery_below": 20}})


def test_a_locked_screen_closes_the_microphone_until_it_is_unlocked() -> None:
    house = House(WHEN_LOCKED)

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        house.keeper.circumstances_changed(Circumstances(locked=True))
        await house.until(FloorState.STOPPED, "paused: the screen is locked")
        status = house.keeper.status()
        assert (status.state, status.listening, status.microphone.open) == ("asleep", True, False)
        assert await house.keeper.ask("who are you") == "Indeed.", "typed turns work all the same"
        await house.until(FloorState.STOPPED, "paused")
        house.keeper.circumstances_changed(Circumstances())
        await house.until(FloorState.LISTENING)
        assert house.keeper.status().microphone.open

    house.play(script)
    assert house.stages == ["listening", "speaking", "listening"]
    assert len(house.shelf.loaded) == 1, "the engines stay"


def test_unless_it_is_wanted_a_lock_and_a_low_battery_mean_nothing() -> None:
    house = House()

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        house.keeper.circumstances_changed(Circumstances(locked=True, battery=3.0))
        await asyncio.sleep(5)
        assert house.keeper.status().state == "listening"

    house.play(script)
    assert house.stages == ["listening"]


def test_a_low_battery_pauses_until_it_is_charged() -> None:
    house = House(WHEN_LOCKED)

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        house.keeper.circumstances_changed(Circumstances(battery=19.0))
        await house.until(FloorState.STOPPED, "the battery is below 20%")
        house.keeper.circumstances_changed(Circumstances(battery=None))
        await house.until(FloorState.LISTENING)

    house.play(script)


def test_a_pause_that_the_settings_no_longer_ask_for_ends() -> None:
    house = House(WHEN_LOCKED)

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        house.keeper.circumstances_changed(Circumstances(locked=True))
        await house.until(FloorState.STOPPED)
        house.settings = Settings()
        await house.keeper.reload()
        assert house.keeper.status().state == "listening"
        house.settings = WHEN_LOCKED
        await house.keeper.reload()
        await house.until(FloorState.STOPPED)

    house.play(script)


def test_before_the_machine_sleeps_the_character_falls_silent_and_after_it_listens_again() -> None:
    house = House()

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        house.shelf.mind.default = "word " * 100
        asking = asyncio.create_task(house.keeper.ask("tell me everything"))
        await house.until(FloorState.SPEAKING)
        house.keeper.circumstances_changed(Circumstances(asleep=True))
        assert len((await asking).split()) < 20
        await house.until(FloorState.STOPPED, "the computer sleeps")
        house.keeper.circumstances_changed(Circumstances())
        house.keeper.woke()
        await house.until(FloorState.LISTENING)

    house.play(script)
