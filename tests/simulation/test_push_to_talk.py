"""The push-to-talk key of the desktop and the daemon behind it, on the virtual clock."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pytest

from tests.simulation.scripted import ScriptedMind
from tests.simulation.scripted_house import House, ScriptedShelf
from tests.simulation.stage import voice
from voicemate.config import Settings
from voicemate.daemon.hotkey import GIVE_UP_S, Hotkey
from voicemate.errors import AudioError, HotkeyError, NoHotkeyError
from voicemate.events import FloorState, Heard, HotkeyChanged, MicrophoneHears, ReplyEnded, TurnEnded
from voicemate.hotkey.chord import Chord
from voicemate.hotkey.reports import Broken, Down, Ready, Report, Tell, Up

TAP_S = 0.1
LONG = "word " * 200


def settings(hands_free: bool = False, **hotkey: str) -> Settings:
    return Settings.model_validate({"push_to_talk": {"hands_free": hands_free}, "hotkey": hotkey})


@dataclass
class Keyboard:
    """Watches that say what the test wants.

    Attributes:
        refuses: why no chord can be watched.
        begun, ended: the chords of the watches that were begun and ended, in order.
    """

    refuses: HotkeyError | None = None
    begun: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    _tell: Tell | None = None

    def watch(self, chord: Chord, tell: Tell, surroundings: Mapping[str, str]) -> "ScriptedWatch":
        if isinstance(self.refuses, NoHotkeyError):
            raise self.refuses
        return ScriptedWatch(self, str(chord), tell)

    async def say(self, report: Report) -> None:
        assert self._tell
        self._tell(report)
        await asyncio.sleep(0.01)

    async def down(self) -> None:
        await self.say(Down())

    async def up(self) -> None:
        await self.say(Up())

    async def tap(self) -> None:
        await self.down()
        await asyncio.sleep(TAP_S)
        await self.up()


@dataclass
class ScriptedWatch:
    keyboard: Keyboard
    chord: str
    tell: Tell

    def start(self) -> None:
        self.keyboard.begun.append(self.chord)
        self.keyboard._tell = self.tell
        self.tell(Broken(self.keyboard.refuses) if self.keyboard.refuses else Ready())

    def stop(self) -> None:
        self.keyboard.ended.append(self.chord)


Script = Callable[[House, Keyboard], Awaitable[None]]


def play(house: House, script: Script, keyboard: Keyboard | None = None) -> Keyboard:
    """Run ``script`` beside a daemon with a key."""
    keys = keyboard or Keyboard()

    async def with_key(house: House) -> None:
        hotkey = Hotkey(house.keeper, house.keeper.events, keys.watch, dict)
        house.keeper.on_settings(hotkey.use)
        async with hotkey:
            await script(house, keys)

    house.play(with_key)
    return keys


def finals(house: House) -> int:
    return len([heard for heard in house.of(Heard) if heard.final])


def test_while_the_key_is_held_the_person_speaks_and_the_microphone_is_open_only_then() -> None:
    house = House(settings())

    async def script(house: House, keys: Keyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        assert not house.keeper.status().microphone.open
        await keys.down()
        await house.until(FloorState.HEARING, "the key is down")
        assert house.keeper.status().microphone.open
        await house.room.say(voice(1.0))
        await asyncio.sleep(3)
        assert finals(house) == 0, "a pause ends nothing while the key is down"
        await keys.up()
        assert await house.room.until_answered()
        await house.until(FloorState.LISTENING, "waiting for the key")
        assert not house.keeper.status().microphone.open

    play(house, script)
    assert finals(house) == 1


def test_it_is_said_when_the_microphone_really_hears() -> None:
    house = House(settings())

    async def script(house: House, keys: Keyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        await keys.down()
        await house.until(FloorState.HEARING, "the key is down")
        await asyncio.sleep(2)  # the simulated room is digital silence until somebody speaks
        assert house.of(MicrophoneHears) == []
        assert house.room.loudspeaker.played() == []
        await house.room.say(voice(0.5))
        assert len(house.of(MicrophoneHears)) == 1
        assert len(house.room.loudspeaker.played()) > 0
        await keys.up()

    play(house, script)


def test_a_tap_silences_the_character_and_takes_no_turn() -> None:
    house = House(Settings(), ScriptedShelf(ScriptedMind(default=LONG)))

    async def script(house: House, keys: Keyboard) -> None:
        await house.until(FloorState.LISTENING)
        await house.room.say(voice(1.0))
        await house.until(FloorState.SPEAKING)
        await asyncio.sleep(2)
        await keys.tap()
        await house.until(FloorState.LISTENING)
        await asyncio.sleep(5)

    play(house, script)
    (ended,) = house.of(ReplyEnded)
    assert ended.interrupted
    assert 0 < len(ended.heard.split()) < 20
    assert len(house.of(TurnEnded)) == 1


def test_a_tap_silences_also_a_reply_that_has_only_just_begun() -> None:
    house = House(Settings(), ScriptedShelf(ScriptedMind(default=LONG)))

    async def script(house: House, keys: Keyboard) -> None:
        await house.until(FloorState.LISTENING)
        await house.room.say(voice(1.0))
        await house.until(FloorState.SPEAKING)
        await keys.tap()
        await house.until(FloorState.LISTENING)
        await asyncio.sleep(5)
        assert house.states()[-1] is FloorState.LISTENING, "it does not answer once more"

    play(house, script)


@pytest.mark.parametrize("hands_free", [True, False])
def test_a_tap_while_nobody_speaks_does_nothing(hands_free: bool) -> None:
    house = House(settings(hands_free))

    async def script(house: House, keys: Keyboard) -> None:
        await house.until(FloorState.LISTENING)
        for _ in range(2):  # with a microphone that is closed, and with one that is open
            await keys.tap()
            await asyncio.sleep(5)
            assert house.states()[-1] is FloorState.LISTENING

    play(house, script)
    assert house.of(TurnEnded) == []


def test_held_over_the_character_it_takes_the_floor() -> None:
    house = House(settings(hands_free=True), ScriptedShelf(ScriptedMind(lines={"what": LONG}, default="Yes.")))

    async def script(house: House, keys: Keyboard) -> None:
        asking = asyncio.create_task(house.keeper.ask("what"))
        await house.until(FloorState.SPEAKING)
        await asyncio.sleep(2)
        await keys.down()
        await house.room.say(voice(1.0))
        await keys.up()
        await asking
        assert await house.room.until_answered()

    play(house, script)
    assert [ended.interrupted for ended in house.of(ReplyEnded)] == [True, False]


def test_toggling() -> None:
    house = House(settings(mode="toggle"))

    async def script(house: House, keys: Keyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        await keys.tap()
        await house.until(FloorState.HEARING, "the key is down")
        await house.room.say(voice(1.0))
        await asyncio.sleep(2)
        assert finals(house) == 0
        await keys.tap()
        assert await house.room.until_answered()

    play(house, script)
    assert finals(house) == 1


def test_toggling_over_the_character_only_silences_it() -> None:
    house = House(settings(True, mode="toggle"), ScriptedShelf(ScriptedMind(default=LONG)))

    async def script(house: House, keys: Keyboard) -> None:
        asking = asyncio.create_task(house.keeper.ask("what"))
        await house.until(FloorState.SPEAKING)
        await keys.tap()
        await house.until(FloorState.LISTENING)
        assert not house.keeper.pressed
        await asking

    play(house, script)


def test_a_turn_that_was_held_for_too_long_is_toggled_anew() -> None:
    house = House(settings(mode="toggle"))

    async def script(house: House, keys: Keyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        await keys.tap()
        await asyncio.sleep(house.settings.push_to_talk.longest_s + 1)
        assert not house.keeper.pressed
        await keys.tap()
        assert house.keeper.pressed
        await keys.tap()
        assert not house.keeper.pressed

    play(house, script)


def test_a_chord_that_is_taken_is_told_and_another_one_can_be_chosen() -> None:
    house = House(settings(hands_free=True))
    taken = HotkeyError("Another program has the key ctrl+option+space already", "Choose another one")

    async def script(house: House, keys: Keyboard) -> None:
        await house.until(FloorState.LISTENING)
        status = house.keeper.status()
        assert [(problem.where, problem.wrong) for problem in status.problems] == [("hotkey", taken.wrong)]
        assert (status.hotkey.chord, status.hotkey.watched) == ("ctrl+option+space", False)
        assert "Another program" in status.hotkey.why
        await house.room.say(voice(1.0))
        assert await house.room.until_answered(), "all else works"
        keys.refuses = None
        house.settings = settings(hands_free=True, chord="super+f5")
        assert (await house.keeper.reload())["changed"][0]["key"] == "hotkey.chord"
        await asyncio.sleep(1)
        status = house.keeper.status()
        assert (status.problems, status.hotkey.chord, status.hotkey.watched) == ([], "super+f5", True)

    keys = play(house, script, Keyboard(taken))
    assert keys.begun == ["ctrl+option+space", "cmd+f5"]
    assert house.stages == ["listening"], "the conversation has nothing to do with it"


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
    house = House(wanted)

    async def script(house: House, keys: Keyboard) -> None:
        await house.until(FloorState.LISTENING)
        await asyncio.sleep(1)
        status = house.keeper.status()
        assert [problem.where for problem in status.problems] == problems
        assert "no display" in status.hotkey.why

    play(house, script, Keyboard(NoHotkeyError("There is no display", "Start one", passing=True)))


def test_no_chord_is_no_key_and_no_problem() -> None:
    house = House(settings(hands_free=False, chord=""))

    async def script(house: House, keys: Keyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        assert house.keeper.status().problems == []
        await house.keeper.press()  # from elsewhere
        assert house.keeper.status().microphone.open
        house.settings = settings(hands_free=False)
        await house.keeper.reload()
        await asyncio.sleep(1)
        assert house.keeper.status().hotkey.watched

    keys = play(house, script)
    assert keys.begun == keys.ended == ["ctrl+option+space"]


def test_a_chord_is_not_given_back_while_it_is_held() -> None:
    house = House(settings(hands_free=True))

    async def script(house: House, keys: Keyboard) -> None:
        await house.until(FloorState.LISTENING)
        await keys.down()
        house.settings = settings(hands_free=True, chord="super+f5")
        await house.keeper.reload()
        await asyncio.sleep(5)
        assert (keys.ended, house.keeper.pressed) == ([], True)
        await keys.up()
        await asyncio.sleep(1)
        assert (keys.begun, keys.ended) == (["ctrl+option+space", "cmd+f5"], ["ctrl+option+space"])
        assert not house.keeper.pressed

    play(house, script)


def test_a_display_that_goes_lets_go_of_the_key_and_is_found_again() -> None:
    house = House(settings())
    gone = HotkeyError("The X server has gone", passing=True)

    async def script(house: House, keys: Keyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        await asyncio.sleep(3_600)
        await keys.down()
        keys.refuses = gone
        await keys.say(Broken(gone))
        assert not house.keeper.pressed
        await asyncio.sleep(GIVE_UP_S / 2)
        assert [problem.where for problem in house.keeper.status().problems] == ["hotkey"]
        keys.refuses = None
        await asyncio.sleep(60)
        assert house.keeper.status().problems == []
        await keys.down()
        assert house.keeper.pressed

    play(house, script)


def test_a_display_that_never_comes_is_given_up_until_the_settings_are_read_again() -> None:
    house = House(settings())
    keyboard = Keyboard(HotkeyError("The X server cannot be reached", passing=True))

    async def script(house: House, keys: Keyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        await asyncio.sleep(2 * GIVE_UP_S)
        tries = len(keys.begun)
        assert 10 < tries < 30
        await asyncio.sleep(2 * GIVE_UP_S)
        assert len(keys.begun) == tries
        assert len([told for told in house.of(HotkeyChanged) if told.why]) == 1, "it is told once"
        keys.refuses = None
        house.settings = settings(mode="toggle")
        await house.keeper.reload()
        await asyncio.sleep(1)
        assert house.keeper.status().hotkey.watched

    play(house, script, keyboard)


def test_a_key_that_finds_no_microphone_does_not_stay_down() -> None:
    house = House(settings())

    async def script(house: House, keys: Keyboard) -> None:
        await house.until(FloorState.LISTENING, "waiting for the key")
        house.no_device = AudioError("There is no microphone", "Connect one")
        await keys.down()
        await house.until(FloorState.UNAVAILABLE)
        assert not house.keeper.pressed
        await keys.up()
        house.no_device = None

    play(house, script)
