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

_PUSH_TO_TALK = "hotkey"
"""Where the daemon says that something is wrong with its push-to-talk key."""


@dataclass(frozen=True, slots=True)
class SocketFacts:
    """Attributes:
    folder_owner, owner: whose the folder and what lies at ``path`` is; None where there is nothing.
    is_socket: what lies there is one.
    inode: its number.
    connects: a daemon of this account takes connections there.
    refusal: why it could not be tried; "" when it could.
    holder: the process that holds the microphone's lock.
    """

    path: Path
    folder_owner: int | None
    owner: int | None
    is_socket: bool = False
    inode: int = 0
    accepts_connections: bool = False
    connect_error: str = ""
    holder: int | None = None


def check_socket(ground: CheckContext) -> Sequence[Finding]:
    return [assess_socket(_gather_socket_facts(), os.getuid())]


def assess_socket(facts: SocketFacts, uid: int) -> Finding:
    path, folder = facts.path, facts.path.parent
    elsewhere = "or set VOICEMATE_HOME to a folder of yours"
    if facts.folder_owner not in (None, uid):
        return problem(
            f"The folder of the control socket belongs to another account: {folder}",
            f"{format_command('sudo', 'rm', '-r', folder)}, {elsewhere}",
        )
    if facts.owner is None:
        if facts.holder:
            return ok(f"A conversation without one is held by process {facts.holder} (`voicemate talk`, perhaps)")
        return ok("None, as nobody runs")
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
    told = f"A crash has left its control socket: {path} (the next start replaces it)"
    return warning(told, format_command("rm", path), fix=RemoveSocket(path, facts.inode))


def check_daemon(ground: CheckContext) -> Sequence[Finding]:
    status = ground.status
    if (
        status is None and _gather_socket_facts().accepts_connections
    ):  # it may have begun meanwhile; if it is in trouble, that is raised
        try:
            with ControlClient() as client:
                status = client.status()
        except ValidationError:
            return [problem("The running voicemate is of another version than this one", "`voicemate restart`")]
    return assess_daemon(status, __version__)


def assess_daemon(status: DaemonStatus | None, version: str) -> list[Finding]:
    """What the daemon says of itself: each of its troubles, or that it is well.

    Args:
        version: of this program.
    """
    if status is None:
        return [ok("Not running; `voicemate start` starts it", running=False)]
    others = [one for one in status.problems if one.component != _PUSH_TO_TALK]
    found = [problem(f"{one.component}: {one.message}", one.hint, where=one.component) for one in others]
    if status.version != version:
        old = f"It is voicemate {status.version}, and {version} is installed"
        found.append(warning(old, "`voicemate restart`"))
    if off := [name for name, holds in status.offline.items() if not holds]:
        found.append(
            warning(f"It runs without these locks: {', '.join(off)}", "`voicemate doctor --offline` says why")
        )
    if found:
        return found
    up = timedelta(seconds=round(status.uptime_s))
    told = f"{status.state}, process {status.pid}, up {up}, {status.turns} turns, {status.memory_mb:.0f} MB"
    return [ok(told, running=True, state=status.state, memory_mb=status.memory_mb)]


def check_push_to_talk(ground: CheckContext) -> Sequence[Finding]:
    """Nothing where voicemate does not run: nobody watches the key then."""
    return [assess_push_to_talk(ground.status)] if ground.status else []


def assess_push_to_talk(status: DaemonStatus) -> Finding:
    """The push-to-talk key, as the daemon has it; what it has of it as a problem is one."""
    key = status.push_to_talk
    for one in status.problems:
        if one.component == _PUSH_TO_TALK:
            return problem(one.message, one.hint, chord=key.chord)
    if key.active:
        return ok(f"{key.chord} is watched ({key.mode})", chord=key.chord)
    if not key.chord:
        return ok("None is wanted (`hotkey.chord` is empty)")
    return ok(f"{key.chord} is not watched. {key.reason.rstrip('.')}", chord=key.chord)


def _gather_socket_facts() -> SocketFacts:
    path = socket_path()
    folder, found = _stat(path.parent), _stat(path)
    if found is None or not stat.S_ISSOCK(found.st_mode):
        return SocketFacts(path, folder and folder.st_uid, found and found.st_uid, holder=lock_holder())
    facts = SocketFacts(path, folder and folder.st_uid, found.st_uid, True, found.st_ino)
    try:
        connection = connect(path, _CONNECT_TIMEOUT_S)
    except ControlError as error:
        return SocketFacts(path, facts.folder_owner, facts.owner, True, facts.inode, connect_error=error.message)
    if connection:
        connection.close()
    return SocketFacts(path, facts.folder_owner, facts.owner, True, facts.inode, connection is not None)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None
