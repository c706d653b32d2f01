"""The worker process that runs pyttsx3: it renders one phrase at a time to a file.

``python -m voicemate.tts.pyttsx3.worker FOLDER [DRIVER]``, started by ``worker_process.py``. It is a
process of its own because a driver cannot be interrupted and may never return, and macOS needs it on the main thread.
It uses the protocol of ``worker_protocol.py``, imports little so that it starts quickly, and ends at once when its
stdin closes, even in the middle of a phrase: no worker outlives its parent. It then removes FOLDER, which holds the
phrases. It ignores Ctrl-C, which the parent handles.

DRIVER is a module to use as pyttsx3's driver in place of the system's own.
"""

import importlib
import os
import queue
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO, Literal, cast

from voicemate.tts.pyttsx3.worker_protocol import (
    ReportedVoice,
    WorkerHello,
    WorkerReply,
    WorkerRequest,
    from_line,
    to_line,
)

_FILE_TIMEOUT_S = 0.5
"""Time for a file to become complete after the driver has reported the end of its phrase."""
_POLL_S = 0.0005
_ORDERS: dict[bytes, Literal["little", "big"]] = {b"RIFF": "little", b"FORM": "big"}
_SOUND = {b"data": 0, b"SSND": 8}
"""The chunk with the samples, and the bytes in it before them."""


class _VoiceNotSetError(Exception):
    """The driver silently kept another voice than the one asked for."""


class Renderer:
    """pyttsx3 with workarounds for its drivers' faults. Belongs to the main thread.

    Args:
        driver: a driver module's name, empty for the system's own.

    Raises:
        Exception: whatever the driver raises when it cannot be loaded.
    """

    def __init__(self, driver: str) -> None:
        import pyttsx3

        if driver:
            name = driver.rpartition(".")[2]
            sys.modules[f"pyttsx3.drivers.{name}"] = importlib.import_module(driver)
            engine: Any = cast("Any", pyttsx3).init(name)
        else:
            engine = cast("Any", pyttsx3).init()
        self._engine: Any = engine
        self._applied: dict[str, Any] = {}
        self._error = ""
        self._on_finished: Callable[[bool], None] = lambda completed: None
        self._engine.connect("error", self._note_error)
        self._engine.connect("finished-utterance", self._note_finished)
        self._ids = {voice["id"].lower() for voice in self.voices()}
        self._wait_until_idle()

    @property
    def driver(self) -> str:
        """pyttsx3's name of the driver, such as ``espeak``."""
        return self._engine.driver_name

    def voices(self) -> list[ReportedVoice]:
        """Return the voices as the driver reports them."""
        return [
            {
                "id": str(voice.id),
                "name": _as_text(voice.name),
                "languages": [_as_text(code) for code in voice.languages],
            }
            for voice in self._engine.getProperty("voices")
        ]

    def render(self, text: str, voice: str, rate: int, path: str, rendered: Callable[[], None]) -> None:
        """Render ``text`` into ``path`` and call ``rendered`` once, as soon as the file is whole.

        espeak reports the end from its own thread, up to 10 ms before ``runAndWait`` returns or long after:
        ``runAndWait`` waits for one tick of 10 ms, not for the phrase.

        Raises:
            _VoiceKept: the voice could not be set.
            Exception: whatever the driver raises or reports.
        """
        ended, whole = threading.Event(), threading.Event()

        def finished(completed: bool) -> None:
            if completed and is_whole(path):
                rendered()
                whole.set()
            ended.set()

        self._apply(voice, rate)
        self._error, self._on_finished = "", finished
        # Queue the phrase until the loop runs. A driver that is not busy starts at once, and nsss's loop then runs
        # the queued end of the loop first, which cuts the phrase.
        self._engine.proxy.setBusy(True)
        self._engine.save_to_file(text, path)
        self._engine.runAndWait()
        self._raise_error()
        ended.wait()
        self._raise_error()
        if not whole.is_set():
            _wait_for_file(path)
            rendered()

    def _apply(self, voice: str, rate: int) -> None:
        """Set what differs from the last phrase, and wait until it is applied."""
        self._error = ""
        self._engine.proxy.setBusy(False)  # set now, not when the loop runs
        if voice != self._applied.get("voice"):
            self._applied = {}  # some voices have a rate of their own, and a failure may leave any voice set
            self._engine.setProperty("voice", voice)
            kept = str(self._engine.getProperty("voice"))
            if kept.lower() != voice.lower() and kept.lower() in self._ids:
                raise _VoiceNotSetError(kept)
            self._applied["voice"] = voice
        if rate != self._applied.get("rate"):
            self._engine.setProperty("rate", rate)
            self._applied["rate"] = rate
        self._raise_error()
        self._wait_until_idle()

    def _wait_until_idle(self) -> None:
        """Wait until espeak has applied everything.

        It works on a thread of its own, and pyttsx3 cancels that thread's pending work when a loop starts: a new
        rate would be lost, or the phrase.
        """
        if self.driver == "espeak":
            from pyttsx3.drivers import _espeak

            while _espeak.IsPlaying():
                time.sleep(_POLL_S)

    def _note_error(self, exception: Exception, **_: Any) -> None:
        self._error = str(exception) or type(exception).__name__

    def _note_finished(self, completed: bool, **_: Any) -> None:
        if not completed:
            self._error = "the driver aborted the phrase"
        self._on_finished(completed)

    def _raise_error(self) -> None:
        if self._error:
            raise RuntimeError(self._error)


