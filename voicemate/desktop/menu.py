"""What the menu shows, and what each click asks for: a pure function of what is known. It knows no toolkit."""

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from voicemate.control.status import Status
from voicemate.desktop.actions import Action, Change, Command, Copy, Dismiss, Quit, Start, StartAtLogin
from voicemate.desktop.chord_signs import on_keyboard
from voicemate.desktop.icon import Icon, icon, waits_for_key
from voicemate.desktop.known import Choice, Exchange, Known, Trouble
from voicemate.events import FloorState

LONGEST_LABEL = 56
"""Characters of one line. A menu is as wide as its longest one."""

MOST_CHOICES = 30
"""Entries of a submenu; macOS has more than a hundred voices."""

_OWN_VOICE = "The character's own"


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the menu.

    Attributes:
        label: empty for a separator. One line of plain text.
        action: what a click asks for; without one, and without items, the line only tells something.
        checked: None where there is nothing to check.
        items: of its submenu.
    """

    label: str = ""
    action: Action | None = None
    checked: bool | None = None
    items: tuple["Item", ...] = ()

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
    tip: str
    items: tuple[Item, ...]


_SEPARATOR = Item()


def menu(known: Known) -> Menu:
    """What to show for ``known``."""
    line = _state(known)
    parts = [[Item(line)], list(_findings(known))]
    if known.status is None:
        if not known.unreachable:
            parts.append([Item("Start voicemate", None if known.doing else Start())])
        parts.append([_login(known)])
    else:
        parts += [list(_switches(known, known.status)), list(_choosing(known, known.status))]
        parts += [list(_exchanges(known)), [_login(known), Item("Stop voicemate", Command("stop"))]]
    parts.append([Item("Quit this menu", Quit())])
    tip = line if "voicemate" in line else f"voicemate: {line}"
    return Menu(icon(known), tip, _separated(parts))


# ---------------------------------------------------------------- how it is


def _state(known: Known) -> str:
    status = known.status
    if known.doing:
        return one_line(known.doing)
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
        FloorState.YIELDING: f"{name} hears you",
        FloorState.THINKING: f"{name} is thinking",
        FloorState.SPEAKING: f"{name} is speaking",
        FloorState.STOPPED: "voicemate is about to end",
        "asleep": "Asleep: the microphone is closed",
    }
    return one_line(said.get(status.state, f"voicemate is {status.state}"))  # type: ignore[call-overload]


def _findings(known: Known) -> Iterator[Item]:
    """What is wrong, and how to fix it: a line each, with the whole story in its submenu."""
    problems = known.status.problems if known.status else []
    for problem in problems:
        yield _finding(
            Trouble(problem.wrong, problem.remedy), Item("Try again now", Command("reload", (), "Trying again …"))
        )
    if known.status is None and known.down:
        yield _finding(known.down)
    if known.trouble and known.trouble.wrong not in {problem.wrong for problem in problems}:
        yield _finding(known.trouble, Item("Dismiss", Dismiss()))


def _finding(trouble: Trouble, *ways_out: Item) -> Item:
    told = [*_wrapped(trouble.wrong), *_wrapped(trouble.remedy)]
    copies = [
        Item(one_line(f"Copy “{command}”"), Copy(command)) for command in re.findall(r"`([^`]+)`", trouble.remedy)
    ]
    items = _separated([told, [*copies, *ways_out]])
    return Item(one_line(f"⚠ {trouble.wrong.replace('`', '')}"), items=items)


def _wrapped(sentence: str) -> list[Item]:
    whole = _plain(re.sub(r"`([^`]+)`", r"“\1”", sentence))
    whole = f"{whole}." if whole and whole[-1] not in ".?!…" else whole
    return [Item(line) for line in textwrap.wrap(whole, LONGEST_LABEL)]


# ---------------------------------------------------------------- what it does


def _switches(known: Known, status: Status) -> Iterator[Item]:
    yield Item("Mute", Command("mute", (("on", not status.muted),)), checked=status.muted)
    doing = "" if status.listening else "Waking up …"
    yield Item("Listen", Command("listen", (("on", not status.listening),), doing), checked=status.listening)
    speaks = status.state in (FloorState.SPEAKING, FloorState.YIELDING)
    yield Item("Fall silent", Command("interrupt") if speaks else None)
    hotkey = status.hotkey
    if hotkey.watched and (chord := on_keyboard(hotkey.chord, known.mac)):
        yield Item(f"{'Hold' if hotkey.mode == 'hold' else 'Press'} {chord} to talk")


def _choosing(known: Known, status: Status) -> Iterator[Item]:
    settings, choices = known.settings, known.choices
    character = Choice(status.persona, status.character or status.persona)
    yield Item("Character", items=_personas(character, choices.personas))
    yield _setting("Voice", "speaking.voice", settings.speaking.voice, _OWN_VOICE, choices.voices)
    for label, key, chosen, device, offered in (
        ("Microphone", "audio.input", settings.audio.input, status.microphone, choices.microphones),
        ("Loudspeaker", "audio.output", settings.audio.output, status.loudspeaker, choices.loudspeakers),
    ):
        in_use = f" ({one_line(device.name, 30)})" if device.open and not chosen else ""
        yield _setting(label, key, chosen, f"The system's default{in_use}", offered)


def _personas(current: Choice, offered: Iterable[Choice]) -> tuple[Item, ...]:
    known = tuple(offered)
    if current.value not in {one.value for one in known}:  # a file that lies elsewhere
        known = (current, *known)
    return tuple(
        Item(
            _called(one),
            Command("persona", (("name", one.value),), f"Changing to {_called(one, 30)} …"),
            checked=one.value == current.value,
        )
        for one in known
    )


def _setting(label: str, key: str, chosen: str, default: str, offered: tuple[Choice, ...]) -> Item:
    """A submenu for a setting that names one of ``offered`` by any part of its name, or none for the default."""
    found = _meant(chosen, offered)
    shown = list(dict.fromkeys(offered))[:MOST_CHOICES]
    if found and found not in shown:
        shown.append(found)
    doing = f"Changing the {label.lower()} …"
    items = [Item(_called(one), Change(key, one.value, doing), checked=one == found) for one in shown]
    if chosen and not found:
        items.append(Item(one_line(f"{chosen} (not here now)"), checked=True))
    if len(offered) > MOST_CHOICES:
        items.append(Item(f"and {len(offered) - MOST_CHOICES} more: `voicemate config set {key} NAME`"))
    first = Item(default, Change(key, "", doing), checked=not chosen)
    return Item(label, items=_separated([[first], items]))


def _called(one: Choice, longest: int = LONGEST_LABEL) -> str:
    return one_line(one.label, longest) or one_line(one.value, longest) or "(no name)"


def _meant(chosen: str, offered: tuple[Choice, ...]) -> Choice | None:
    """What the setting means: a whole name before a part of one, as devices and voices are looked for."""
    wanted = chosen.casefold()
    if not wanted:
        return None
    whole = (one for one in offered if wanted in (one.value.casefold(), one.label.casefold()))
    part = (one for one in offered if wanted in one.value.casefold() or wanted in one.label.casefold())
    return next(whole, None) or next(part, None)


def _exchanges(known: Known) -> Iterator[Item]:
    if not known.settings.menu.exchanges:
        return
    parts = [list(_said(exchange)) for exchange in known.exchanges[-known.settings.menu.exchanges :]]
    yield Item("Last said", items=_separated(parts) or (Item("Nothing yet"),))


def _said(exchange: Exchange) -> Iterator[Item]:
    for who, words in (("You", exchange.said), (exchange.persona, exchange.reply)):
        if words.strip():
            yield Item(one_line(f"{who}: {words}"), Copy(words))


def _login(known: Known) -> Item:
    on, why_not = known.login.on, known.login.why_not
    if on is None:
        return Item(one_line(f"Start at login ({why_not})" if why_not else "Start at login"))
    return Item("Start at login", StartAtLogin(not on), checked=on)


# ---------------------------------------------------------------- lines


def one_line(text: str, longest: int = LONGEST_LABEL) -> str:
    """``text`` as a label: one line, no longer than ``longest``, nothing in it that is not printed."""
    plain = _plain(text)
    return plain if len(plain) <= longest else plain[: longest - 1].rstrip() + "…"


def _plain(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _separated(parts: Iterable[list[Item]]) -> tuple[Item, ...]:
    """The parts that are not empty, with a separator between each two."""
    joined: list[Item] = []
    for part in filter(None, parts):
        joined += [_SEPARATOR, *part] if joined else part
    return tuple(joined)
