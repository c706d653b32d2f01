"""The login service: does it start, and can it still run what was installed?"""

import os
from collections.abc import Sequence

from voicemate.core.errors import ServiceError
from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, ReinstallService, from_error, ok, problem, warning
from voicemate.service.login import ServiceStatus, login_service


def check_login_service(ground: CheckContext) -> Sequence[Finding]:
    try:
        service = login_service()
    except ServiceError as error:  # as root
        return [warning(f"{error.message}: not looked at", "Repeat this without sudo")]
    if not service.installed:
        return [ok("Not installed; `voicemate service install` starts voicemate at login", installed=False)]
    try:
        found = service.status()
    except ServiceError as error:
        return [from_error(error)]
    return assess_login_service(found, _interpreter_is_missing(found))


def assess_login_service(found: ServiceStatus, interpreter_is_missing: bool) -> list[Finding]:
    """An installed service.

    Args:
        moved: what it runs is not there any more.
    """
    mend = ReinstallService() if interpreter_is_missing else None
    told = [problem(one.message, one.hint, fix=mend) for one in found.problems]
    if told:
        return told
    if not found.at_login:
        return [warning("Installed, and switched off at login", "`voicemate service install` switches it on")]
    state = f"running (process {found.observed.pid})" if found.observed.pid else "not running"
    return [ok(f"Installed by {found.manager}, {state}", installed=True, pid=found.observed.pid)]


def _interpreter_is_missing(found: ServiceStatus) -> bool:
    return found.interpreter is not None and not os.access(found.interpreter.python, os.X_OK)
