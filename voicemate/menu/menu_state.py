"""What the menu knows: of the daemon, of what there is to choose from, and of what became of the last click.

``after`` is the pure half of following the daemon: what an event changes in its status.
"""

from dataclasses import dataclass, field
from typing import Any

from voicemate.config.schema import Settings
from voicemate.control.client import EventMessage
from voicemate.control.status import Choices, DaemonStatus, Problem, PushToTalkStatus, RecentExchange
from voicemate.core.events import FloorState


@dataclass(frozen=True, slots=True)
class MenuProblem:
    """Something that did not work, and the way out."""

    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class LoginState:
    """Whether voicemate starts at login: None while nobody knows, or where nothing can start it (``why_not``)."""

    enabled: bool | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MenuState:
    """Everything that the menu is made of.

    Attributes:
        status: the daemon's; None when it does not run or cannot be reached.
        down: why it does not run, or cannot be reached, where that is known.
        unreachable: it may run, but does not answer as it should.
        exchanges: the last ones, oldest first.
        doing: what is under way since a click; empty for nothing.
        trouble: what the last click led to, if that was nothing good.
        mac: the keyboard is a Mac's.
    """

    status: DaemonStatus | None = None
    down_reason: MenuProblem | None = None
    unreachable: bool = False
    settings: Settings = field(default_factory=Settings)
    choices: Choices = field(default_factory=Choices)
    exchanges: tuple[RecentExchange, ...] = ()
    login: LoginState = LoginState()
    progress: str = ""
    action_error: MenuProblem | None = None
    is_mac: bool = False


_OF_A_REPLY = ("reply", "greeting")


def after(status: DaemonStatus, told: EventMessage) -> tuple[DaemonStatus, bool]:
    """The status after an event, and whether the daemon has to be asked for all of it anew. Pure.

    An event of another version of the daemon, with other fields, changes nothing.
    """
    data, where = told.data, told.data.get("where")
    match told.name:
        case "FloorChanged":
            return _floor(status, data.get("state"), data.get("reason"))
        case "Fault" if isinstance(where, str):
            try:
                problem = Problem.model_validate(data)
            except ValueError:
                return status, True
            return _with_problems(status, [*_others(status, where), problem]), False
        case "Recovered" if isinstance(where, str):  # perhaps on another device
            return _with_problems(status, _others(status, where)), True
        case "ReplyEnded":
            return _with_problems(status, _others(status, *_OF_A_REPLY)), False
        case "HotkeyChanged":
            return _with_hotkey(status, data)
        case "StatusChanged":
            return status, True
    return status, False


def _floor(status: DaemonStatus, state: object, reason: object) -> tuple[DaemonStatus, bool]:
    if not isinstance(state, str) or not isinstance(reason, str):
        return status, False
    if state == FloorState.STOPPED:  # asleep, or about to begin again, or to end: only the daemon knows
        return status, True
    begins = status.state in (FloorState.STARTING, FloorState.UNAVAILABLE, "asleep") and state != status.state
    return status.model_copy(update={"state": state, "reason": reason}), begins


def _with_hotkey(status: DaemonStatus, data: dict[str, Any]) -> tuple[DaemonStatus, bool]:
    try:
        return status.model_copy(update={"hotkey": PushToTalkStatus.model_validate(data)}), False
    except ValueError:
        return status, True


def _others(status: DaemonStatus, *places: str) -> list[Problem]:
    return [problem for problem in status.problems if problem.component not in places]


def _with_problems(status: DaemonStatus, problems: list[Problem]) -> DaemonStatus:
    return status.model_copy(update={"problems": problems}) if problems != status.problems else status
