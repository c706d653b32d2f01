"""What the menu shows, and what its clicks ask for."""

from itertools import pairwise

import pytest
from hypothesis import given

from tests.unit.desktop.known_things import LOST, anything, every_item, item, known, status
from voicemate.config import AudioSettings, MenuSettings, Settings, SpeakingSettings
from voicemate.control.commands import understand
from voicemate.control.protocol import Refusal, Request
from voicemate.control.status import DeviceState, HotkeyState
from voicemate.desktop.actions import Change, Command, Copy, Dismiss, Quit, Start, StartAtLogin
from voicemate.desktop.known import Choice, Choices, Exchange, Known, Login, Trouble
from voicemate.desktop.menu import LONGEST_LABEL, MOST_CHOICES, Item, menu
from voicemate.settings_file import find_key


@given(anything)
def test_whatever_is_known_there_is_a_menu_that_can_be_drawn(known: Known) -> None:
    shown = menu(known)
    items = every_item(shown)
    assert shown.tip
    assert shown.items[-1] == Item("Quit this menu", Quit())
    for one in items:
        assert len(one.label) <= max(LONGEST_LABEL, 70), one.label
        assert one.label.isprintable()
        assert one.label == one.label.strip()
        if not one.label:
            assert one == Item(), "a separator and nothing else"
    for among in (shown.items, *(one.items for one in items)):
        separators = [not one.label for one in among]
        assert not any(separators[:1] + separators[-1:]), "none at an end"
        assert not any(a and b for a, b in pairwise(separators)), "no two together"


@given(anything)
def test_every_click_asks_for_something_that_there_is(known: Known) -> None:
    for one in every_item(menu(known)):
        if isinstance(one.action, Command):
            name, arguments = one.action.name, dict(one.action.arguments)
            refused = understand(Request(1, name, arguments))
            if not (name == "persona" and not 0 < len(arguments["name"]) <= 1000):
                assert not isinstance(refused, Refusal), refused
        if isinstance(one.action, Change):
            find_key(one.action.key)


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("starting", "Starting: loading the models"),
        ("listening", "Juniper is listening"),
        ("hearing", "Juniper hears you"),
        ("yielding", "Juniper hears you"),
        ("thinking", "Juniper is thinking"),
        ("speaking", "Juniper is speaking"),
        ("asleep", "Asleep: the microphone is closed"),
        ("unavailable", "Not listening: loading the models"),
        ("stopped", "voicemate is about to end"),
    ],
)
def test_the_first_line_says_how_it_is(state: str, line: str) -> None:
    shown = menu(known(status(state=state, reason="loading the models")))
    assert shown.items[0] == Item(line)
    assert line in shown.tip


def test_a_muted_microphone_and_a_key_that_is_waited_for_are_said() -> None:
    assert menu(known(status(muted=True))).items[0].label == "Muted: Juniper hears nothing"
    assert menu(known(status(mode="push-to-talk"))).items[0].label == "Juniper waits for the key"


def test_without_a_daemon_it_offers_to_start_one() -> None:
    shown = menu(known(None, login=Login(False)))
    assert [one.label for one in shown.items if one.label] == [
        "voicemate is not running",
        "Start voicemate",
        "Start at login",
        "Quit this menu",
    ]
    assert item(shown, "Start voicemate").action == Start()


def test_while_it_starts_it_is_not_started_again() -> None:
    shown = menu(known(None, doing="Starting voicemate …"))
    assert shown.items[0].label == "Starting voicemate …"
    assert not item(shown, "Start voicemate").enabled


def test_why_the_service_ended_is_said() -> None:
    shown = menu(known(None, down=Trouble("It ended: no model", "Run `voicemate models pull starter`")))
    found = item(shown, "⚠ It ended: no model")
    assert [one.label for one in found.items] == [
        "It ended: no model.",
        "Run “voicemate models pull starter”.",
        "",
        "Copy “voicemate models pull starter”",
    ]
    assert found.items[-1].action == Copy("voicemate models pull starter")


