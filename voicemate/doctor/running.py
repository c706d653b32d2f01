"""The running daemon and its control socket."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from voicemate import __version__
from voicemate.control.client import Client
from voicemate.control.socket_place import connected, socket_path
from voicemate.control.status import Status
from voicemate.conversation.instance import holder
from voicemate.doctor.check import Ground
from voicemate.doctor.finding import Finding, RemoveSocket, command, ok, problem, warning
from voicemate.errors import ControlError

_CONNECT_S = 5.0

_HOTKEY = "hotkey"
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
    connects: bool = False
    refusal: str = ""
    holder: int | None = None


def look_at_socket(ground: Ground) -> Sequence[Finding]:
    return [judge_socket(_socket(), os.getuid())]


def judge_socket(facts: SocketFacts, uid: int) -> Finding:
    path, folder = facts.path, facts.path.parent
    elsewhere = "or set VOICEMATE_HOME to a folder of yours"
    if facts.folder_owner not in (None, uid):
        return problem(
            f"The folder of the control socket belongs to another account: {folder}",
            f"{command('sudo', 'rm', '-r', folder)}, {elsewhere}",
        )
    if facts.owner is None:
        if facts.holder:
            return ok(f"A conversation without one is held by process {facts.holder} (`voicemate talk`, perhaps)")
        return ok("None, as nobody runs")
    if not facts.is_socket:
        return problem(f"{path} is in the way of the control socket", command("mv", path, f"{path}.old"))
    if facts.owner != uid:
        return problem(
            f"The control socket belongs to another account: {path}", f"{command('sudo', 'rm', path)}, {elsewhere}"
        )
    if facts.connects:
        return ok(f"Answers at {path}")
    if facts.refusal:
        return problem(facts.refusal, "`voicemate restart`")
    told = f"A crash has left its control socket: {path} (the next start replaces it)"
    return warning(told, command("rm", path), mend=RemoveSocket(path, facts.inode))


def look_at_daemon(ground: Ground) -> Sequence[Finding]:
    status = ground.status
    if status is None and _socket().connects:  # it may have begun meanwhile; if it is in trouble, that is raised
        try:
            with Client() as client:
                status = client.status()
        except ValidationError:
            return [problem("The running voicemate is of another version than this one", "`voicemate restart`")]
    return judge_daemon(status, __version__)


def judge_daemon(status: Status | None, version: str) -> list[Finding]:
    """What the daemon says of itself: each of its troubles, or that it is well.

    Args:
        version: of this program.
    """
    if status is None:
        return [ok("Not running; `voicemate start` starts it", running=False)]
    others = [one for one in status.problems if one.where != _HOTKEY]
    found = [problem(f"{one.where}: {one.wrong}", one.remedy, where=one.where) for one in others]
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


def look_at_hotkey(ground: Ground) -> Sequence[Finding]:
    """Nothing where voicemate does not run: nobody watches the key then."""
    return [judge_hotkey(ground.status)] if ground.status else []


def judge_hotkey(status: Status) -> Finding:
    """The push-to-talk key, as the daemon has it; what it has of it as a problem is one."""
    key = status.hotkey
    for one in status.problems:
        if one.where == _HOTKEY:
            return problem(one.wrong, one.remedy, chord=key.chord)
    if key.watched:
        return ok(f"{key.chord} is watched ({key.mode})", chord=key.chord)
    if not key.chord:
        return ok("None is wanted (`hotkey.chord` is empty)")
    return ok(f"{key.chord} is not watched. {key.why.rstrip('.')}", chord=key.chord)


def _socket() -> SocketFacts:
    path = socket_path()
    folder, found = _stat(path.parent), _stat(path)
    if found is None or not stat.S_ISSOCK(found.st_mode):
        return SocketFacts(path, folder and folder.st_uid, found and found.st_uid, holder=holder())
    facts = SocketFacts(path, folder and folder.st_uid, found.st_uid, True, found.st_ino)
    try:
        connection = connected(path, _CONNECT_S)
    except ControlError as error:
        return SocketFacts(path, facts.folder_owner, facts.owner, True, facts.inode, refusal=error.wrong)
    if connection:
        connection.close()
    return SocketFacts(path, facts.folder_owner, facts.owner, True, facts.inode, connection is not None)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None
