"""What the daemon says of itself when it is asked."""

import contextlib
import os
import time

import psutil

from voicemate import __version__
from voicemate.config.schema import settings_file
from voicemate.control.status import DaemonStatus, DeviceStatus, ModelNames
from voicemate.control.status_tracker import StatusTracker
from voicemate.core.events import FloorState
from voicemate.daemon.desired_state import DesiredState
from voicemate.daemon.log import log_path
from voicemate.daemon.supervisor import Supervisor


class StatusReport:
    """Puts the status together.

    Args:
        offline: the locks that keep the process off the network, and whether each holds.
    """

    def __init__(
        self, desired: DesiredState, supervisor: Supervisor, tracker: StatusTracker, offline: dict[str, bool]
    ):
        self._desired = desired
        self._supervisor = supervisor
        self._tracker = tracker
        self._offline = offline
        self._began = time.monotonic()

    def status(self) -> DaemonStatus:
        settings, shelved, board = self._supervisor.settings, self._supervisor.persona_entry, self._tracker
        return DaemonStatus(
            version=__version__,
            pid=os.getpid(),
            uptime_s=round(time.monotonic() - self._began, 1),
            state=self.state(),
            reason=board.reason,
            listening=self._desired.listening,
            muted=self._desired.muted,
            mode="hands-free" if settings.push_to_talk.hands_free else "push-to-talk",
            push_to_talk=board.push_to_talk,
            persona=settings.persona,
            character=shelved.persona.name if shelved else "",
            models=ModelNames(stt=settings.stt.model, llm=settings.llm.model, tts=settings.tts.engine),
            microphone=self._device("microphone", settings.audio.input),
            speaker=self._device("loudspeaker", settings.audio.output),
            echo=settings.audio.echo,
            offline=self._offline,
            memory_mb=_memory_mb(),
            gaps_ms=[round(gap) for gap in board.gaps_ms],
            turns=board.turns,
            speculation=board.speculation,
            problems=board.problems,
            settings=str(settings_file()),
            log=str(log_path()),
        )

    def state(self) -> str:
        """The state's name in a status."""
        if self._desired.stopping.is_set():
            return "stopped"
        if self._tracker.state is FloorState.STOPPED:
            return "asleep" if self._desired.sleep_reason(self._supervisor.settings) else "starting"
        return self._tracker.state.value

    def _device(self, kind: str, wanted: str) -> DeviceStatus:
        stage = self._supervisor.devices
        if stage is None or (kind == "microphone" and not self._supervisor.has_microphone):
            return DeviceStatus(name=wanted or "default", open=False)
        device = stage.microphone if kind == "microphone" else stage.speaker
        return DeviceStatus(name=device.name, open=not self._tracker.has_problem(kind))


def _memory_mb() -> float:
    """Resident memory of this process and of the helpers it has started."""
    total, this = 0, psutil.Process()
    for process in (this, *this.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return round(total / 1e6, 1)
