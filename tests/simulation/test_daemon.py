"""A daemon that is told what to do and meets what goes wrong, on the virtual clock, with the real session."""

import asyncio
from pathlib import Path

import pytest

from tests.simulation.scripted import ScriptedMind
from tests.simulation.scripted_house import House, ScriptedShelf
from tests.simulation.stage import voice
from voicemate.config import Settings
from voicemate.errors import AudioError, ControlError, ModelError, PersonaError, SettingsError
from voicemate.events import Fault, FloorState, Heard, ReplyEnded


def test_it_listens_answers_and_ends() -> None:
    house = House()

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        await house.room.say(voice(1.0))
        assert await house.room.until_answered()
        status = house.keeper.status()
        assert (status.state, status.turns, len(status.gaps_ms)) == ("listening", 1, 1)
        assert (status.character, status.microphone.open, status.problems) == ("Juniper", True, [])

    house.play(script)
    assert house.states()[0] is FloorState.STARTING
    assert house.states()[-1] is FloorState.STOPPED
    assert house.shelf.closed


def test_the_end_is_silence_at_once() -> None:
    house = House(shelf=ScriptedShelf(ScriptedMind(default="word " * 200)))

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        asking = asyncio.create_task(house.keeper.ask("tell me everything"))
        await house.until(FloorState.SPEAKING)
        house.keeper.stop()
        began = asyncio.get_running_loop().time()
        await house.until(FloorState.STOPPED, "the daemon ended")
        assert asyncio.get_running_loop().time() - began < 0.5
        assert len((await asking).split()) < 20

    house.play(script)


def test_what_is_missing_at_the_start_is_a_state_with_a_name_and_is_tried_again() -> None:
    house = House(no_device=AudioError("There is no microphone", "Connect one"))

    async def script(house: House) -> None:
        await house.until(FloorState.UNAVAILABLE)
        status = house.keeper.status()
        assert (status.state, status.reason) == ("unavailable", "There is no microphone")
        assert [(one.where, one.remedy) for one in status.problems] == [("sound", "Connect one")]
        with pytest.raises(ControlError, match="There is no microphone"):
            await house.keeper.say("hello")
        await asyncio.sleep(100)
        house.no_device = None
        await house.until(FloorState.LISTENING)
        assert house.keeper.status().problems == []

    house.play(script)
    assert 5 < len(house.stages) < 15, "it waits longer and longer"
    assert len(house.shelf.loaded) == 1, "the engines stay"


def test_a_missing_model_is_loaded_once_it_is_there() -> None:
    house = House()
    house.shelf.missing = ModelError("The model is missing", "Pull it")

    async def script(house: House) -> None:
        await house.until(FloorState.UNAVAILABLE)
        assert house.keeper.status().problems[0].where == "models"
        house.shelf.missing = None
        await house.keeper.reload()  # whoever has pulled it need not wait for the next try
        await house.until(FloorState.LISTENING)

    house.play(script)


def test_wrong_settings_keep_it_waiting_for_right_ones() -> None:
    house = House(wrong_settings=SettingsError("In settings.toml, line 2, ...", "It must be a number"))

    async def script(house: House) -> None:
        await house.until(FloorState.UNAVAILABLE)
        assert house.keeper.status().problems[0].where == "settings"
        with pytest.raises(SettingsError):
            await house.keeper.reload()
        house.wrong_settings = None
        await house.keeper.reload()
        await house.until(FloorState.LISTENING)
        assert house.keeper.status().problems == []

    house.play(script)


def test_a_mistake_of_ours_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    house.shelf.missing = ZeroDivisionError("a bug")  # type: ignore[assignment]

    async def script(house: House) -> None:
        await house.until(FloorState.UNAVAILABLE)
        assert "ZeroDivisionError" in house.keeper.status().problems[0].wrong
        house.shelf.missing = None
        await house.until(FloorState.LISTENING)
        assert house.keeper.status().problems == []

    house.play(script)
    assert "a bug" in caplog.text


def test_what_is_said_and_asked_waits_for_its_turn_and_tells_what_was_heard() -> None:
    house = House(shelf=ScriptedShelf(ScriptedMind({"who are you": "I am Juniper."})))

    async def script(house: House) -> None:
        said, asked = await asyncio.gather(house.keeper.say("Good morning."), house.keeper.ask("who are you"))
        assert (said, asked) == ("Good morning.", "I am Juniper.")

    house.play(script)
    assert [ended.turn for ended in house.of(ReplyEnded)] == [0, 1]


