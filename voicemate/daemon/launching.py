"""Starting and ending the daemon from outside of it."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from voicemate.control.client import Client
from voicemate.conversation.instance import holder
from voicemate.errors import ControlError, NotRunningError, VoicemateError
from voicemate.places import private_folder, runtime_folder

START_S = 30.0
"""From a new process to its control socket: Python's own start, on a busy machine."""

END_S = 5.0
"""After this long a daemon that was asked to end is ended."""


def launch(options: Sequence[str]) -> None:
    """Start a daemon that outlives this process and its terminal; returns when its control socket answers.

    Args:
        options: of ``voicemate run``.

    Raises:
        VoicemateError: it ended at once; the sentence is its own.
    """
    last_words = private_folder(runtime_folder()) / "last-words"
    reader, writer = os.pipe()
    try:
        with open(last_words, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as stderr:
            command = [sys.executable, "-m", "voicemate", "run", "--ready", str(writer), *options]
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
    try:
        ready = select.select([reader], [], [], START_S)[0] and os.read(reader, 1)
    finally:
        os.close(reader)
    if ready:
        return
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=END_S)
    raise VoicemateError(_last_sentence(last_words), "See `voicemate logs`, or try `voicemate run`")


def wait_for_socket() -> None:
    """Return when a daemon that somebody else starts (a service manager) answers.

    Raises:
        NotRunningError: it does not within ``START_S``.
    """
    deadline = time.monotonic() + START_S
    while True:
        try:
            Client().close()
        except NotRunningError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)  # nobody tells when the socket is there
        else:
            return


def end() -> bool:
    """End the daemon and wait until its process is gone; False when there was none.

    One that does not answer, or does not end by itself, is killed.
    """
    number = None
    try:
        with Client() as client:
            number = holder()
            client.call("stop")
    except NotRunningError:
        return False
    except ControlError as error:
        if error.code != "ended" and number:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGTERM)
    if number:
        _wait_or_kill(number)
    return True


def _wait_or_kill(number: int) -> None:
    try:
        process = psutil.Process(number)
        try:
            process.wait(timeout=END_S)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(timeout=END_S)
    except psutil.Error:  # it is gone
        pass


def _last_sentence(file: Path) -> str:
    """What a process said before it ended, without the program's name."""
    with suppress(OSError):
        lines = file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if lines:
            return lines[-1].removeprefix("voicemate: ")
    return "voicemate ended before it was ready"
