"""What the menu shows, and what each click asks for: a pure function of what is known. It knows no toolkit."""

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from voicemate.control.status import Choice, DaemonStatus, RecentExchange
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
from voicemate.menu.chord_signs import format_chord
from voicemate.menu.icon import Icon, choose_icon, waits_for_key
from voicemate.menu.menu_state import MenuProblem, MenuState

MAX_LABEL_LENGTH = 56
"""Characters of one line. A menu is as wide as its longest one."""

MAX_CHOICES = 30
"""Entries of a submenu; macOS has more than a hundred voices."""

_PERSONA_VOICE = "The character's own"


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A line of the menu.

    Attributes:
        label: empty for a separator. One line of plain text.
        action: what a click asks for; without one, and without items, the line only tells something.
        checked: None where there is nothing to check.
        items: of its submenu.
    """

    label: str = ""
    action: MenuAction | None = None
    checked: bool | None = None
    items: tuple["MenuItem", ...] = ()

    @property
    def enabled(self) -> bool:
        return self.action is not None or bool(self.items)


@dataclass(frozen=True, slots=True)
class Menu:
    """All of it.

    Attributes:
        tip: the icon in words, for a pointer that rests on it and for a screen reader.
    """

    icon: Icon
    tooltip: str
    items: tuple[MenuItem, ...]


_SEPARATOR = MenuItem()


def build_menu(known: MenuState) -> Menu:
    """What to show for ``known``."""
    line = _status_line(known)
    parts = [[MenuItem(line)], list(_problem_items(known))]
    if known.status is None:
        if not known.unreachable:
            parts.append([MenuItem("Start voicemate", None if known.progress else StartDaemon())])
        parts.append([_login_item(known)])
    else:
        parts += [list(_switch_items(known, known.status)), list(_choice_items(known, known.status))]
        parts += [list(_exchange_items(known)), [_login_item(known), MenuItem("Stop voicemate", SendCommand("stop"))]]
    parts.append([MenuItem("Quit this menu", QuitMenu())])
    tip = line if "voicemate" in line else f"voicemate: {line}"
    return Menu(choose_icon(known), tip, _join_sections(parts))


# ---------------------------------------------------------------- how it is


def _status_line(known: MenuState) -> str:
    status = known.status
    if known.progress:
        return one_line(known.progress)
    if status is None:
        return "voicemate cannot be reached" if known.unreachable else "voicemate is not running"
    name = one_line(status.character, 30) or one_line(status.persona, 30) or "voicemate"
    if status.state == FloorState.UNAVAILABLE:  # a problem says why, in the next line
        return "Not listening" if status.problems else one_line(f"Not listening: {status.reason or 'not told why'}")
    if status.muted and status.state in (FloorState.LISTENING, FloorState.HEARING):
        return f"Muted: {name} hears nothing"
    if waits_for_key(status):
        return f"{name} waits for the key"
    said = {
        FloorState.STARTING: f"Starting: {status.reason}" if status.reason else "Starting",
        FloorState.LISTENING: f"{name} is listening",
        FloorState.HEARING: f"{name} hears you",
        FloorState.OVERLAPPING: f"{name} hears you",
        FloorState.THINKING: f"{name} is thinking",
        FloorState.SPEAKING: f"{name} is speaking",
        FloorState.STOPPED: "voicemate is about to end",
        "asleep": "Asleep: the microphone is closed",
    }
    return one_line(said.get(status.state, f"voicemate is {status.state}"))  # type: ignore[call-overload]


def _problem_items(known: MenuState) -> Iterator[MenuItem]:
    """What is wrong, and how to fix it: a line each, with the whole story in its submenu."""
    problems = known.status.problems if known.status else []
    for problem in problems:
        yield _problem_item(
            MenuProblem(problem.message, problem.hint),
            MenuItem("Try again now", SendCommand("reload", (), "Trying again …")),
        )
    if known.status is None and known.down_reason:
        yield _problem_item(known.down_reason)
    if known.action_error and known.action_error.message not in {problem.message for problem in problems}:
        yield _problem_item(known.action_error, MenuItem("Dismiss", DismissError()))


def _problem_item(trouble: MenuProblem, *ways_out: MenuItem) -> MenuItem:
    told = [*_wrapped_lines(trouble.message), *_wrapped_lines(trouble.hint)]
    copies = [
        MenuItem(one_line(f"Copy “{command}”"), CopyText(command))
        for command in re.findall(r"`([^`]+)`", trouble.hint)
    ]
    items = _join_sections([told, [*copies, *ways_out]])
    return MenuItem(one_line(f"⚠ {trouble.message.replace('`', '')}"), items=items)


def _wrapped_lines(sentence: str) -> list[MenuItem]:
    whole = _printable(re.sub(r"`([^`]+)`", r"“\1”", sentence))
    whole = f"{whole}." if whole and whole[-1] not in ".?!…" else whole
    return [MenuItem(line) for line in textwrap.wrap(whole, MAX_LABEL_LENGTH)]


# ---------------------------------------------------------------- what it does


def _switch_items(known: MenuState, status: DaemonStatus) -> Iterator[MenuItem]:
    yield MenuItem("Mute", SendCommand("mute", (("on", not status.muted),)), checked=status.muted)
    doing = "" if status.listening else "Waking up …"
    yield MenuItem("Listen", SendCommand("listen", (("on", not status.listening),), doing), checked=status.listening)
    speaks = status.state in (FloorState.SPEAKING, FloorState.OVERLAPPING)
    yield MenuItem("Fall silent", SendCommand("interrupt") if speaks else None)
    hotkey = status.push_to_talk
    if hotkey.active and (chord := format_chord(hotkey.chord, known.is_mac)):
        yield MenuItem(f"{'Hold' if hotkey.mode == 'hold' else 'Press'} {chord} to talk")


def _choice_items(known: MenuState, status: DaemonStatus) -> Iterator[MenuItem]:
    settings, choices = known.settings, known.choices
    character = Choice(status.persona, status.character or status.persona)
    yield MenuItem("Character", items=_persona_items(character, choices.personas))
    yield _setting_item("Voice", "tts.voice", settings.tts.voice, _PERSONA_VOICE, choices.voices)
    for label, key, chosen, device, offered in (
        ("Microphone", "audio.input", settings.audio.input, status.microphone, choices.microphones),
        ("Loudspeaker", "audio.output", settings.audio.output, status.speaker, choices.speakers),
    ):
        in_use = f" ({one_line(device.name, 30)})" if device.open and not chosen else ""
        yield _setting_item(label, key, chosen, f"The system's default{in_use}", offered)


def _persona_items(current: Choice, offered: Iterable[Choice]) -> tuple[MenuItem, ...]:
    known = tuple(offered)
    if current.value not in {one.value for one in known}:  # a file that lies elsewhere
        known = (current, *known)
    return tuple(
        MenuItem(
            _choice_label(one),
            SendCommand("persona", (("name", one.value),), f"Changing to {_choice_label(one, 30)} …"),
            checked=one.value == current.value,
        )
        for one in known
    )


def _setting_item(label: str, key: str, chosen: str, default: str, offered: tuple[Choice, ...]) -> MenuItem:
    """A submenu for a setting that names one of ``offered`` by any part of its name, or none for the default."""
    found = _matching_choice(chosen, offered)
    shown = list(dict.fromkeys(offered))[:MAX_CHOICES]
    if found and found not in shown:
        shown.append(found)
    doing = f"Changing the {label.lower()} …"
    items = [
        MenuItem(_choice_label(one), ChangeSetting(key, one.value, doing), checked=one == found) for one in shown
    ]
    if chosen and not found:
        items.append(MenuItem(one_line(f"{chosen} (not here now)"), checked=True))
    if len(offered) > MAX_CHOICES:
        items.append(MenuItem(f"and {len(offered) - MAX_CHOICES} more: `voicemate config set {key} NAME`"))
    first = MenuItem(default, ChangeSetting(key, "", doing), checked=not chosen)
    return MenuItem(label, items=_join_sections([[first], items]))


def _choice_label(one: Choice, longest: int = MAX_LABEL_LENGTH) -> str:
    return one_line(one.label, longest) or one_line(one.value, longest) or "(no name)"


def _matching_choice(chosen: str, offered: tuple[Choice, ...]) -> Choice | None:
    """What the setting means: a whole name before a part of one, as devices and voices are looked for."""
    wanted = chosen.casefold()
    if not wanted:
        return None
    whole = (one for one in offered if wanted in (one.value.casefold(), one.label.casefold()))
    part = (one for one in offered if wanted in one.value.casefold() or wanted in one.label.casefold())
    return next(whole, None) or next(part, None)


def _exchange_items(known: MenuState) -> Iterator[MenuItem]:
    if not known.settings.menu.exchanges:
        return
    parts = [list(_exchange_lines(exchange)) for exchange in known.exchanges[-known.settings.menu.exchanges :]]
    yield MenuItem("Last said", items=_join_sections(parts) or (MenuItem("Nothing yet"),))


def _exchange_lines(exchange: RecentExchange) -> Iterator[MenuItem]:
    for who, words in (("You", exchange.said), (exchange.persona, exchange.reply)):
        if words.strip():
            yield MenuItem(one_line(f"{who}: {words}"), CopyText(words))


def _login_item(known: MenuState) -> MenuItem:
    on, why_not = known.login.enabled, known.login.reason
    if on is None:
        return MenuItem(one_line(f"Start at login ({why_not})" if why_not else "Start at login"))
    return MenuItem("Start at login", SetStartAtLogin(not on), checked=on)


# ---------------------------------------------------------------- lines


def one_line(text: str, max_length: int = MAX_LABEL_LENGTH) -> str:
    """``text`` as a label: one line, no longer than ``longest``, nothing in it that is not printed."""
    plain = _printable(text)
    return plain if len(plain) <= max_length else plain[: max_length - 1].rstrip() + "…"


def _printable(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _join_sections(parts: Iterable[list[MenuItem]]) -> tuple[MenuItem, ...]:
    """The parts that are not empty, with a separator between each two."""
    joined: list[MenuItem] = []
    for part in filter(None, parts):
        joined += [_SEPARATOR, *part] if joined else part
    return tuple(joined)
