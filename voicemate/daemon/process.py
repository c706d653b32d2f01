"""The daemon process: one per account; signals stop it, within a deadline."""

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from voicemate import __version__, sandbox
from voicemate.app.single_instance import single_instance
from voicemate.audio.devices import hotplug
from voicemate.audio.devices.hotplug import HotplugMonitor
from voicemate.config.loader import load
from voicemate.config.schema import Settings
from voicemate.control.server import ControlServer
from voicemate.core.errors import AlreadyRunningError, ControlError, SettingsError, VoicemateError
from voicemate.core.events import Fault
from voicemate.daemon.conversation_factory import LocalConversationFactory
from voicemate.daemon.daemon import Daemon
from voicemate.daemon.launcher import Readiness
from voicemate.daemon.log import EventLog, log_path, logging_to
from voicemate.push_to_talk.chord_watcher import ChordWatcher
from voicemate.system import machine_monitor
from voicemate.system.machine_monitor import MachineMonitor

EXIT_TIMEOUT_S = 1.8
"""Seconds from the command or signal to the end of the process, even if an engine or a device hangs."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DaemonOptions:
    """How the daemon is run.

    Attributes:
        overrides: settings of the command line, by dotted key; None values are not set.
        log_words: what is said goes into the log too.
        log_to_stderr: log to standard error too.
        ready_descriptor: of the pipe on which it reports to the process that started it (see ``Readiness``).
    """

    overrides: dict[str, Any] = field(default_factory=dict[str, Any])
    log_words: bool = False
    log_to_stderr: bool = False
    ready_descriptor: int | None = None


def run_daemon(options: DaemonOptions) -> None:
    """Run the daemon until SIGTERM, SIGINT or ``stop``. Call it on the main thread.

    A setting, a persona, a model or a device that is missing does not end it: the state is ``unavailable``
    then, and the status names the problem.

    Raises:
        AlreadyRunningError: another conversation runs on this account.
        VoicemateError: the lock file cannot be made.
    """
    os.environ.setdefault("GGML_METAL_NO_RESIDENCY", "1")  # else Metal may abort when the process ends
    ready = Readiness(options.ready_descriptor)
    try:
        with single_instance():
            _run(options, ready)
    except VoicemateError as error:
        ready.report(str(error).encode())
        raise


def _run(options: DaemonOptions, ready: Readiness) -> None:
    faults: list[Fault] = []

    def on_log_error(message: str, hint: str) -> None:
        faults.append(Fault(0, "log", message, hint))

    with logging_to(log_path(), on_log_error, options.log_to_stderr) as writer, _Deadline(writer.stop) as deadline:
        log.info("voicemate %s begins (process %d)", __version__, os.getpid())
        asyncio.run(_serve(options, ready, _lock_network(), faults, deadline))
        log.info("voicemate ends")


def _lock_network() -> dict[str, bool]:
    """Lock the process off every network, before it reads anything of the person's; returns which locks hold."""
    try:
        settings = load()
    except SettingsError:  # reported later; the default is the stricter one
        settings = Settings()
    proof = sandbox.lock(settings.offline.sandbox)
    log.log(logging.INFO if proof.holds else logging.WARNING, "%s", proof.summary)
    return {lock.name: lock.on for lock in proof.locks}


async def _serve(
    options: DaemonOptions, ready: Readiness, locks: dict[str, bool], faults: list[Fault], deadline: "_Deadline"
) -> None:
    overrides = {key: value for key, value in options.overrides.items() if value is not None}
    daemon = Daemon(LocalConversationFactory(), overrides, locks)
    daemon.subscribe(EventLog(options.log_words).on_event)
    for fault in faults:
        daemon.events.emit(fault)
    server = ControlServer(daemon)
    try:
        await server.open()
    except (ControlError, AlreadyRunningError) as error:  # the conversation works without it
        daemon.events.emit(Fault(0, "control", error.message, error.hint))
        server = None
    watcher = ChordWatcher(daemon.key, daemon.events)
    daemon.add_settings_listener(watcher.apply_settings)
    ready.report()
    running = asyncio.create_task(daemon.run(), name="daemon")
    stopping = asyncio.create_task(daemon.stopped.wait(), name="stopping")
    with _signals(daemon), _watching_machine(daemon):
        async with watcher:
            await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
            deadline.begin()
        stopping.cancel()
        if server:
            server.stop_accepting()
        try:
            await running
        finally:
            if server:
                await server.close()


@contextlib.contextmanager
def _watching_machine(daemon: Daemon) -> Generator[None]:
    """Report device changes, and the state of the machine, to the daemon."""
    with (
        HotplugMonitor(daemon.on_device_change, hotplug.platform_source()),
        MachineMonitor(daemon.on_machine_state, daemon.on_wake, machine_monitor.system_event_source()),
    ):
        yield


@contextlib.contextmanager
def _signals(daemon: Daemon) -> Generator[None]:
    """SIGTERM and SIGINT stop the daemon; SIGHUP reloads the settings."""
    loop = asyncio.get_running_loop()
    reloading: set[asyncio.Task[None]] = set()

    async def reload() -> None:
        try:
            await daemon.reload()
        except VoicemateError as error:
            log.warning("%s", error)

    def hang_up() -> None:
        task = asyncio.create_task(reload())
        reloading.add(task)
        task.add_done_callback(reloading.discard)

    handlers = {signal.SIGTERM: daemon.stop, signal.SIGINT: daemon.stop, signal.SIGHUP: hang_up}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)


class _Deadline:
    """Ends the process ``EXIT_TIMEOUT_S`` after ``begin``, if an engine or a device hangs. A context manager.

    The history is complete by then: it is closed before the engines.

    Args:
        before_exit: called first.
    """

    def __init__(self, before_exit: Callable[[], None]) -> None:
        self._before_exit = before_exit
        self._timer = threading.Timer(EXIT_TIMEOUT_S, self._end)
        self._timer.daemon = True

    def __enter__(self) -> "_Deadline":
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def begin(self) -> None:
        self._timer.start()

    def _end(self) -> None:
        log.warning("something did not end in %.1f s and is left behind", EXIT_TIMEOUT_S)
        self._before_exit()
        os._exit(0)