def _as_text(reported: Any) -> str:
    """Return a driver's value as text; espeak's older drivers report languages as bytes."""
    return reported.decode("utf-8", "replace") if isinstance(reported, bytes) else str(reported or "")


def is_whole(path: str) -> bool:
    """Return whether the file at ``path`` holds some sound, and all that its header states.

    It reads the chunks of a WAV (Linux) or of an AIFF or AIFC (macOS): a tag of four bytes, four bytes of length,
    then the contents, padded to an even length. A driver may report the end of a phrase before the last of it is
    on the disk.
    """
    try:
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            order = _ORDERS.get(file.read(12)[:4])
            while order and len(head := file.read(8)) == 8:
                length = int.from_bytes(head[4:], order)
                if head[:4] in _SOUND:
                    return length > _SOUND[head[:4]] and file.tell() + length <= size
                file.seek(length + length % 2, os.SEEK_CUR)
    except FileNotFoundError:
        pass
    return False


def _wait_for_file(path: str) -> None:
    deadline = time.monotonic() + _FILE_TIMEOUT_S
    while not is_whole(path):
        if time.monotonic() > deadline:
            raise RuntimeError("the driver wrote no sound, or less than its header states")
        time.sleep(_POLL_S)


def _handle(renderer: Renderer, request: WorkerRequest, send: Callable[[WorkerReply], None]) -> None:
    """Send exactly one reply: a driver may still fail after its phrase is done."""
    answered = threading.Event()

    def reply(message: WorkerReply) -> None:
        if not answered.is_set():
            answered.set()
            send(message)

    try:
        if request["do"] == "list":
            reply({"voices": renderer.voices()})
        else:
            arguments = (request["text"], request["voice"], request["rate"], request["path"])
            renderer.render(*arguments, rendered=lambda: reply({"rendered": True}))
    except _VoiceNotSetError as kept:
        reply({"kept": str(kept)})
    except Exception as error:
        reply({"failed": str(error) or type(error).__name__})


def _claim_stdout() -> BinaryIO:
    """Return the pipe to the parent; what drivers print to stdout is dropped."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return pipe


def _read_requests(requests: "queue.SimpleQueue[WorkerRequest]", folder: str) -> None:
    with open(0, "rb", closefd=False) as lines:
        for line in lines:
            requests.put(from_line(line))
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)  # the main thread may be stuck in a driver


def main() -> None:
    """Run the worker until its stdin closes."""
    folder, driver = [*sys.argv[1:], ""][:2]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o077)
    pipe = _claim_stdout()

    def send(message: WorkerHello | WorkerReply) -> None:
        pipe.write(to_line(message))
        pipe.flush()

    requests: queue.SimpleQueue[WorkerRequest] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(requests, folder), daemon=True).start()
    try:
        renderer = Renderer(driver)
    except Exception as error:
        send({"missing": str(error) or type(error).__name__})
        return
    send({"driver": renderer.driver})
    while True:
        _handle(renderer, requests.get(), send)


if __name__ == "__main__":
    main()
