"""How a service that ends is to be taken: start it again, or leave it down until a person has mended something.

systemd is told by exit code (``RestartPreventExitStatus``). launchd knows only two cases, 0 and everything else, and
starts again what ends with anything else, for ever. So under launchd a failure that only a person can mend ends with
0, and its sentence is kept for ``voicemate service status``.
"""

import json
import os
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from voicemate.core.errors import (
    AlreadyRunningError,
    ModelError,
    PersonaError,
    SettingsError,
    VoicemateError,
)
from voicemate.core.paths import make_private_folder, state_folder
from voicemate.service.effects import File, LocalMachine

WRONG_USAGE = 2
STAY_DOWN = frozenset(
    {WRONG_USAGE, *(kind.exit_code for kind in (SettingsError, PersonaError, ModelError, AlreadyRunningError))}
)
"""Exit codes after which another try would end in the same way. Everything else (a device that wedged, a crash) is
started again."""


@dataclass(frozen=True, slots=True)
class ServiceFailure:
    """Why the service last ended by itself."""

    at: str
    message: str
    hint: str
    exit_code: int


def running_as_service(environ: MutableMapping[str, str] = os.environ) -> str:
    """``launchd``, ``systemd`` or "" for who started this process.

    The variable is taken out of the environment, so that what this process starts is not taken for the service.
    """
    return environ.pop("VOICEMATE_SERVICE", "")


def record_exit(service: str, status: int, error: VoicemateError | None) -> int:
    """Keep why the service ends, and say which exit code its supervisor is to see.

    Args:
        service: as ``running_as_service`` said; for "" nothing is kept and ``status`` is returned.
    """
    if not service:
        return status
    path = state_folder() / "service-failure.json"
    with suppress(OSError):  # the supervisor has to get its exit code on a full disk too
        if error:
            failure = ServiceFailure(
                datetime.now(UTC).isoformat(timespec="seconds"), error.message, error.hint, status
            )
            make_private_folder(path.parent)
            LocalMachine().write(File(path, json.dumps(asdict(failure)).encode(), 0o600))
        else:
            path.unlink(missing_ok=True)
    return 0 if service == "launchd" and status in STAY_DOWN else status


def last_failure() -> ServiceFailure | None:
    """Why the service last ended, if it ended on a failure that it could name."""
    try:
        return ServiceFailure(**json.loads((state_folder() / "service-failure.json").read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
