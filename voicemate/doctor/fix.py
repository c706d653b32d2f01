"""What ``voicemate doctor --fix`` does: the mends that lose nothing, each told in one line."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from voicemate.control import socket_path
from voicemate.core.errors import DownloadError, VoicemateError
from voicemate.core.paths import make_private_folder
from voicemate.doctor.finding import (
    CreateFolders,
    Fix,
    PullModels,
    ReinstallService,
    RemoveSocket,
    RestrictPermissions,
)

DOWNLOAD_TIMEOUT_S = 6 * 3600.0
"""A large model over a slow line; Ctrl-C ends it sooner, and what was fetched is kept."""


def apply_fix(fix: Fix, on_progress: Callable[[str], None]) -> str:
    """Do it; returns what was done, in one line.

    Args:
        tell: gets one line for each thing that a long mend does.

    Raises:
        VoicemateError: it could not be done, and why.
    """
    try:
        match fix:
            case PullModels():
                return _pull_models(fix.names)
            case RemoveSocket():
                return _remove_socket(fix)
            case CreateFolders():
                made = [str(make_private_folder(path)) for path in fix.paths]
                return f"made {', '.join(made)}"
            case RestrictPermissions():
                return _restrict_permissions(fix.paths)
            case ReinstallService():
                return _reinstall_service(on_progress)
    except OSError as error:
        raise VoicemateError(f"The disk refused {error.filename or ''}: {error.strerror or error}") from None


def _pull_models(names: tuple[str, ...]) -> str:
    """In a process of its own, as everything that uses the network; on standard error it shows how far it is."""
    command = [sys.executable, "-m", "voicemate", "models", "pull", *names]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), timeout=DOWNLOAD_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise DownloadError(
            f"Fetching {', '.join(names)} took too long", "Repeat it: it goes on where it was"
        ) from None
    if done.returncode:
        raise DownloadError(f"{', '.join(names)} could not be fetched", "Its own message above says why")
    return f"fetched {', '.join(names)}"


def _remove_socket(fix: RemoveSocket) -> str:
    found = socket_path.connect(fix.path, timeout_s=2.0)
    if found is not None:
        found.close()
        raise VoicemateError("A daemon has begun to use the socket meanwhile")
    socket_path.remove_socket(fix.path, fix.inode)
    return f"removed {fix.path}"


def _restrict_permissions(paths: tuple[Path, ...]) -> str:
    for path in paths:
        path.chmod(path.stat().st_mode & 0o700)
    return f"took everybody else's rights from {paths[0] if len(paths) == 1 else f'{len(paths)} files and folders'}"


def _reinstall_service(tell: Callable[[str], None]) -> str:
    from voicemate.service.interpreter import this_interpreter
    from voicemate.service.login import login_service

    login_service(report=tell).install(this_interpreter())
    return f"installed the service again, with {this_interpreter().python}"
