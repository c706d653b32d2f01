"""What the menu shows, and what its clicks do."""

from itertools import pairwise

import pytest
from hypothesis import given

from tests.unit.menu.menu_states import LOST, all_items, find_item, menu_state, menu_states, status
from voicemate.config.editor import find_setting
from voicemate.config.schema import AudioSettings, MenuSettings, Settings, TtsSettings
from voicemate.control.commands import parse_arguments
from voicemate.control.protocol import ControlRequest, Refusal
from voicemate.control.status import Choice, Choices, DeviceStatus, PushToTalkStatus, RecentExchange
from voicemate.core.events import FloorState
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


@given(menu_states)
def test_every_state_has_a_menu_that_can_be_drawn(state: MenuState) -> None:
    shown = build_menu(state)
    items = all_items(shown)
    assert shown.tooltip
    assert shown.items[-1] == MenuItem("Quit this menu", QuitMenu())
    for one in items:
        assert len(one.label) <= max(MAX_LABEL_LENGTH, 70), one.label
        assert one.label.isprintable()
        assert one.label == one.label.strip()
        if not one.label:
            assert one == MenuItem(), "a separator has nothing else"
    for among in (shown.items, *(one.items for one in items)):
        separators = [not one.label for one in among]
        assert not any(separators[:1] + separators[-1:]), "no separator at either end"
        assert not any(a and b for a, b in pairwise(separators)), "no two adjacent separators"


@given(menu_states)
def test_every_action_is_a_valid_command_or_setting(state: MenuState) -> None:
    for one in all_items(build_menu(state)):
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
        (FloorState.OVERLAPPING, "Juniper hears you"),
        ("thinking", "Juniper is thinking"),
        ("speaking", "Juniper is speaking"),
        ("asleep", "Asleep: the microphone is closed"),
        ("unavailable", "Not listening: loading the models"),
        ("stopped", "voicemate is about to exit"),
    ],
)
def test_the_first_line_shows_the_status(state: str, line: str) -> None:
    shown = build_menu(menu_state(status(state=state, reason="loading the models")))
    assert shown.items[0] == MenuItem(line)
    assert line in shown.tooltip


def test_a_muted_microphone_and_waiting_for_the_key_are_shown() -> None:
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


def test_it_cannot_be_started_twice() -> None:
    shown = build_menu(menu_state(None, progress="Starting voicemate …"))
    assert shown.items[0].label == "Starting voicemate …"
    assert not find_item(shown, "Start voicemate").enabled


def test_the_reason_of_a_failed_service_is_shown() -> None:
    shown = build_menu(
        menu_state(None, down_reason=MenuProblem("It ended: no model", "Run `voicemate models pull starter`"))
    )
    found = find_item(shown, "⚠ It ended: no model")
    assert [one.label for one in found.items] == [
        "It ended: no model.",
        "Run “voicemate models pull starter”.",
        "",
        "Copy “voicemate models pull starter”",
    ]
    assert found.items[-1].action == CopyText("voicemate models pull starter")


def test_a_daemon_that_does_not_answer_cannot_be_started() -> None:
    silent = MenuProblem("The daemon does not answer", "Try `voicemate restart`")
    shown = build_menu(menu_state(None, down_reason=silent, unreachable=True))
    assert shown.items[0].label == "voicemate cannot be reached"
    assert "Start voicemate" not in [one.label for one in shown.items]


def test_a_problem_can_be_tried_again() -> None:
    found = find_item(build_menu(menu_state(status(problems=[LOST]))), "⚠ The microphone is gone")
    assert found.items[-1] == MenuItem("Try again now", SendCommand("reload", (), "Trying again …"))
    assert not found.items[0].enabled


def test_the_reason_for_not_listening_is_shown_once() -> None:
    broken = status(state="unavailable", reason=LOST.message, problems=[LOST])
    shown = build_menu(menu_state(broken, action_error=MenuProblem(LOST.message, "See `voicemate status`")))
    assert shown.items[0].label == "Not listening"
    assert [one.label for one in shown.items if LOST.message in one.label] == ["⚠ The microphone is gone"]


def test_an_error_can_be_dismissed() -> None:
    shown = build_menu(menu_state(action_error=MenuProblem("The settings file cannot be written", "Make room")))
    assert find_item(shown, "⚠ The settings file cannot be written", "Dismiss").action == DismissError()


def test_a_long_hint_is_wrapped() -> None:
    hint = "Allow it in System Settings, Privacy & Security, Microphone, then log out and in again"
    found = next(
        one
        for one in build_menu(menu_state(action_error=MenuProblem("x" * 90, hint))).items
        if one.label.startswith("⚠")
    )
    told = " ".join(one.label for one in found.items)
    assert f"{hint}." in told


def test_the_switches_show_and_change_the_state() -> None:
    shown = build_menu(menu_state(status(muted=True, listening=False, state="asleep")))
    assert find_item(shown, "Mute") == MenuItem("Mute", SendCommand("mute", (("on", False),)), checked=True)
    assert find_item(shown, "Listen").checked is False
    assert not find_item(shown, "Stop speaking").enabled
    assert find_item(build_menu(menu_state(status(state="speaking"))), "Stop speaking").action == SendCommand(
        "interrupt"
    )


