"""The running daemon and its control socket."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from voicemate import __version__
from voicemate.app.single_instance import lock_holder
from voicemate.control.client import ControlClient
from voicemate.control.socket_path import connect, socket_path
from voicemate.control.status import DaemonStatus
from voicemate.core.errors import ControlError
from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, RemoveSocket, format_command, ok, problem, warning

_CONNECT_TIMEOUT_S = 5.0

_HOTKEY = "hotkey"
"""The component of the daemon's problems with its push-to-talk key."""


@dataclass(frozen=True, slots=True)
class SocketFacts:
    """The control socket.

    Attributes:
        path: where it is, or would be.
        folder_owner: user id of its folder's owner; None if there is no folder.
        owner: user id of the owner of ``path``; None if nothing is there.
        is_socket: ``path`` is a socket.
        inode: of ``path``.
        accepts_connections: a daemon of this account accepts connections.
        connect_error: why the attempt to connect failed; empty if it did not.
        holder: the process that holds the lock of a conversation.
    """

    path: Path
    folder_owner: int | None
    owner: int | None
    is_socket: bool = False
    inode: int = 0
    accepts_connections: bool = False
    connect_error: str = ""
    holder: int | None = None


def check_socket(context: CheckContext) -> Sequence[Finding]:
    """Check the control socket."""
    return [assess_socket(_gather_socket_facts(), os.getuid())]


def assess_socket(facts: SocketFacts, uid: int) -> Finding:
    """Report what is at the control socket's path; ``uid`` is this account's user id."""
    path, folder = facts.path, facts.path.parent
    elsewhere = "or set VOICEMATE_HOME to a folder that you own"
    if facts.folder_owner not in (None, uid):
        return problem(
            f"The folder of the control socket belongs to another account: {folder}",
            f"{format_command('sudo', 'rm', '-r', folder)}, {elsewhere}",
        )
    if facts.owner is None:
        if facts.holder:
            return ok(f"None; process {facts.holder} holds a conversation without one (`voicemate talk`, perhaps)")
        return ok("None, since no daemon is running")
    if not facts.is_socket:
        return problem(f"{path} is in the way of the control socket", format_command("mv", path, f"{path}.old"))
    if facts.owner != uid:
        return problem(
            f"The control socket belongs to another account: {path}",
            f"{format_command('sudo', 'rm', path)}, {elsewhere}",
        )
    if facts.accepts_connections:
        return ok(f"Answers at {path}")
    if facts.connect_error:
        return problem(facts.connect_error, "`voicemate restart`")
    message = f"A crashed daemon left its control socket: {path} (the next start replaces it)"
    return warning(message, format_command("rm", path), fix=RemoveSocket(path, facts.inode))


def check_daemon(context: CheckContext) -> Sequence[Finding]:
    """Check the daemon.

    Raises:
        ControlError: it does not answer.
    """
    status = context.status
    if status is None and _gather_socket_facts().accepts_connections:  # it may have started in the meantime
        try:
            with ControlClient() as client:
                status = client.status()
        except ValidationError:
            return [problem("The running daemon is of another version than this program", "`voicemate restart`")]
    return assess_daemon(status, __version__)


def assess_daemon(status: DaemonStatus | None, version: str) -> list[Finding]:
    """Report the daemon's problems, or that it has none; ``version`` is this program's."""
    if status is None:
        return [ok("Not running; `voicemate start` starts it", running=False)]
    problems = [each for each in status.problems if each.component != _HOTKEY]
    found = [problem(f"{each.component}: {each.message}", each.hint, component=each.component) for each in problems]
    if status.version != version:
        message = f"It is voicemate {status.version}, but {version} is installed"
        found.append(warning(message, "`voicemate restart`"))
    if off := [name for name, holds in status.offline.items() if not holds]:
        message = f"It runs without these locks: {', '.join(off)}"
        found.append(warning(message, "`voicemate doctor --offline` shows why"))
    if found:
        return found
    uptime = timedelta(seconds=round(status.uptime_s))
    message = f"{status.state}, process {status.pid}, up {uptime}, {status.turns} turns, {status.memory_mb:.0f} MB"
    return [ok(message, running=True, state=status.state, memory_mb=status.memory_mb)]


def check_push_to_talk(context: CheckContext) -> Sequence[Finding]:
    """Check the push-to-talk key; no finding without a daemon, which would listen for it."""
    return [assess_push_to_talk(context.status)] if context.status else []


def assess_push_to_talk(status: DaemonStatus) -> Finding:
    """Report the state of the push-to-talk key, or the daemon's problem with it."""
    key = status.push_to_talk
    for each in status.problems:
        if each.component == _HOTKEY:
            return problem(each.message, each.hint, chord=key.chord)
    if key.active:
        return ok(f"{key.chord} is active ({key.mode})", chord=key.chord)
    if not key.chord:
        return ok("None is set (`push_to_talk.chord` is empty)")
    return ok(f"{key.chord} is not active. {key.reason.rstrip('.')}", chord=key.chord)


def _gather_socket_facts() -> SocketFacts:
    path = socket_path()
    folder, found = _stat(path.parent), _stat(path)
    folder_owner = folder.st_uid if folder else None
    if found is None or not stat.S_ISSOCK(found.st_mode):
        return SocketFacts(path, folder_owner, found.st_uid if found else None, holder=lock_holder())
    try:
        connection = connect(path, _CONNECT_TIMEOUT_S)
    except ControlError as error:
        return SocketFacts(path, folder_owner, found.st_uid, True, found.st_ino, connect_error=error.message)
    if connection:
        connection.close()
    return SocketFacts(path, folder_owner, found.st_uid, True, found.st_ino, connection is not None)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None
