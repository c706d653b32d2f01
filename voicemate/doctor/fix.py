"""What ``voicemate doctor --fix`` does."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import assert_never

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
"""Enough for a large model over a slow line. Ctrl-C stops sooner and keeps the part that was downloaded."""


def apply_fix(fix: Fix, on_progress: Callable[[str], None]) -> str:
    """Apply ``fix`` and return one line about what was done.

    Args:
        fix: the fix.
        on_progress: receives one line for each step of a long fix.

    Raises:
        VoicemateError: the fix failed.
    """
    try:
        match fix:
            case PullModels():
                return _pull_models(fix.names)
            case RemoveSocket():
                return _remove_socket(fix)
            case CreateFolders():
                created = [str(make_private_folder(path)) for path in fix.paths]
                return f"created {', '.join(created)}"
            case RestrictPermissions():
                return _restrict_permissions(fix.paths)
            case ReinstallService():
                return _reinstall_service(on_progress)
            case _:
                assert_never(fix)
    except OSError as error:
        raise VoicemateError(f"Cannot write {error.filename or 'a file'}: {error.strerror or error}") from None


def _pull_models(names: tuple[str, ...]) -> str:
    """Download in another process, since this one is offline; it shows its progress on standard error."""
    command = [sys.executable, "-m", "voicemate", "models", "pull", *names]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), timeout=DOWNLOAD_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise DownloadError(
            f"The download of {', '.join(names)} took too long", "Run it again: it resumes where it stopped"
        ) from None
    if done.returncode:
        raise DownloadError(f"{', '.join(names)} could not be downloaded", "The message above says why")
    return f"downloaded {', '.join(names)}"


def _remove_socket(fix: RemoveSocket) -> str:
    connection = socket_path.connect(fix.path, timeout_s=2.0)
    if connection is not None:
        connection.close()
        raise VoicemateError("A daemon has started to use the socket in the meantime")
    socket_path.remove_socket(fix.path, fix.inode)
    return f"removed {fix.path}"


def _restrict_permissions(paths: tuple[Path, ...]) -> str:
    for path in paths:
        path.chmod(path.stat().st_mode & 0o700)
    restricted = paths[0] if len(paths) == 1 else f"{len(paths)} files and folders"
    return f"made {restricted} private"


def _reinstall_service(on_progress: Callable[[str], None]) -> str:
    from voicemate.service.interpreter import this_interpreter
    from voicemate.service.login import login_service

    login_service(report=on_progress).install(this_interpreter())
    return f"installed the service again, with {this_interpreter().python}"
