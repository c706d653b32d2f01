"""What the menu shows, and what its clicks ask for."""

from itertools import pairwise

import pytest
from hypothesis import given

from tests.unit.menu.menu_states import LOST, all_items, anything, find_item, menu_state, status
from voicemate.config.editor import find_setting
from voicemate.config.schema import AudioSettings, MenuSettings, Settings, TtsSettings
from voicemate.control.commands import parse_arguments
from voicemate.control.protocol import ControlRequest, Refusal
from voicemate.control.status import Choice, Choices, DeviceStatus, PushToTalkStatus, RecentExchange
from voicemate.menu.actions import (
    ChangeSetting,
    CopyText,
    DismissError,
    QuitMenu,
    SendCommand,
    SetStartAtLogin,
    StartDaemon,
)
from voicemate.menu.menu_model import MAX_CHOICES, MAX_LABEL_LENGTH, MenuItem, build_menu
from voicemate.menu.menu_state import LoginState, MenuProblem, MenuState


@given(anything)
def test_whatever_is_known_there_is_a_menu_that_can_be_drawn(known: MenuState) -> None:
    shown = build_menu(known)
    items = all_items(shown)
    assert shown.tooltip
    assert shown.items[-1] == MenuItem("Quit this menu", QuitMenu())
    for one in items:
        assert len(one.label) <= max(MAX_LABEL_LENGTH, 70), one.label
        assert one.label.isprintable()
        assert one.label == one.label.strip()
        if not one.label:
            assert one == MenuItem(), "a separator and nothing else"
    for among in (shown.items, *(one.items for one in items)):
        separators = [not one.label for one in among]
        assert not any(separators[:1] + separators[-1:]), "none at an end"
        assert not any(a and b for a, b in pairwise(separators)), "no two together"


@given(anything)
def test_every_click_asks_for_something_that_there_is(known: MenuState) -> None:
    for one in all_items(build_menu(known)):
        if isinstance(one.action, SendCommand):
            name, arguments = one.action.name, dict(one.action.arguments)
            refused = parse_arguments(ControlRequest(1, name, arguments))
            if not (name == "persona" and not 0 < len(arguments["name"]) <= 1000):
                assert not isinstance(refused, Refusal), refused
        if isinstance(one.action, ChangeSetting):
            find_setting(one.action.key)


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
    shown = build_menu(menu_state(status(state=state, reason="loading the models")))
    assert shown.items[0] == MenuItem(line)
    assert line in shown.tooltip


def test_a_muted_microphone_and_a_key_that_is_waited_for_are_said() -> None:
    assert build_menu(menu_state(status(muted=True))).items[0].label == "Muted: Juniper hears nothing"
    assert build_menu(menu_state(status(mode="push-to-talk"))).items[0].label == "Juniper waits for the key"


def test_without_a_daemon_it_offers_to_start_one() -> None:
    shown = build_menu(menu_state(None, login=LoginState(False)))
    assert [one.label for one in shown.items if one.label] == [
        "voicemate is not running",
        "Start voicemate",
        "Start at login",
        "Quit this menu",
    ]
    assert find_item(shown, "Start voicemate").action == StartDaemon()


def test_while_it_starts_it_is_not_started_again() -> None:
    shown = build_menu(menu_state(None, doing="Starting voicemate …"))
    assert shown.items[0].label == "Starting voicemate …"
    assert not find_item(shown, "Start voicemate").enabled


def test_why_the_service_ended_is_said() -> None:
    shown = build_menu(
        menu_state(None, down=MenuProblem("It ended: no model", "Run `voicemate models pull starter`"))
    )
    found = find_item(shown, "⚠ It ended: no model")
    assert [one.label for one in found.items] == [
        "It ended: no model.",
        "Run “voicemate models pull starter”.",
        "",
        "Copy “voicemate models pull starter”",
    ]
    assert found.items[-1].action == CopyText("voicemate models pull starter")


def test_a_daemon_that_does_not_answer_is_not_started_again() -> None:
    silent = MenuProblem("The daemon does not answer", "Try `voicemate restart`")
    shown = build_menu(menu_state(None, down=silent, unreachable=True))
    assert shown.items[0].label == "voicemate cannot be reached"
    assert "Start voicemate" not in [one.label for one in shown.items]


