"""What the menu shows and what each click does, as a pure function of its state. Independent of the toolkit."""

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from voicemate.config.hotkey_chord import Chord, Modifier, parse_chord
from voicemate.control.status import Choice, DaemonStatus, RecentExchange
from voicemate.core.errors import SettingsError
from voicemate.core.events import FloorState
from voicemate.menu.actions import (
    ChangeSetting,
    CopyText,
    DismissError,
    MenuAction,
    QuitMenu,
    SendCommand,
    SetStartAtLogin,
    StartDaemon,
)
from voicemate.menu.icon import Icon, choose_icon, waits_for_key
from voicemate.menu.menu_state import MenuProblem, MenuState

MAX_LABEL_LENGTH = 56
"""In characters. A menu is as wide as its longest line."""

MAX_CHOICES = 30
"""Items of a submenu; macOS has more than a hundred voices."""

_PERSONA_VOICE = "The character's own"


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A line of the menu.

    Attributes:
        label: one line of plain text; empty for a separator.
        action: what a click does; a line without an action and without items only shows something.
        checked: None if it has no check mark.
        items: of its submenu.
    """

    label: str = ""
    action: MenuAction | None = None
    checked: bool | None = None
    items: tuple["MenuItem", ...] = ()

    @property
    def enabled(self) -> bool:
        """It can be clicked, or has a submenu."""
        return self.action is not None or bool(self.items)


@dataclass(frozen=True, slots=True)
class Menu:
    """The icon and the menu.

    Attributes:
        icon: what the icon shows.
        tooltip: the same in words, also for screen readers.
        items: of the menu.
    """

    icon: Icon
    tooltip: str
    items: tuple[MenuItem, ...]


_SEPARATOR = MenuItem()


def build_menu(state: MenuState) -> Menu:
    """Build the menu for ``state``."""
    line = _status_line(state)
    sections = [[MenuItem(line)], list(_problem_items(state))]
    if state.status is None:
        if not state.unreachable:
            sections.append([MenuItem("Start voicemate", None if state.progress else StartDaemon())])
        sections.append([_login_item(state)])
    else:
        sections += [list(_switch_items(state, state.status)), list(_choice_items(state, state.status))]
        sections += [
            list(_exchange_items(state)),
            [_login_item(state), MenuItem("Stop voicemate", SendCommand("stop"))],
        ]
    sections.append([MenuItem("Quit this menu", QuitMenu())])
    tooltip = line if "voicemate" in line else f"voicemate: {line}"
    return Menu(choose_icon(state), tooltip, _join_sections(sections))


# ---------------------------------------------------------------- status and problems


def _status_line(state: MenuState) -> str:
    status = state.status
    if state.progress:
        return one_line(state.progress)
    if status is None:
        return "voicemate cannot be reached" if state.unreachable else "voicemate is not running"
    name = one_line(status.character, 30) or one_line(status.persona, 30) or "voicemate"
    if status.state == FloorState.UNAVAILABLE:  # the next line says why
        return "Not listening" if status.problems else one_line(f"Not listening: {status.reason or 'unknown reason'}")
    if status.muted and status.state in (FloorState.LISTENING, FloorState.HEARING):
        return f"Muted: {name} hears nothing"
    if waits_for_key(status):
        return f"{name} waits for the key"
    lines: dict[str, str] = {
        FloorState.STARTING: f"Starting: {status.reason}" if status.reason else "Starting",
        FloorState.LISTENING: f"{name} is listening",
        FloorState.HEARING: f"{name} hears you",
        FloorState.OVERLAPPING: f"{name} hears you",
        FloorState.THINKING: f"{name} is thinking",
        FloorState.SPEAKING: f"{name} is speaking",
        FloorState.STOPPED: "voicemate is about to exit",
        "asleep": "Asleep: the microphone is closed",
    }
    return one_line(lines.get(status.state, f"voicemate is {status.state}"))


def _problem_items(state: MenuState) -> Iterator[MenuItem]:
    """One line for each problem, with the details and the hint in its submenu."""
    problems = state.status.problems if state.status else []
    for problem in problems:
        yield _problem_item(
            MenuProblem(problem.message, problem.hint),
            MenuItem("Try again now", SendCommand("reload", (), "Trying again …")),
        )
    if state.status is None and state.down_reason:
        yield _problem_item(state.down_reason)
    if state.action_error and state.action_error.message not in {problem.message for problem in problems}:
        yield _problem_item(state.action_error, MenuItem("Dismiss", DismissError()))


def _problem_item(problem: MenuProblem, *actions: MenuItem) -> MenuItem:
    details = [*_wrapped_lines(problem.message), *_wrapped_lines(problem.hint)]
    copies = [
        MenuItem(one_line(f"Copy “{command}”"), CopyText(command))
        for command in re.findall(r"`([^`]+)`", problem.hint)
    ]
    items = _join_sections([details, [*copies, *actions]])
    return MenuItem(one_line(f"⚠ {problem.message.replace('`', '')}"), items=items)


def _wrapped_lines(sentence: str) -> list[MenuItem]:
    text = _printable(re.sub(r"`([^`]+)`", r"“\1”", sentence))
    text = f"{text}." if text and text[-1] not in ".?!…" else text
    return [MenuItem(line) for line in textwrap.wrap(text, MAX_LABEL_LENGTH)]


# ---------------------------------------------------------------- controls


def _switch_items(state: MenuState, status: DaemonStatus) -> Iterator[MenuItem]:
    yield MenuItem("Mute", SendCommand("mute", (("on", not status.muted),)), checked=status.muted)
    progress = "" if status.listening else "Waking up …"
    yield MenuItem(
        "Listen", SendCommand("listen", (("on", not status.listening),), progress), checked=status.listening
    )
    speaks = status.state in (FloorState.SPEAKING, FloorState.OVERLAPPING)
    yield MenuItem("Stop speaking", SendCommand("interrupt") if speaks else None)
    key = status.push_to_talk
    if key.active and (chord := format_chord(key.chord, state.is_mac)):
        yield MenuItem(f"{'Hold' if key.mode == 'hold' else 'Press'} {chord} to talk")


def _choice_items(state: MenuState, status: DaemonStatus) -> Iterator[MenuItem]:
    settings, choices = state.settings, state.choices
    persona = Choice(status.persona, status.character or status.persona)
    yield MenuItem("Character", items=_persona_items(persona, choices.personas))
    yield _setting_item("Voice", "tts.voice", settings.tts.voice, _PERSONA_VOICE, choices.voices)
    for label, key, chosen, device, offered in (
        ("Microphone", "audio.input", settings.audio.input, status.microphone, choices.microphones),
        ("Speaker", "audio.output", settings.audio.output, status.speaker, choices.speakers),
    ):
        in_use = f" ({one_line(device.name, 30)})" if device.open and not chosen else ""
        yield _setting_item(label, key, chosen, f"The system's default{in_use}", offered)


def _persona_items(current: Choice, offered: Iterable[Choice]) -> tuple[MenuItem, ...]:
    personas = tuple(offered)
    if current.value not in {each.value for each in personas}:  # a file outside the persona folders
        personas = (current, *personas)
    return tuple(
        MenuItem(
            _choice_label(each),
            SendCommand("persona", (("name", each.value),), f"Changing to {_choice_label(each, 30)} …"),
            checked=each.value == current.value,
        )
        for each in personas
    )


def _setting_item(label: str, key: str, chosen: str, default: str, offered: tuple[Choice, ...]) -> MenuItem:
    """The submenu of a setting whose value is any part of a name in ``offered``, or empty for the default."""
    found = _matching_choice(chosen, offered)
    shown = list(dict.fromkeys(offered))[:MAX_CHOICES]
    if found and found not in shown:
        shown.append(found)
    progress = f"Changing the {label.lower()} …"
    items = [
        MenuItem(_choice_label(each), ChangeSetting(key, each.value, progress), checked=each == found)
        for each in shown
    ]
    if chosen and not found:
        items.append(MenuItem(one_line(f"{chosen} (not available now)"), checked=True))
    if len(offered) > MAX_CHOICES:
        items.append(MenuItem(f"and {len(offered) - MAX_CHOICES} more: `voicemate config set {key} NAME`"))
    first = MenuItem(default, ChangeSetting(key, "", progress), checked=not chosen)
    return MenuItem(label, items=_join_sections([[first], items]))


def _choice_label(choice: Choice, max_length: int = MAX_LABEL_LENGTH) -> str:
    return one_line(choice.label, max_length) or one_line(choice.value, max_length) or "(no name)"


def _matching_choice(chosen: str, offered: tuple[Choice, ...]) -> Choice | None:
    """The choice that the setting names. A whole name takes precedence over a part, as in the search for devices."""
    wanted = chosen.casefold()
    if not wanted:
        return None
    exact = (each for each in offered if wanted in (each.value.casefold(), each.label.casefold()))
    partial = (each for each in offered if wanted in each.value.casefold() or wanted in each.label.casefold())
    return next(exact, None) or next(partial, None)


def _exchange_items(state: MenuState) -> Iterator[MenuItem]:
    if not state.settings.menu.exchanges:
        return
    parts = [list(_exchange_lines(exchange)) for exchange in state.exchanges[-state.settings.menu.exchanges :]]
    yield MenuItem("Recent exchanges", items=_join_sections(parts) or (MenuItem("Nothing yet"),))


def _exchange_lines(exchange: RecentExchange) -> Iterator[MenuItem]:
    for name, text in (("You", exchange.said), (exchange.persona, exchange.reply)):
        if text.strip():
            yield MenuItem(one_line(f"{name}: {text}"), CopyText(text))


def _login_item(state: MenuState) -> MenuItem:
    enabled, reason = state.login.enabled, state.login.reason
    if enabled is None:
        return MenuItem(one_line(f"Start at login ({reason})" if reason else "Start at login"))
    return MenuItem("Start at login", SetStartAtLogin(not enabled), checked=enabled)


# ---------------------------------------------------------------- text


def one_line(text: str, max_length: int = MAX_LABEL_LENGTH) -> str:
    """Format ``text`` as a label: one line of printable characters, cut to ``max_length``."""
    line = _printable(text)
    return line if len(line) <= max_length else line[: max_length - 1].rstrip() + "…"


def _printable(text: str) -> str:
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _join_sections(sections: Iterable[list[MenuItem]]) -> tuple[MenuItem, ...]:
    """Join the sections that are not empty, with separators between them."""
    joined: list[MenuItem] = []
    for section in filter(None, sections):
        joined += [_SEPARATOR, *section] if joined else section
    return tuple(joined)


# ---------------------------------------------------------------- the push-to-talk key

_MAC_MODIFIERS = {Modifier.CTRL: "⌃", Modifier.OPTION: "⌥", Modifier.SHIFT: "⇧", Modifier.CMD: "⌘"}
_MODIFIERS = {Modifier.CTRL: "Ctrl", Modifier.OPTION: "Alt", Modifier.SHIFT: "Shift", Modifier.CMD: "Super"}


def format_chord(chord: str, is_mac: bool) -> str:
    """Format a chord of the settings as ``⌃⌥Space`` or ``Ctrl+Alt+Space``; empty if it is invalid."""
    try:
        parsed = parse_chord(chord)
    except SettingsError:
        return ""
    names, separator = (_MAC_MODIFIERS, "") if is_mac else (_MODIFIERS, "+")
    return separator.join([*(names[each] for each in Modifier if each in parsed.modifiers), _format_key(parsed)])


def _format_key(chord: Chord) -> str:
    return chord.key.upper() if len(chord.key) == 1 else chord.key.capitalize()