def test_a_daemon_that_does_not_answer_is_not_started_again() -> None:
    silent = Trouble("The daemon does not answer", "Try `voicemate restart`")
    shown = menu(known(None, down=silent, unreachable=True))
    assert shown.items[0].label == "voicemate cannot be reached"
    assert "Start voicemate" not in [one.label for one in shown.items]


def test_what_is_wrong_comes_with_the_way_out() -> None:
    found = item(menu(known(status(problems=[LOST]))), "⚠ The microphone is gone")
    assert found.items[-1] == Item("Try again now", Command("reload", (), "Trying again …"))
    assert not found.items[0].enabled


def test_why_it_does_not_listen_is_said_once() -> None:
    broken = status(state="unavailable", reason=LOST.wrong, problems=[LOST])
    shown = menu(known(broken, trouble=Trouble(LOST.wrong, "See `voicemate status`")))
    assert shown.items[0].label == "Not listening"
    assert [one.label for one in shown.items if LOST.wrong in one.label] == ["⚠ The microphone is gone"]


def test_a_click_that_failed_is_told_until_it_is_dismissed() -> None:
    shown = menu(known(trouble=Trouble("The settings file cannot be written", "Make room")))
    assert item(shown, "⚠ The settings file cannot be written", "Dismiss").action == Dismiss()


def test_a_long_remedy_is_wrapped_and_not_cut() -> None:
    remedy = "Allow it in System Settings, Privacy & Security, Microphone, then log out and in again"
    found = next(one for one in menu(known(trouble=Trouble("x" * 90, remedy))).items if one.label.startswith("⚠"))
    told = " ".join(one.label for one in found.items)
    assert f"{remedy}." in told


def test_the_switches_show_and_turn_what_is_so() -> None:
    shown = menu(known(status(muted=True, listening=False, state="asleep")))
    assert item(shown, "Mute") == Item("Mute", Command("mute", (("on", False),)), checked=True)
    assert item(shown, "Listen").checked is False
    assert not item(shown, "Fall silent").enabled
    assert item(menu(known(status(state="speaking"))), "Fall silent").action == Command("interrupt")


def test_the_key_is_named_as_it_stands_on_the_keyboard() -> None:
    watched = status(hotkey=HotkeyState(chord="ctrl+option+space", watched=True))
    assert item(menu(known(watched)), "Hold Ctrl+Alt+Space to talk").action is None
    assert item(menu(known(watched, mac=True)), "Hold ⌃⌥Space to talk")
    other = status(hotkey=HotkeyState(chord="super+f5", mode="toggle", watched=True))
    assert item(menu(known(other)), "Press Super+F5 to talk")


@pytest.mark.parametrize(
    "hotkey", [HotkeyState(), HotkeyState(chord="ctrl+option+space", watched=False, why="There is no display.")]
)
def test_a_key_that_nobody_watches_is_not_offered(hotkey: HotkeyState) -> None:
    assert not any("to talk" in one.label for one in menu(known(status(hotkey=hotkey))).items)


PEOPLE = (Choice("ambrose", "Ambrose"), Choice("juniper", "Juniper"))


def test_the_characters() -> None:
    shown = item(menu(known(choices=Choices(personas=PEOPLE))), "Character")
    assert [(one.label, one.checked) for one in shown.items] == [("Ambrose", False), ("Juniper", True)]
    asked = shown.items[0].action
    assert isinstance(asked, Command)
    assert (asked.name, dict(asked.arguments)) == ("persona", {"name": "ambrose"})


def test_a_character_from_a_file_elsewhere_is_listed_too() -> None:
    elsewhere = status(persona="/home/me/friend.toml", character="Friend")
    shown = item(menu(known(elsewhere, choices=Choices(personas=PEOPLE))), "Character")
    assert [(one.label, one.checked) for one in shown.items] == [
        ("Friend", True),
        ("Ambrose", False),
        ("Juniper", False),
    ]


