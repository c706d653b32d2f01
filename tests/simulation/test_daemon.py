"""A daemon that is told what to do and meets what goes wrong, on the virtual clock, with the real session."""

import asyncio
from pathlib import Path

import pytest

from tests.simulation.simulated_daemon import DaemonFixture, ScriptedEnginePool
from voicemate.config.schema import Settings
from voicemate.core.errors import AudioError, ControlError, ModelError, PersonaError, SettingsError
from voicemate.core.events import Fault, FloorState, ReplyEnded, Transcribed
from voicemate.testing.scripted_engines import ScriptedLanguageModel, loud_clip


def test_it_listens_answers_and_ends() -> None:
    house = DaemonFixture()

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        await house.room.say(loud_clip(1.0))
        assert await house.room.wait_until_answered()
        status = house.daemon.status()
        assert (status.state, status.turns, len(status.gaps_ms)) == ("listening", 1, 1)
        assert (status.character, status.microphone.open, status.problems) == ("Juniper", True, [])

    house.run(script)
    assert house.states()[0] is FloorState.STARTING
    assert house.states()[-1] is FloorState.STOPPED
    assert house.engine_pool.closed


def test_the_end_is_silence_at_once() -> None:
    house = DaemonFixture(engine_pool=ScriptedEnginePool(ScriptedLanguageModel(default="word " * 200)))

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        asking = asyncio.create_task(house.ask("tell me everything"))
        await house.until(FloorState.SPEAKING)
        house.daemon.stop()
        began = asyncio.get_running_loop().time()
        await house.until(FloorState.STOPPED, "the daemon ended")
        assert asyncio.get_running_loop().time() - began < 0.5
        assert len((await asking).split()) < 20

    house.run(script)


def test_what_is_missing_at_the_start_is_a_state_with_a_name_and_is_tried_again() -> None:
    house = DaemonFixture(device_error=AudioError("There is no microphone", "Connect one"))

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.UNAVAILABLE)
        status = house.daemon.status()
        assert (status.state, status.reason) == ("unavailable", "There is no microphone")
        assert [(one.component, one.hint) for one in status.problems] == [("sound", "Connect one")]
        with pytest.raises(ControlError, match="There is no microphone"):
            await house.daemon.say("hello")
        await asyncio.sleep(100)
        house.device_error = None
        await house.until(FloorState.LISTENING)
        assert house.daemon.status().problems == []

    house.run(script)
    assert 5 < len(house.opened_devices) < 15, "it waits longer and longer"
    assert len(house.engine_pool.loaded) == 1, "the engines stay"


def test_a_missing_model_is_loaded_once_it_is_there() -> None:
    house = DaemonFixture()
    house.engine_pool.missing = ModelError("The model is missing", "Pull it")

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.UNAVAILABLE)
        assert house.daemon.status().problems[0].component == "models"
        house.engine_pool.missing = None
        await house.daemon.reload()  # whoever has pulled it need not wait for the next try
        await house.until(FloorState.LISTENING)

    house.run(script)


def test_wrong_settings_keep_it_waiting_for_right_ones() -> None:
    house = DaemonFixture(settings_error=SettingsError("In settings.toml, line 2, ...", "It must be a number"))

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.UNAVAILABLE)
        assert house.daemon.status().problems[0].component == "settings"
        with pytest.raises(SettingsError):
            await house.daemon.reload()
        house.settings_error = None
        await house.daemon.reload()
        await house.until(FloorState.LISTENING)
        assert house.daemon.status().problems == []

    house.run(script)


def test_a_mistake_of_ours_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    house = DaemonFixture()
    house.engine_pool.missing = ZeroDivisionError("a bug")  # type: ignore[assignment]

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.UNAVAILABLE)
        assert "ZeroDivisionError" in house.daemon.status().problems[0].message
        house.engine_pool.missing = None
        await house.until(FloorState.LISTENING)
        assert house.daemon.status().problems == []

    house.run(script)
    assert "a bug" in caplog.text


def test_what_is_said_and_asked_waits_for_its_turn_and_tells_what_was_heard() -> None:
    house = DaemonFixture(engine_pool=ScriptedEnginePool(ScriptedLanguageModel({"who are you": "I am Juniper."})))

    async def script(house: DaemonFixture) -> None:
        said, asked = await asyncio.gather(house.daemon.say("Good morning."), house.ask("who are you"))
        assert (said, asked) == ("Good morning.", "I am Juniper.")

    house.run(script)
    assert [ended.turn for ended in house.of(ReplyEnded)] == [0, 1]


