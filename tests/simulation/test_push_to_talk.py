"""The push-to-talk key of the desktop and the daemon behind it, on the virtual clock."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pytest

from tests.simulation.simulated_daemon import DaemonFixture, ScriptedEnginePool
from voicemate.config.hotkey_chord import Chord
from voicemate.config.schema import Settings
from voicemate.core.errors import AudioError, HotkeyError, NoHotkeyError
from voicemate.core.events import FloorState, HotkeyChanged, MicrophoneLive, ReplyEnded, Transcribed, TurnEnded
from voicemate.push_to_talk.chord_listener import (
    ChordEvent,
    ChordEventCallback,
    ChordPressed,
    ChordRegistered,
    ChordReleased,
    ListenerFailed,
)
from voicemate.push_to_talk.chord_watcher import RETRY_FOR_S, ChordWatcher
from voicemate.testing.scripted_engines import ScriptedLanguageModel, loud_clip

TAP_S = 0.1
LONG = "word " * 200


def settings(hands_free: bool = False, **hotkey: str) -> Settings:
    return Settings.model_validate({"push_to_talk": {"hands_free": hands_free, **hotkey}})


@dataclass
class FakeKeyboard:
    """Watches that say what the test wants.

    Attributes:
        refuses: why no chord can be watched.
        begun, ended: the chords of the watches that were begun and ended, in order.
    """

    error: HotkeyError | None = None
    started: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    _on_chord_event: ChordEventCallback | None = None

    def make_listener(
        self, chord: Chord, tell: ChordEventCallback, surroundings: Mapping[str, str]
    ) -> "ScriptedChordListener":
        if isinstance(self.error, NoHotkeyError):
            raise self.error
        return ScriptedChordListener(self, str(chord), tell)

    async def emit(self, report: ChordEvent) -> None:
        assert self._on_chord_event
        self._on_chord_event(report)
        await asyncio.sleep(0.01)

    async def down(self) -> None:
        await self.emit(ChordPressed())

    async def up(self) -> None:
        await self.emit(ChordReleased())

    async def tap(self) -> None:
        await self.down()
        await asyncio.sleep(TAP_S)
        await self.up()


@dataclass
class ScriptedChordListener:
    keyboard: FakeKeyboard
    chord: str
    on_chord_event: ChordEventCallback

    def start(self) -> None:
        self.keyboard.started.append(self.chord)
        self.keyboard._on_chord_event = self.on_chord_event
        self.on_chord_event(ListenerFailed(self.keyboard.error) if self.keyboard.error else ChordRegistered())

    def stop(self) -> None:
        self.keyboard.stopped.append(self.chord)


Script = Callable[[DaemonFixture, FakeKeyboard], Awaitable[None]]


def run_with_key(house: DaemonFixture, script: Script, keyboard: FakeKeyboard | None = None) -> FakeKeyboard:
    """Run ``script`` beside a daemon with a key."""
    keys = keyboard or FakeKeyboard()

    async def with_key(house: DaemonFixture) -> None:
        watcher = ChordWatcher(house.daemon.key, house.daemon.events, keys.make_listener, dict)
        house.daemon.add_settings_listener(watcher.apply_settings)
        async with watcher:
            await script(house, keys)

    house.run(with_key)
    return keys


def finals(house: DaemonFixture) -> int:
    return len([heard for heard in house.of(Transcribed) if heard.final])


def test_while_the_key_is_held_the_person_speaks_and_the_microphone_is_open_only_then() -> None:
    house = DaemonFixture(settings())

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        assert not house.daemon.status().microphone.open
        await keys.down()
        await house.until(FloorState.HEARING, "the key is down")
        assert house.daemon.status().microphone.open
        await house.room.say(loud_clip(1.0))
        await asyncio.sleep(3)
        assert finals(house) == 0, "a pause ends nothing while the key is down"
        await keys.up()
        assert await house.room.wait_until_answered()
        await house.until(FloorState.LISTENING, "waiting for the key")
        assert not house.daemon.status().microphone.open

    run_with_key(house, script)
    assert finals(house) == 1


def test_it_is_said_when_the_microphone_really_hears() -> None:
    house = DaemonFixture(settings())

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        await keys.down()
        await house.until(FloorState.HEARING, "the key is down")
        await asyncio.sleep(2)  # the simulated room is digital silence until somebody speaks
        assert house.of(MicrophoneLive) == []
        assert house.room.speaker.played() == []
        await house.room.say(loud_clip(0.5))
        assert len(house.of(MicrophoneLive)) == 1
        assert len(house.room.speaker.played()) > 0
        await keys.up()

    run_with_key(house, script)


def test_a_tap_silences_the_character_and_takes_no_turn() -> None:
    house = DaemonFixture(Settings(), ScriptedEnginePool(ScriptedLanguageModel(default=LONG)))

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        await house.until(FloorState.LISTENING)
        await house.room.say(loud_clip(1.0))
        await house.until(FloorState.SPEAKING)
        await asyncio.sleep(2)
        await keys.tap()
        await house.until(FloorState.LISTENING)
        await asyncio.sleep(5)

    run_with_key(house, script)
    (ended,) = house.of(ReplyEnded)
    assert ended.interrupted
    assert 0 < len(ended.heard_prefix.split()) < 20
    assert len(house.of(TurnEnded)) == 1


def test_a_tap_silences_also_a_reply_that_has_only_just_begun() -> None:
    house = DaemonFixture(Settings(), ScriptedEnginePool(ScriptedLanguageModel(default=LONG)))

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        await house.until(FloorState.LISTENING)
        await house.room.say(loud_clip(1.0))
        await house.until(FloorState.SPEAKING)
        await keys.tap()
        await house.until(FloorState.LISTENING)
        await asyncio.sleep(5)
        assert house.states()[-1] is FloorState.LISTENING, "it does not answer once more"

    run_with_key(house, script)


@pytest.mark.parametrize("hands_free", [True, False])
def test_a_tap_while_nobody_speaks_does_nothing(hands_free: bool) -> None:
    house = DaemonFixture(settings(hands_free))

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        await house.until(FloorState.LISTENING)
        for _ in range(2):  # with a microphone that is closed, and with one that is open
            await keys.tap()
            await asyncio.sleep(5)
            assert house.states()[-1] is FloorState.LISTENING

    run_with_key(house, script)
    assert house.of(TurnEnded) == []


def test_held_over_the_character_it_takes_the_floor() -> None:
    house = DaemonFixture(
        settings(hands_free=True), ScriptedEnginePool(ScriptedLanguageModel(lines={"what": LONG}, default="Yes."))
    )

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        asking = asyncio.create_task(house.ask("what"))
        await house.until(FloorState.SPEAKING)
        await asyncio.sleep(2)
        await keys.down()
        await house.room.say(loud_clip(1.0))
        await keys.up()
        await asking
        assert await house.room.wait_until_answered()

    run_with_key(house, script)
    assert [ended.interrupted for ended in house.of(ReplyEnded)] == [True, False]


def test_toggling() -> None:
    house = DaemonFixture(settings(mode="toggle"))

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        await keys.tap()
        await house.until(FloorState.HEARING, "the key is down")
        await house.room.say(loud_clip(1.0))
        await asyncio.sleep(2)
        assert finals(house) == 0
        await keys.tap()
        assert await house.room.wait_until_answered()

    run_with_key(house, script)
    assert finals(house) == 1


def test_toggling_over_the_character_only_silences_it() -> None:
    house = DaemonFixture(settings(True, mode="toggle"), ScriptedEnginePool(ScriptedLanguageModel(default=LONG)))

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        asking = asyncio.create_task(house.ask("what"))
        await house.until(FloorState.SPEAKING)
        await keys.tap()
        await house.until(FloorState.LISTENING)
        assert not house.daemon.key.is_down
        await asking

    run_with_key(house, script)


def test_a_turn_that_was_held_for_too_long_is_toggled_anew() -> None:
    house = DaemonFixture(settings(mode="toggle"))

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        await keys.tap()
        await asyncio.sleep(house.settings.push_to_talk.max_hold_s + 1)
        assert not house.daemon.key.is_down
        await keys.tap()
        assert house.daemon.key.is_down
        await keys.tap()
        assert not house.daemon.key.is_down

    run_with_key(house, script)


def test_a_chord_that_is_taken_is_told_and_another_one_can_be_chosen() -> None:
    house = DaemonFixture(settings(hands_free=True))
    taken = HotkeyError("Another program has the key ctrl+option+space already", "Choose another one")

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        await house.until(FloorState.LISTENING)
        status = house.daemon.status()
        assert [(problem.component, problem.message) for problem in status.problems] == [("hotkey", taken.message)]
        assert (status.push_to_talk.chord, status.push_to_talk.active) == ("ctrl+option+space", False)
        assert "Another program" in status.push_to_talk.reason
        await house.room.say(loud_clip(1.0))
        assert await house.room.wait_until_answered(), "all else works"
        keys.error = None
        house.settings = settings(hands_free=True, chord="super+f5")
        assert (await house.daemon.reload())["changed"][0]["key"] == "push_to_talk.chord"
        await asyncio.sleep(1)
        status = house.daemon.status()
        assert (status.problems, status.push_to_talk.chord, status.push_to_talk.active) == ([], "super+f5", True)

    keys = run_with_key(house, script, FakeKeyboard(taken))
    assert keys.started == ["ctrl+option+space", "cmd+f5"]
    assert house.opened_devices == ["listening"], "the conversation has nothing to do with it"


@pytest.mark.parametrize(
    ("wanted", "problems"),
    [
        (settings(hands_free=True), []),
        (settings(hands_free=False), ["hotkey"]),
        (settings(hands_free=True, chord="super+f5"), ["hotkey"]),
    ],
)
def test_where_there_are_no_keys_that_is_a_problem_only_for_those_who_want_one(
    wanted: Settings, problems: list[str]
) -> None:
    house = DaemonFixture(wanted)

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        await house.until(FloorState.LISTENING)
        await asyncio.sleep(1)
        status = house.daemon.status()
        assert [problem.component for problem in status.problems] == problems
        assert "no display" in status.push_to_talk.reason

    run_with_key(house, script, FakeKeyboard(NoHotkeyError("There is no display", "Start one", transient=True)))


def test_no_chord_is_no_key_and_no_problem() -> None:
    house = DaemonFixture(settings(hands_free=False, chord=""))

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        assert house.daemon.status().problems == []
        await house.daemon.press()  # from elsewhere
        assert house.daemon.status().microphone.open
        house.settings = settings(hands_free=False)
        await house.daemon.reload()
        await asyncio.sleep(1)
        assert house.daemon.status().push_to_talk.active

    keys = run_with_key(house, script)
    assert keys.started == keys.stopped == ["ctrl+option+space"]


def test_a_chord_is_not_given_back_while_it_is_held() -> None:
    house = DaemonFixture(settings(hands_free=True))

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        await house.until(FloorState.LISTENING)
        await keys.down()
        house.settings = settings(hands_free=True, chord="super+f5")
        await house.daemon.reload()
        await asyncio.sleep(5)
        assert (keys.stopped, house.daemon.key.is_down) == ([], True)
        await keys.up()
        await asyncio.sleep(1)
        assert (keys.started, keys.stopped) == (["ctrl+option+space", "cmd+f5"], ["ctrl+option+space"])
        assert not house.daemon.key.is_down

    run_with_key(house, script)


def test_a_display_that_goes_lets_go_of_the_key_and_is_found_again() -> None:
    house = DaemonFixture(settings())
    gone = HotkeyError("The X server has gone", transient=True)

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        await asyncio.sleep(3_600)
        await keys.down()
        keys.error = gone
        await keys.emit(ListenerFailed(gone))
        assert not house.daemon.key.is_down
        await asyncio.sleep(RETRY_FOR_S / 2)
        assert [problem.component for problem in house.daemon.status().problems] == ["hotkey"]
        keys.error = None
        await asyncio.sleep(60)
        assert house.daemon.status().problems == []
        await keys.down()
        assert house.daemon.key.is_down

    run_with_key(house, script)


def test_a_display_that_never_comes_is_given_up_until_the_settings_are_read_again() -> None:
    house = DaemonFixture(settings())
    keyboard = FakeKeyboard(HotkeyError("The X server cannot be reached", transient=True))

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        await asyncio.sleep(2 * RETRY_FOR_S)
        tries = len(keys.started)
        assert 10 < tries < 30
        await asyncio.sleep(2 * RETRY_FOR_S)
        assert len(keys.started) == tries
        assert len([told for told in house.of(HotkeyChanged) if told.reason]) == 1, "it is told once"
        keys.error = None
        house.settings = settings(mode="toggle")
        await house.daemon.reload()
        await asyncio.sleep(1)
        assert house.daemon.status().push_to_talk.active

    run_with_key(house, script, keyboard)


def test_a_key_that_finds_no_microphone_does_not_stay_down() -> None:
    house = DaemonFixture(settings())

    async def script(house: DaemonFixture, keys: FakeKeyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        house.device_error = AudioError("There is no microphone", "Connect one")
        await keys.down()
        await house.until(FloorState.UNAVAILABLE)
        assert not house.daemon.key.is_down
        await keys.up()
        house.device_error = None

    run_with_key(house, script)
