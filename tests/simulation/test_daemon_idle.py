"""A daemon that nobody talks to for a while, or whose machine is locked, asleep or low on power."""

import asyncio

from tests.simulation.simulated_daemon import DaemonFixture
from voicemate.config.schema import Settings
from voicemate.core.events import FloorState, SpeechStarted, Transcribed
from voicemate.system.machine_state import MachineState
from voicemate.testing.scripted_engines import loud_clip

SOON = Settings.model_validate({"idle": {"unload_min": 0.2}})


def test_the_models_rest_while_nobody_talks_and_wake_at_the_first_word() -> None:
    house = DaemonFixture(SOON)

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        await asyncio.sleep(10)
        assert not house.engine_pool.unloaded
        await asyncio.sleep(4)
        assert house.engine_pool.unloaded
        began = asyncio.get_running_loop().time()
        await house.room.say(loud_clip(1.5))
        assert house.engine_pool.reloaded_at[0] - began < 0.3, "before the person has finished"
        assert await house.room.wait_until_answered()
        await asyncio.sleep(14)
        assert house.engine_pool.unloaded

    house.run(script)
    assert len(house.of(SpeechStarted)) == 1
    assert len([heard for heard in house.of(Transcribed) if heard.final]) == 1


def test_a_conversation_keeps_them_awake() -> None:
    house = DaemonFixture(SOON)

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        for _ in range(4):
            await asyncio.sleep(9)
            assert not house.engine_pool.unloaded
            await house.room.say(loud_clip(1))
            assert await house.room.wait_until_answered()

    house.run(script)
    assert house.engine_pool.reloaded_at == []


def test_a_key_and_a_typed_turn_wake_them_too() -> None:
    house = DaemonFixture(SOON)

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        await asyncio.sleep(14)
        await house.daemon.press()
        await house.daemon.release()
        await asyncio.sleep(14)
        assert await house.ask("who are you") == "Indeed."

    house.run(script)
    assert len(house.engine_pool.reloaded_at) == 2


def test_asleep_they_rest_as_well_and_0_means_never() -> None:
    for minutes, rest in ((0.2, True), (0, False)):
        house = DaemonFixture(Settings.model_validate({"idle": {"unload_min": minutes}}))

        async def script(house: DaemonFixture, rest: bool = rest) -> None:
            await house.until(FloorState.LISTENING)
            await house.daemon.listen(False)
            await asyncio.sleep(30)
            assert house.engine_pool.unloaded is rest

        house.run(script)


WHEN_LOCKED = Settings.model_validate({"suspend": {"when_locked": True, "battery_below": 20}})


def test_a_locked_screen_closes_the_microphone_until_it_is_unlocked() -> None:
    house = DaemonFixture(WHEN_LOCKED)

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        house.daemon.on_machine_state(MachineState(locked=True))
        await house.until(FloorState.STOPPED, "paused: the screen is locked")
        status = house.daemon.status()
        assert (status.state, status.listening, status.microphone.open) == ("asleep", True, False)
        assert await house.ask("who are you") == "Indeed.", "typed turns work all the same"
        await house.until(FloorState.STOPPED, "paused")
        house.daemon.on_machine_state(MachineState())
        await house.until(FloorState.LISTENING)
        assert house.daemon.status().microphone.open

    house.run(script)
    assert house.opened_devices == ["listening", "speaking", "listening"]
    assert len(house.engine_pool.loaded) == 1, "the engines stay"


def test_unless_it_is_wanted_a_lock_and_a_low_battery_mean_nothing() -> None:
    house = DaemonFixture()

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        house.daemon.on_machine_state(MachineState(locked=True, battery_percent=3.0))
        await asyncio.sleep(5)
        assert house.daemon.status().state == "listening"

    house.run(script)
    assert house.opened_devices == ["listening"]


def test_a_low_battery_pauses_until_it_is_charged() -> None:
    house = DaemonFixture(WHEN_LOCKED)

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        house.daemon.on_machine_state(MachineState(battery_percent=19.0))
        await house.until(FloorState.STOPPED, "the battery is below 20%")
        house.daemon.on_machine_state(MachineState(battery_percent=None))
        await house.until(FloorState.LISTENING)

    house.run(script)


def test_a_pause_that_the_settings_no_longer_ask_for_ends() -> None:
    house = DaemonFixture(WHEN_LOCKED)

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        house.daemon.on_machine_state(MachineState(locked=True))
        await house.until(FloorState.STOPPED)
        house.settings = Settings()
        await house.daemon.reload()
        assert house.daemon.status().state == "listening"
        house.settings = WHEN_LOCKED
        await house.daemon.reload()
        await house.until(FloorState.STOPPED)

    house.run(script)


def test_before_the_machine_sleeps_the_character_falls_silent_and_after_it_listens_again() -> None:
    house = DaemonFixture()

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        house.engine_pool.llm.default = "word " * 100
        asking = asyncio.create_task(house.ask("tell me everything"))
        await house.until(FloorState.SPEAKING)
        house.daemon.on_machine_state(MachineState(asleep=True))
        assert len((await asking).split()) < 20
        await house.until(FloorState.STOPPED, "the computer sleeps")
        house.daemon.on_machine_state(MachineState())
        house.daemon.on_wake()
        await house.until(FloorState.LISTENING)

    house.run(script)