def test_what_is_wrong_comes_with_the_way_out() -> None:
    found = find_item(build_menu(menu_state(status(problems=[LOST]))), "⚠ The microphone is gone")
    assert found.items[-1] == MenuItem("Try again now", SendCommand("reload", (), "Trying again …"))
    assert not found.items[0].enabled


def test_why_it_does_not_listen_is_said_once() -> None:
    broken = status(state="unavailable", reason=LOST.message, problems=[LOST])
    shown = build_menu(menu_state(broken, trouble=MenuProblem(LOST.message, "See `voicemate status`")))
    assert shown.items[0].label == "Not listening"
    assert [one.label for one in shown.items if LOST.message in one.label] == ["⚠ The microphone is gone"]


def test_a_click_that_failed_is_told_until_it_is_dismissed() -> None:
    shown = build_menu(menu_state(trouble=MenuProblem("The settings file cannot be written", "Make room")))
    assert find_item(shown, "⚠ The settings file cannot be written", "Dismiss").action == DismissError()


def test_a_long_remedy_is_wrapped_and_not_cut() -> None:
    remedy = "Allow it in System Settings, Privacy & Security, Microphone, then log out and in again"
    found = next(
        one
        for one in build_menu(menu_state(trouble=MenuProblem("x" * 90, remedy))).items
        if one.label.startswith("⚠")
    )
    told = " ".join(one.label for one in found.items)
    assert f"{remedy}." in told


def test_the_switches_show_and_turn_what_is_so() -> None:
    shown = build_menu(menu_state(status(muted=True, listening=False, state="asleep")))
    assert find_item(shown, "Mute") == MenuItem("Mute", SendCommand("mute", (("on", False),)), checked=True)
    assert find_item(shown, "Listen").checked is False
    assert not find_item(shown, "Fall silent").enabled
    assert find_item(build_menu(menu_state(status(state="speaking"))), "Fall silent").action == SendCommand(
        "interrupt"
    )


def test_the_key_is_named_as_it_stands_on_the_keyboard() -> None:
    watched = status(hotkey=PushToTalkStatus(chord="ctrl+option+space", active=True))
    assert find_item(build_menu(menu_state(watched)), "Hold Ctrl+Alt+Space to talk").action is None
    assert find_item(build_menu(menu_state(watched, mac=True)), "Hold ⌃⌥Space to talk")
    other = status(hotkey=PushToTalkStatus(chord="super+f5", mode="toggle", active=True))
    assert find_item(build_menu(menu_state(other)), "Press Super+F5 to talk")


@pytest.mark.parametrize(
    "hotkey",
    [PushToTalkStatus(), PushToTalkStatus(chord="ctrl+option+space", active=False, reason="There is no display.")],
)
def test_a_key_that_nobody_watches_is_not_offered(hotkey: PushToTalkStatus) -> None:
    assert not any("to talk" in one.label for one in build_menu(menu_state(status(hotkey=hotkey))).items)


PEOPLE = (Choice("ambrose", "Ambrose"), Choice("juniper", "Juniper"))


def test_the_characters() -> None:
    shown = find_item(build_menu(menu_state(choices=Choices(personas=PEOPLE))), "Character")
    assert [(one.label, one.checked) for one in shown.items] == [("Ambrose", False), ("Juniper", True)]
    asked = shown.items[0].action
    assert isinstance(asked, SendCommand)
    assert (asked.name, dict(asked.arguments)) == ("persona", {"name": "ambrose"})


def test_a_character_from_a_file_elsewhere_is_listed_too() -> None:
    elsewhere = status(persona="/home/me/friend.toml", character="Friend")
    shown = find_item(build_menu(menu_state(elsewhere, choices=Choices(personas=PEOPLE))), "Character")
    assert [(one.label, one.checked) for one in shown.items] == [
        ("Friend", True),
        ("Ambrose", False),
        ("Juniper", False),
    ]


MICROPHONES = (Choice("USB Audio", "USB Audio"), Choice("Built-in USB Audio 2", "Built-in USB Audio 2"))


