"""The login service: does it start, and can it still run what was installed?"""

import os
from collections.abc import Sequence

from voicemate.doctor.check import Ground
from voicemate.doctor.finding import Finding, ReinstallService, of_error, ok, problem, warning
from voicemate.errors import ServiceError
from voicemate.service.login import Status, login_service


def look(ground: Ground) -> Sequence[Finding]:
    try:
        service = login_service()
    except ServiceError as error:  # as root
        return [warning(f"{error.wrong}: not looked at", "Repeat this without sudo")]
    if not service.installed:
        return [ok("Not installed; `voicemate service install` starts voicemate at login", installed=False)]
    try:
        found = service.status()
    except ServiceError as error:
        return [of_error(error)]
    return judge(found, _moved(found))


def judge(found: Status, moved: bool) -> list[Finding]:
    """An installed service.

    Args:
        moved: what it runs is not there any more.
    """
    mend = ReinstallService() if moved else None
    told = [problem(one.wrong, one.remedy, mend=mend) for one in found.findings]
    if told:
        return told
    if not found.at_login:
        return [warning("Installed, and switched off at login", "`voicemate service install` switches it on")]
    state = f"running (process {found.observed.pid})" if found.observed.pid else "not running"
    return [ok(f"Installed by {found.manager}, {state}", installed=True, pid=found.observed.pid)]


def _moved(found: Status) -> bool:
    return found.interpreter is not None and not os.access(found.interpreter.python, os.X_OK)
