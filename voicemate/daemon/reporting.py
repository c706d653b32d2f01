"""What the daemon says of itself when it is asked."""

import contextlib
import os
import time

import psutil

from voicemate import __version__
from voicemate.config import settings_file
from voicemate.control.status import DeviceState, Models, Status
from voicemate.daemon.board import Board
from voicemate.daemon.log import log_path
from voicemate.daemon.upkeep import Upkeep
from voicemate.daemon.wishes import Wishes
from voicemate.events import FloorState


class Reporter:
    """Puts the status together.

    Args:
        offline: the locks that keep the process off the network, and whether each holds.
    """

    def __init__(self, wishes: Wishes, upkeep: Upkeep, board: Board, offline: dict[str, bool]):
        self._wishes = wishes
        self._upkeep = upkeep
        self._board = board
        self._offline = offline
        self._began = time.monotonic()

    def status(self) -> Status:
        settings, shelved, board = self._upkeep.settings, self._upkeep.shelved, self._board
        return Status(
            version=__version__,
            pid=os.getpid(),
            uptime_s=round(time.monotonic() - self._began, 1),
            state=self.state(),
            reason=board.reason,
            listening=self._wishes.listening,
            muted=self._wishes.muted,
            mode="hands-free" if settings.push_to_talk.hands_free else "push-to-talk",
            hotkey=board.hotkey,
            persona=settings.persona,
            character=shelved.persona.name if shelved else "",
            models=Models(
                hearing=settings.hearing.model, thinking=settings.thinking.model, speaking=settings.speaking.engine
            ),
            microphone=self._device("microphone", settings.audio.input),
            loudspeaker=self._device("loudspeaker", settings.audio.output),
            echo=settings.audio.echo,
            offline=self._offline,
            memory_mb=_memory_mb(),
            gaps_ms=[round(gap) for gap in board.gaps_ms],
            turns=board.turns,
            work_ahead=board.work_ahead,
            problems=board.problems,
            settings=str(settings_file()),
            log=str(log_path()),
        )

    def state(self) -> str:
        """The state's name in a status."""
        if self._wishes.stop.is_set():
            return "stopped"
        if self._board.state is FloorState.STOPPED:
            return "asleep" if self._wishes.asleep(self._upkeep.settings) else "starting"
        return self._board.state.value

    def _device(self, kind: str, wanted: str) -> DeviceState:
        stage = self._upkeep.stage
        if stage is None or (kind == "microphone" and not self._upkeep.hears):
            return DeviceState(name=wanted or "default", open=False)
        device = stage.microphone if kind == "microphone" else stage.loudspeaker
        return DeviceState(name=device.name, open=not self._board.has_problem(kind))


def _memory_mb() -> float:
    """Resident memory of this process and of the helpers it has started."""
    total, this = 0, psutil.Process()
    for process in (this, *this.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return round(total / 1e6, 1)
