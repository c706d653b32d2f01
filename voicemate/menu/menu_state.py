"""The state that the menu shows."""

from dataclasses import dataclass, field

from voicemate.config.schema import Settings
from voicemate.control.status import Choices, DaemonStatus, RecentExchange


@dataclass(frozen=True, slots=True)
class MenuProblem:
    """Something that does not work, and how to fix it."""

    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class LoginState:
    """Whether voicemate starts at login.

    Attributes:
        enabled: None while it is not known, or if nothing on this machine can start it.
        reason: why nothing can start it.
    """

    enabled: bool | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MenuState:
    """Everything that the menu shows.

    Attributes:
        status: the daemon's; None if it does not run or cannot be reached.
        down_reason: why it does not run or cannot be reached, if that is known.
        unreachable: it may run, but does not answer as expected.
        settings: the settings, or the defaults if the settings file is invalid.
        choices: the personas, voices and devices that can be chosen.
        exchanges: the latest exchanges of the history, oldest first.
        login: whether voicemate starts at login.
        progress: what the last click is still doing; empty if nothing.
        action_error: why the last click failed.
        is_mac: use the names of the keys on a Mac keyboard.
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
