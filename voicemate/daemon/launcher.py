"""Starts and stops the daemon from another process."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from voicemate.app.single_instance import lock_holder
from voicemate.control.client import ControlClient
from voicemate.core.errors import ControlError, NotRunningError, ServiceError, VoicemateError
from voicemate.core.paths import make_private_folder, runtime_folder
from voicemate.service.login import login_service

READY = b"ready\n"

START_TIMEOUT_S = 60.0
"""Seconds from a new process to its control socket, on a busy machine."""

_MAX_MESSAGE_BYTES = 4_096

STOP_TIMEOUT_S = 5.0
"""Seconds after which a daemon that was asked to end is killed."""


def start_daemon(options: Sequence[str], report: Callable[[str], None]) -> int | None:
    """Start a daemon: with the login service if that is installed, otherwise as a background process.

    Args:
        options: of ``voicemate run``; a service has its own.
        report: receives a line for each step of the service.

    Returns:
        The process id of a daemon that was running already; None if one was started.

    Raises:
        VoicemateError: it could not be started.
    """
    try:
        with ControlClient() as client:
            return client.status().pid
    except NotRunningError:
        pass
    if _start_service(report):
        wait_for_socket()
    else:
        launch_daemon(options)
    return None


def _start_service(report: Callable[[str], None]) -> bool:
    """Start the login service; False if none is installed."""
    try:
        service = login_service(report=report)
    except ServiceError:  # root has no login service
        return False
    if service.installed:
        service.start()
    return service.installed


def launch_daemon(options: Sequence[str]) -> None:
    """Start a daemon that outlives this process and its terminal; return when its control socket answers.

    Args:
        options: of ``voicemate run``.

    Raises:
        VoicemateError: it ended at once, with the daemon's message, or is not ready in time.
    """
    reader, writer = os.pipe()
    try:
        command = [sys.executable, "-m", "voicemate", "run", "--ready", str(writer), *options]
        with _open_crash_output() as stderr:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                pass_fds=(writer,),
                start_new_session=True,
                cwd="/",
            )
    finally:
        os.close(writer)
    with open(reader, "rb", buffering=0) as pipe:
        if not select.select([pipe], [], [], START_TIMEOUT_S)[0]:
            raise VoicemateError(
                f"voicemate was started and is not ready after {START_TIMEOUT_S:.0f} s",
                "See `voicemate status` in a while",
            )
        message = pipe.read(_MAX_MESSAGE_BYTES)
    if message == READY:
        return
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=STOP_TIMEOUT_S)
    sentence = message.decode("utf-8", "replace").strip() or "voicemate ended before it was ready"
    raise VoicemateError(sentence, "" if message else f"See {_crash_output_path()}, or try `voicemate run`")


def _crash_output_path() -> Path:
    return runtime_folder() / "last-words"


def _open_crash_output() -> IO[bytes]:
    """Open the file for the error output of a crash; /dev/null if it cannot be written."""
    try:
        make_private_folder(runtime_folder())
        return open(_crash_output_path(), "wb", opener=lambda path, flags: os.open(path, flags, 0o600))
    except OSError:
        return open(os.devnull, "wb")


def wait_for_socket() -> None:
    """Wait until a daemon that the service manager starts answers.

    Raises:
        NotRunningError: it does not within ``START_TIMEOUT_S``.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            ControlClient().close()
        except NotRunningError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def stop_daemon() -> bool:
    """Stop the daemon and wait until its process has ended, or kill it. Return False if there was none."""
    pid = None
    try:
        with ControlClient() as client:
            pid = lock_holder()
            client.call("stop")
    except NotRunningError:
        return False
    except ControlError as error:
        if error.code != "ended" and pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
    if pid:
        _wait_or_kill(pid)
    return True


def _wait_or_kill(pid: int) -> None:
    try:
        process = psutil.Process(pid)
        try:
            process.wait(timeout=STOP_TIMEOUT_S)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(timeout=STOP_TIMEOUT_S)
    except psutil.Error:  # it is gone
        pass


class Readiness:
    """Reports ``READY``, or an error, to the process that started the daemon, through a pipe.

    Args:
        descriptor: the pipe's writing end; None if no process waits.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def report(self, message: bytes = READY) -> None:
        """Write ``message`` and close the pipe. Only the first report counts."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):  # the starting process has ended
                os.write(descriptor, message)
            os.close(descriptor)