def test_a_reply_that_fails_is_told_to_who_asked() -> None:
    house = DaemonFixture(
        engine_pool=ScriptedEnginePool(ScriptedLanguageModel(error=ModelError("The model failed", "Try another")))
    )

    async def script(house: DaemonFixture) -> None:
        with pytest.raises(ControlError, match="The model failed"):
            await house.ask("who are you")

    house.run(script)


def test_it_sleeps_with_its_microphone_closed_and_speaks_all_the_same() -> None:
    house = DaemonFixture()

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        await house.daemon.listen(False)
        await house.until(FloorState.STOPPED)
        status = house.daemon.status()
        assert (status.state, status.listening, status.microphone.open) == ("asleep", False, False)
        assert await house.ask("who are you") == "Indeed."
        await house.until(FloorState.STOPPED, "told not to listen")
        await house.daemon.listen(True)
        await house.until(FloorState.LISTENING)
        assert house.daemon.status().microphone.open

    house.run(script)
    assert house.opened_devices == ["listening", "speaking", "listening"]
    assert len(house.engine_pool.loaded) == 1


def test_another_character_answers_without_a_restart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    house = DaemonFixture(greeting="Hello.")

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        with pytest.raises(PersonaError):
            await house.daemon.set_persona("nobody", keep=True)
        done = await house.daemon.set_persona("ambrose", keep=False)
        assert (done["character"], done["kept"]) == ("Ambrose", False)
        assert house.daemon.status().character == "Ambrose"

    house.run(script)
    assert [name for _, name in house.engine_pool.loaded] == ["Juniper", "Ambrose"]
    assert not (tmp_path / "config").exists()


def test_a_character_that_is_kept_is_in_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        assert (await house.daemon.set_persona("ambrose", keep=True))["kept"]

    DaemonFixture().run(script)
    assert (tmp_path / "config" / "settings.toml").read_text() == 'persona = "ambrose"\n'


def test_changed_settings_are_used_and_what_they_do_not_concern_stays() -> None:
    house = DaemonFixture()

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        house.settings = Settings.model_validate({"turns": {"silence_ms": 900}})
        done = await house.daemon.reload()
        assert [change["key"] for change in done["changed"]] == ["turns.silence_ms"]
        assert (await house.daemon.reload())["changed"] == []
        house.settings = Settings.model_validate({"llm": {"model": "other"}})
        await house.daemon.reload()

    house.run(script)
    assert [model for model, _ in house.engine_pool.loaded] == ["smollm2-135m", "other"]


def test_a_change_waits_until_the_character_has_spoken() -> None:
    house = DaemonFixture(
        engine_pool=ScriptedEnginePool(ScriptedLanguageModel(default="This takes a while, as you see."))
    )

    async def script(house: DaemonFixture) -> None:
        asking = asyncio.create_task(house.ask("what"))
        await house.until(FloorState.SPEAKING)
        house.settings = Settings.model_validate({"turns": {"silence_ms": 900}})
        await house.daemon.reload()
        assert await asking == "This takes a while, as you see."

    house.run(script)


def test_muted_it_hears_nothing_and_stays_muted_through_a_change() -> None:
    house = DaemonFixture()

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.LISTENING)
        await house.daemon.mute(True)
        house.settings = Settings.model_validate({"turns": {"silence_ms": 900}})
        await house.daemon.reload()
        assert house.daemon.status().muted
        await house.room.say(loud_clip(1.0))
        await house.room.wait_until_quiet()
        assert house.of(Transcribed) == []
        await house.daemon.mute(False)
        await house.room.say(loud_clip(1.0))
        assert await house.room.wait_until_answered()

    house.run(script)


def test_an_interruption_ends_what_is_being_said() -> None:
    house = DaemonFixture(engine_pool=ScriptedEnginePool(ScriptedLanguageModel(default="word " * 200)))

    async def script(house: DaemonFixture) -> None:
        asking = asyncio.create_task(house.ask("what"))
        await house.until(FloorState.SPEAKING)
        await asyncio.sleep(1)
        await house.daemon.interrupt()
        heard = await asking
        assert 0 < len(heard.split()) < 50
        await house.daemon.interrupt()  # nobody speaks: nothing happens

    house.run(script)


def test_it_greets_once(monkeypatch: pytest.MonkeyPatch) -> None:
    house = DaemonFixture(greeting="Hello, I am here.")

    async def script(house: DaemonFixture) -> None:
        await house.until(FloorState.SPEAKING)
        await house.until(FloorState.LISTENING)
        house.settings = Settings.model_validate({"turns": {"silence_ms": 900}})
        await house.daemon.reload()
        await asyncio.sleep(5)

    house.run(script)
    assert [ended.heard_prefix for ended in house.of(ReplyEnded)] == ["Hello, I am here."]
    assert house.of(Fault) == []
