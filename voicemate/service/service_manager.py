"""The common interface of launchd and systemd."""

from dataclasses import dataclass
from typing import Protocol

from voicemate.service.effects import Procedure


@dataclass(frozen=True, slots=True)
class ServiceState:
    """The service according to its supervisor.

    Attributes:
        loaded: the supervisor has the service.
        pid: of the running process; None if it does not run.
        last_exit: exit code of the last run that ended, if known.
        starts: number of starts (launchd) or restarts (systemd), if known.
        state: in the supervisor's own words.
    """

    loaded: bool
    pid: int | None = None
    last_exit: int | None = None
    starts: int | None = None
    state: str = ""


class ServiceManager(Protocol):
    """launchd or systemd. Every procedure may raise ServiceError."""

    def observe(self) -> Procedure[ServiceState]:
        """Return the state of the service."""
        ...

    def load(self) -> Procedure[ServiceState]:
        """Load the definition, start the service, and start it at every login."""
        ...

    def unload(self) -> Procedure[None]:
        """Stop and unload the service, if it is loaded; return when it has gone."""
        ...

    def after_removal(self) -> Procedure[None]:
        """Forget the definition after its file was removed."""
        ...

    def start(self) -> Procedure[ServiceState]:
        """Start the service if it does not run."""
        ...

    def stop(self) -> Procedure[None]:
        """Stop the service until the next login or start."""
        ...

    def restart(self) -> Procedure[ServiceState]:
        """Restart the service."""
        ...

    def at_login(self) -> Procedure[bool]:
        """Return whether the installed service starts at the next login."""
        ...

    def set_at_login(self, on: bool) -> Procedure[None]:
        """Set whether the installed service starts at login; a running one goes on."""
        ...