def test_the_hotkey_is_named_as_on_the_keyboard() -> None:
    watched = status(push_to_talk=PushToTalkStatus(chord="ctrl+option+space", active=True))
    assert find_item(build_menu(menu_state(watched)), "Hold Ctrl+Alt+Space to talk").action is None
    assert find_item(build_menu(menu_state(watched, is_mac=True)), "Hold ⌃⌥Space to talk")
    other = status(push_to_talk=PushToTalkStatus(chord="super+f5", mode="toggle", active=True))
    assert find_item(build_menu(menu_state(other)), "Press Super+F5 to talk")


@pytest.mark.parametrize(
    "hotkey",
    [PushToTalkStatus(), PushToTalkStatus(chord="ctrl+option+space", active=False, reason="There is no display.")],
)
def test_an_inactive_hotkey_is_not_shown(hotkey: PushToTalkStatus) -> None:
    assert not any("to talk" in one.label for one in build_menu(menu_state(status(push_to_talk=hotkey))).items)


PERSONAS = (Choice("ambrose", "Ambrose"), Choice("juniper", "Juniper"))


def test_the_personas() -> None:
    shown = find_item(build_menu(menu_state(choices=Choices(personas=PERSONAS))), "Character")
    assert [(one.label, one.checked) for one in shown.items] == [("Ambrose", False), ("Juniper", True)]
    asked = shown.items[0].action
    assert isinstance(asked, SendCommand)
    assert (asked.name, dict(asked.arguments)) == ("persona", {"name": "ambrose"})


def test_a_persona_from_another_folder_is_listed_too() -> None:
    elsewhere = status(persona="/home/me/friend.toml", character="Friend")
    shown = find_item(build_menu(menu_state(elsewhere, choices=Choices(personas=PERSONAS))), "Character")
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


def test_a_whole_name_takes_precedence_over_a_part() -> None:
    assert [label for label, checked in microphones("built-in") if checked] == ["Built-in USB Audio 2"]
    assert [label for label, checked in microphones("usb audio") if checked] == ["USB Audio"]


def test_an_unavailable_device_stays_chosen() -> None:
    assert ("Jabra (not available now)", True) in microphones("Jabra")


def test_a_choice_changes_the_setting_and_the_default_removes_it() -> None:
    shown = find_item(build_menu(menu_state(choices=Choices(microphones=MICROPHONES))), "Microphone")
    assert [(one.action.key, one.action.value) for one in shown.items if isinstance(one.action, ChangeSetting)] == [
        ("audio.input", ""),
        ("audio.input", "USB Audio"),
        ("audio.input", "Built-in USB Audio 2"),
    ]


def test_a_long_name_is_cut_in_the_menu_only() -> None:
    name = "A microphone of a most illustrious maker, " * 5
    shown = find_item(build_menu(menu_state(choices=Choices(microphones=(Choice(name, name),)))), "Microphone").items[
        -1
    ]
    assert shown.label.endswith("…")
    assert isinstance(shown.action, ChangeSetting)
    assert shown.action.value == name


def test_the_chosen_voice_is_shown_among_many() -> None:
    voices = tuple(Choice(f"v{number}", f"Voice {number}") for number in range(100))
    settings = Settings(tts=TtsSettings(voice="Voice 99"))
    shown = find_item(build_menu(menu_state(settings=settings, choices=Choices(voices=voices))), "Voice")
    assert ("Voice 99", True) in [(one.label, one.checked) for one in shown.items]
    assert "70 more" in shown.items[-1].label
    assert len(shown.items) <= MAX_CHOICES + 4


EXCHANGES = (
    RecentExchange("Juniper", "", "Hello, I'm Juniper."),
    RecentExchange("Juniper", "What's the weather\nlike?", "Grey, and I like it."),
)


def test_the_recent_exchanges_are_shown_and_can_be_copied() -> None:
    shown = find_item(build_menu(menu_state(exchanges=EXCHANGES)), "Recent exchanges")
    assert [one.label for one in shown.items] == [
        "Juniper: Hello, I'm Juniper.",
        "",
        "You: What's the weather like?",
        "Juniper: Grey, and I like it.",
    ]
    assert shown.items[2].action == CopyText("What's the weather\nlike?")


def test_the_number_of_exchanges_is_a_setting() -> None:
    shown = build_menu(menu_state(exchanges=EXCHANGES, settings=Settings(menu=MenuSettings(exchanges=0))))
    assert not any("Juniper." in one.label or one.label == "Recent exchanges" for one in all_items(shown))
    only_one = build_menu(menu_state(exchanges=EXCHANGES, settings=Settings(menu=MenuSettings(exchanges=1))))
    assert len(find_item(only_one, "Recent exchanges").items) == 2


def test_start_at_login() -> None:
    assert find_item(build_menu(menu_state(login=LoginState(True))), "Start at login") == MenuItem(
        "Start at login", SetStartAtLogin(False), True
    )
    assert not find_item(build_menu(menu_state()), "Start at login").enabled
    assert not find_item(
        build_menu(menu_state(login=LoginState(None, "no systemd"))), "Start at login (no systemd)"
    ).enabled


def test_a_closed_microphone_is_not_named_as_the_default() -> None:
    closed = status(microphone=DeviceStatus(name="default", open=False))
    assert find_item(build_menu(menu_state(closed)), "Microphone").items[0].label == "The system's default"
