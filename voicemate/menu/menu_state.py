"""What the menu knows: of the daemon, of what there is to choose from, and of what became of the last click."""

from dataclasses import dataclass, field

from voicemate.config.schema import Settings
from voicemate.control.status import Choices, DaemonStatus, RecentExchange


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