def microphones(chosen: str, offered: tuple[Choice, ...] = MICROPHONES) -> list[tuple[str, bool | None]]:
    settings = Settings(audio=AudioSettings(input=chosen))
    shown = find_item(build_menu(menu_state(settings=settings, choices=Choices(microphones=offered))), "Microphone")
    return [(one.label, one.checked) for one in shown.items if one.label]


def test_the_default_device_is_named() -> None:
    assert microphones("")[0] == ("The system's default (mic)", True)


def test_a_part_of_a_name_means_the_device_and_a_whole_name_goes_before_it() -> None:
    assert [label for label, checked in microphones("built-in") if checked] == ["Built-in USB Audio 2"]
    assert [label for label, checked in microphones("usb audio") if checked] == ["USB Audio"]


def test_a_device_that_is_not_here_now_stays_chosen() -> None:
    assert ("Jabra (not here now)", True) in microphones("Jabra")


def test_choosing_writes_the_setting_and_the_default_takes_it_out() -> None:
    shown = find_item(build_menu(menu_state(choices=Choices(microphones=MICROPHONES))), "Microphone")
    assert [(one.action.key, one.action.value) for one in shown.items if isinstance(one.action, ChangeSetting)] == [
        ("audio.input", ""),
        ("audio.input", "USB Audio"),
        ("audio.input", "Built-in USB Audio 2"),
    ]


def test_a_very_long_name_is_cut_on_the_screen_and_whole_in_the_setting() -> None:
    name = "A microphone of a most illustrious maker, " * 5
    shown = find_item(build_menu(menu_state(choices=Choices(microphones=(Choice(name, name),)))), "Microphone").items[
        -1
    ]
    assert shown.label.endswith("…")
    assert isinstance(shown.action, ChangeSetting)
    assert shown.action.value == name


def test_of_very_many_voices_the_chosen_one_is_there() -> None:
    voices = tuple(Choice(f"v{number}", f"Voice {number}") for number in range(100))
    settings = Settings(tts=TtsSettings(voice="Voice 99"))
    shown = find_item(build_menu(menu_state(settings=settings, choices=Choices(voices=voices))), "Voice")
    assert ("Voice 99", True) in [(one.label, one.checked) for one in shown.items]
    assert "70 more" in shown.items[-1].label
    assert len(shown.items) <= MAX_CHOICES + 4


SAID = (
    RecentExchange("Juniper", "", "Hello, I'm Juniper."),
    RecentExchange("Juniper", "What's the weather\nlike?", "Grey, and I like it."),
)


def test_the_last_exchanges_are_shown_and_can_be_copied() -> None:
    shown = find_item(build_menu(menu_state(exchanges=SAID)), "Last said")
    assert [one.label for one in shown.items] == [
        "Juniper: Hello, I'm Juniper.",
        "",
        "You: What's the weather like?",
        "Juniper: Grey, and I like it.",
    ]
    assert shown.items[2].action == CopyText("What's the weather\nlike?")


def test_no_words_are_shown_where_the_person_wants_none() -> None:
    shown = build_menu(menu_state(exchanges=SAID, settings=Settings(menu=MenuSettings(exchanges=0))))
    assert not any("Juniper." in one.label or one.label == "Last said" for one in all_items(shown))
    only_one = build_menu(menu_state(exchanges=SAID, settings=Settings(menu=MenuSettings(exchanges=1))))
    assert len(find_item(only_one, "Last said").items) == 2


def test_start_at_login() -> None:
    assert find_item(build_menu(menu_state(login=LoginState(True))), "Start at login") == MenuItem(
        "Start at login", SetStartAtLogin(False), True
    )
    assert not find_item(build_menu(menu_state()), "Start at login").enabled
    assert not find_item(
        build_menu(menu_state(login=LoginState(None, "no systemd"))), "Start at login (no systemd)"
    ).enabled


def test_a_microphone_that_is_closed_is_not_named_as_the_default() -> None:
    closed = status(microphone=DeviceStatus(name="default", open=False))
    assert find_item(build_menu(menu_state(closed)), "Microphone").items[0].label == "The system's default"
