"""What launchd and systemd have in common, as far as a service of one account needs it."""

from dataclasses import dataclass
from typing import Protocol

from voicemate.service.effects import Procedure


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What the supervisor knows of the service.

    Args:
        loaded: it knows the service.
        pid: the running process; None when it does not run.
        last_exit: exit code of the last run that ended, where known.
        starts: how often it was started (launchd) or started again (systemd), where known.
        state: in the supervisor's own word.
    """

    loaded: bool
    pid: int | None = None
    last_exit: int | None = None
    starts: int | None = None
    state: str = ""


class ServiceManager(Protocol):
    """launchd or systemd. Every procedure may raise ServiceError."""

    def observe(self) -> Procedure[ServiceState]: ...

    def load(self) -> Procedure[ServiceState]:
        """Take in the definition on the disk, start the service, and start it at every login from now on."""
        ...

    def unload(self) -> Procedure[None]:
        """End the service and wait until it has gone; nothing if it is not loaded."""
        ...

    def after_removal(self) -> Procedure[None]:
        """The definition has been removed from the disk."""
        ...

    def start(self) -> Procedure[ServiceState]:
        """Start a loaded service that does not run."""
        ...

    def stop(self) -> Procedure[None]:
        """End a loaded service until the next login or start."""
        ...

    def restart(self) -> Procedure[ServiceState]:
        """End a loaded service and start it again."""
        ...

    def at_login(self) -> Procedure[bool]:
        """Whether an installed service starts at the next login."""
        ...

    def set_at_login(self, on: bool) -> Procedure[None]:
        """Have an installed service start at login from now on, or not; whether it runs now stays as it is."""
        ...
