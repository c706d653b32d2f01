"""Whether a supervisor restarts a service that ended, or waits until a person has fixed the cause.

systemd decides by exit code (``RestartPreventExitStatus``). launchd restarts whatever ends with a code other than 0,
for ever. So under launchd a failure that only a person can fix ends with 0, and ``voicemate service status`` shows
its message.
"""

import json
import os
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from voicemate.core.errors import AlreadyRunningError, ModelError, PersonaError, SettingsError, VoicemateError
from voicemate.core.paths import make_private_folder, state_folder
from voicemate.service.effects import File, LocalMachine

WRONG_USAGE = 2
STAY_DOWN = frozenset(
    {WRONG_USAGE, *(kind.exit_code for kind in (SettingsError, PersonaError, ModelError, AlreadyRunningError))}
)
"""Exit codes after which a restart would fail in the same way. After others (a hung device, a crash) it helps."""


@dataclass(frozen=True, slots=True)
class ServiceFailure:
    """Why the service ended by itself, and when (ISO 8601, UTC)."""

    at: str
    message: str
    hint: str
    exit_code: int


def running_as_service(environ: MutableMapping[str, str] = os.environ) -> str:
    """Return the supervisor that started this process: ``launchd``, ``systemd`` or "".

    Removes the variable from the environment: child processes are not the service.
    """
    return environ.pop("VOICEMATE_SERVICE", "")


def record_exit(service: str, status: int, error: VoicemateError | None) -> int:
    """Save why the service ends; return the exit code for its supervisor.

    Args:
        service: from ``running_as_service``; for "" nothing is saved and ``status`` is returned.
    """
    if not service:
        return status
    path = state_folder() / "service-failure.json"
    with suppress(OSError):  # a full disk must not change the exit code
        if error:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            failure = ServiceFailure(now, error.message, error.hint, status)
            make_private_folder(path.parent)
            LocalMachine().write(File(path, json.dumps(asdict(failure)).encode(), 0o600))
        else:
            path.unlink(missing_ok=True)
    return 0 if service == "launchd" and status in STAY_DOWN else status


def last_failure() -> ServiceFailure | None:
    """Return why the service last ended, if it ended with a ``VoicemateError``."""
    try:
        return ServiceFailure(**json.loads((state_folder() / "service-failure.json").read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