def test_a_reply_that_fails_is_told_to_who_asked() -> None:
    house = House(shelf=ScriptedShelf(ScriptedMind(error=ModelError("The model failed", "Try another"))))

    async def script(house: House) -> None:
        with pytest.raises(ControlError, match="The model failed"):
            await house.keeper.ask("who are you")

    house.play(script)


def test_it_sleeps_with_its_microphone_closed_and_speaks_all_the_same() -> None:
    house = House()

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        await house.keeper.listen(False)
        await house.until(FloorState.STOPPED)
        status = house.keeper.status()
        assert (status.state, status.listening, status.microphone.open) == ("asleep", False, False)
        assert await house.keeper.ask("who are you") == "Indeed."
        await house.until(FloorState.STOPPED, "told not to listen")
        await house.keeper.listen(True)
        await house.until(FloorState.LISTENING)
        assert house.keeper.status().microphone.open

    house.play(script)
    assert house.stages == ["listening", "speaking", "listening"]
    assert len(house.shelf.loaded) == 1


def test_another_character_answers_without_a_restart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    house = House(greeting="Hello.")

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        with pytest.raises(PersonaError):
            await house.keeper.use_persona("nobody", keep=True)
        done = await house.keeper.use_persona("ambrose", keep=False)
        assert (done["character"], done["kept"]) == ("Ambrose", False)
        assert house.keeper.status().character == "Ambrose"

    house.play(script)
    assert [name for _, name in house.shelf.loaded] == ["Juniper", "Ambrose"]
    assert not (tmp_path / "config").exists()


def test_a_character_that_is_kept_is_in_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        assert (await house.keeper.use_persona("ambrose", keep=True))["kept"]

    House().play(script)
    assert (tmp_path / "config" / "settings.toml").read_text() == 'persona = "ambrose"\n'


def test_changed_settings_are_used_and_what_they_do_not_concern_stays() -> None:
    house = House()

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        house.settings = Settings.model_validate({"endpoint": {"silence_ms": 900}})
        done = await house.keeper.reload()
        assert [change["key"] for change in done["changed"]] == ["endpoint.silence_ms"]
        assert (await house.keeper.reload())["changed"] == []
        house.settings = Settings.model_validate({"thinking": {"model": "other"}})
        await house.keeper.reload()

    house.play(script)
    assert [model for model, _ in house.shelf.loaded] == ["smollm2-135m", "other"]


def test_a_change_waits_until_the_character_has_spoken() -> None:
    house = House(shelf=ScriptedShelf(ScriptedMind(default="This takes a while, as you see.")))

    async def script(house: House) -> None:
        asking = asyncio.create_task(house.keeper.ask("what"))
        await house.until(FloorState.SPEAKING)
        house.settings = Settings.model_validate({"endpoint": {"silence_ms": 900}})
        await house.keeper.reload()
        assert await asking == "This takes a while, as you see."

    house.play(script)


def test_muted_it_hears_nothing_and_stays_muted_through_a_change() -> None:
    house = House()

    async def script(house: House) -> None:
        await house.until(FloorState.LISTENING)
        await house.keeper.mute(True)
        house.settings = Settings.model_validate({"endpoint": {"silence_ms": 900}})
        await house.keeper.reload()
        assert house.keeper.status().muted
        await house.room.say(voice(1.0))
        await house.room.until_quiet()
        assert house.of(Heard) == []
        await house.keeper.mute(False)
        await house.room.say(voice(1.0))
        assert await house.room.until_answered()

    house.play(script)


def test_an_interruption_ends_what_is_being_said() -> None:
    house = House(shelf=ScriptedShelf(ScriptedMind(default="word " * 200)))

    async def script(house: House) -> None:
        asking = asyncio.create_task(house.keeper.ask("what"))
        await house.until(FloorState.SPEAKING)
        await asyncio.sleep(1)
        await house.keeper.interrupt()
        heard = await asking
        assert 0 < len(heard.split()) < 50
        await house.keeper.interrupt()  # nobody speaks: nothing happens

    house.play(script)


def test_it_greets_once(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(greeting="Hello, I am here.")

    async def script(house: House) -> None:
        await house.until(FloorState.SPEAKING)
        await house.until(FloorState.LISTENING)
        house.settings = Settings.model_validate({"endpoint": {"silence_ms": 900}})
        await house.keeper.reload()
        await asyncio.sleep(5)

    house.play(script)
    assert [ended.heard for ended in house.of(ReplyEnded)] == ["Hello, I am here."]
    assert house.of(Fault) == []
