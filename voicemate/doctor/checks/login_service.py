"""The login service: whether it starts, and whether what it runs still exists."""

import os
from collections.abc import Sequence

from voicemate.core.errors import ServiceError
from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, ReinstallService, from_error, ok, problem, warning
from voicemate.service.login import ServiceStatus, login_service


def check_login_service(context: CheckContext) -> Sequence[Finding]:
    """Check the login service, if it is installed."""
    try:
        service = login_service()
    except ServiceError as error:  # as root
        return [warning(f"{error.message}: not checked", "Run this again without sudo")]
    if not service.installed:
        return [ok("Not installed; `voicemate service install` starts voicemate at login", installed=False)]
    try:
        status = service.status()
    except ServiceError as error:
        return [from_error(error)]
    return assess_login_service(status, _interpreter_is_missing(status))


def assess_login_service(status: ServiceStatus, interpreter_is_missing: bool) -> list[Finding]:
    """Report the state of an installed service.

    Args:
        status: the service's status.
        interpreter_is_missing: the Python that it runs does not exist any more.
    """
    fix = ReinstallService() if interpreter_is_missing else None
    problems = [problem(each.message, each.hint, fix=fix) for each in status.problems]
    if problems:
        return problems
    if not status.at_login:
        return [warning("Installed, but turned off at login", "`voicemate service install` turns it on")]
    state = f"running (process {status.observed.pid})" if status.observed.pid else "not running"
    return [ok(f"Installed with {status.manager}, {state}", installed=True, pid=status.observed.pid)]


def _interpreter_is_missing(status: ServiceStatus) -> bool:
    return status.interpreter is not None and not os.access(status.interpreter.python, os.X_OK)