MICROPHONES = (Choice("USB Audio", "USB Audio"), Choice("Built-in USB Audio 2", "Built-in USB Audio 2"))


def microphones(chosen: str, offered: tuple[Choice, ...] = MICROPHONES) -> list[tuple[str, bool | None]]:
    settings = Settings(audio=AudioSettings(input=chosen))
    shown = item(menu(known(settings=settings, choices=Choices(microphones=offered))), "Microphone")
    return [(one.label, one.checked) for one in shown.items if one.label]


def test_the_default_device_is_named() -> None:
    assert microphones("")[0] == ("The system's default (mic)", True)


def test_a_part_of_a_name_means_the_device_and_a_whole_name_goes_before_it() -> None:
    assert [label for label, checked in microphones("built-in") if checked] == ["Built-in USB Audio 2"]
    assert [label for label, checked in microphones("usb audio") if checked] == ["USB Audio"]


def test_a_device_that_is_not_here_now_stays_chosen() -> None:
    assert ("Jabra (not here now)", True) in microphones("Jabra")


def test_choosing_writes_the_setting_and_the_default_takes_it_out() -> None:
    shown = item(menu(known(choices=Choices(microphones=MICROPHONES))), "Microphone")
    assert [(one.action.key, one.action.value) for one in shown.items if isinstance(one.action, Change)] == [
        ("audio.input", ""),
        ("audio.input", "USB Audio"),
        ("audio.input", "Built-in USB Audio 2"),
    ]


def test_a_very_long_name_is_cut_on_the_screen_and_whole_in_the_setting() -> None:
    name = "A microphone of a most illustrious maker, " * 5
    shown = item(menu(known(choices=Choices(microphones=(Choice(name, name),)))), "Microphone").items[-1]
    assert shown.label.endswith("…")
    assert isinstance(shown.action, Change)
    assert shown.action.value == name


def test_of_very_many_voices_the_chosen_one_is_there() -> None:
    voices = tuple(Choice(f"v{number}", f"Voice {number}") for number in range(100))
    settings = Settings(speaking=SpeakingSettings(voice="Voice 99"))
    shown = item(menu(known(settings=settings, choices=Choices(voices=voices))), "Voice")
    assert ("Voice 99", True) in [(one.label, one.checked) for one in shown.items]
    assert "70 more" in shown.items[-1].label
    assert len(shown.items) <= MOST_CHOICES + 4


SAID = (
    Exchange("Juniper", "", "Hello, I'm Juniper."),
    Exchange("Juniper", "What's the weather\nlike?", "Grey, and I like it."),
)


def test_the_last_exchanges_are_shown_and_can_be_copied() -> None:
    shown = item(menu(known(exchanges=SAID)), "Last said")
    assert [one.label for one in shown.items] == [
        "Juniper: Hello, I'm Juniper.",
        "",
        "You: What's the weather like?",
        "Juniper: Grey, and I like it.",
    ]
    assert shown.items[2].action == Copy("What's the weather\nlike?")


def test_no_words_are_shown_where_the_person_wants_none() -> None:
    shown = menu(known(exchanges=SAID, settings=Settings(menu=MenuSettings(exchanges=0))))
    assert not any("Juniper." in one.label or one.label == "Last said" for one in every_item(shown))
    only_one = menu(known(exchanges=SAID, settings=Settings(menu=MenuSettings(exchanges=1))))
    assert len(item(only_one, "Last said").items) == 2


def test_start_at_login() -> None:
    assert item(menu(known(login=Login(True))), "Start at login") == Item("Start at login", StartAtLogin(False), True)
    assert not item(menu(known()), "Start at login").enabled
    assert not item(menu(known(login=Login(None, "no systemd"))), "Start at login (no systemd)").enabled


def test_a_microphone_that_is_closed_is_not_named_as_the_default() -> None:
    closed = status(microphone=DeviceState(name="default", open=False))
    assert item(menu(known(closed)), "Microphone").items[0].label == "The system's default"
