"""What the daemon does now, and its status."""

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

from voicemate import __version__
from voicemate.app.audio_devices import AudioDevices
from voicemate.config.loader import settings_file
from voicemate.config.schema import Settings
from voicemate.control.status import DaemonStatus, DeviceStatus, ModelNames
from voicemate.control.status_tracker import StatusTracker
from voicemate.conversation.session import Session
from voicemate.core.events import FloorState
from voicemate.daemon.desired_state import DesiredState
from voicemate.daemon.log import log_path
from voicemate.personas.library import LibraryPersona


@dataclass(frozen=True, slots=True)
class ObservedState:
    """A value that ``Supervisor`` replaces and ``Daemon`` reads.

    Attributes:
        settings, persona: in use, or last in use.
        devices: while they are open.
        session: while it runs.
        has_microphone: the devices include one.
    """

    settings: Settings = field(default_factory=Settings)
    persona: LibraryPersona | None = None
    devices: AudioDevices | None = None
    session: Session | None = None
    has_microphone: bool = False

    @property
    def session_with_microphone(self) -> Session | None:
        """The session, if it can hear."""
        return self.session if self.has_microphone else None


def state_name(desired: DesiredState, observed: ObservedState, tracker: StatusTracker) -> str:
    """The state as a status names it."""
    if desired.stopping:
        return "stopped"
    if tracker.state is FloorState.STOPPED:
        return "asleep" if desired.is_asleep(observed.settings) else "starting"
    return tracker.state.value


def daemon_status(
    desired: DesiredState,
    observed: ObservedState,
    tracker: StatusTracker,
    offline: Mapping[str, bool],
    started_at: float,
) -> DaemonStatus:
    """The daemon as it is now.

    Args:
        offline: for each lock that keeps the process off the network, whether it holds.
        started_at: the daemon, on ``time.monotonic``.
    """
    settings, persona = observed.settings, observed.persona
    return DaemonStatus(
        version=__version__,
        pid=os.getpid(),
        uptime_s=round(time.monotonic() - started_at, 1),
        state=state_name(desired, observed, tracker),
        reason=tracker.reason,
        listening=desired.listening,
        muted=desired.muted,
        mode="hands-free" if settings.push_to_talk.hands_free else "push-to-talk",
        push_to_talk=tracker.push_to_talk,
        persona=settings.persona,
        character=persona.persona.name if persona else "",
        models=ModelNames(stt=settings.stt.model, llm=settings.llm.model, tts=settings.tts.engine),
        microphone=_device("microphone", settings.audio.input, observed, tracker),
        speaker=_device("speaker", settings.audio.output, observed, tracker),
        echo=settings.audio.echo,
        offline=dict(offline),
        memory_mb=_memory_mb(),
        gaps_ms=[round(gap) for gap in tracker.gaps_ms],
        turns=tracker.turns,
        speculation=tracker.speculation,
        problems=tracker.problems,
        settings=str(settings_file()),
        log=str(log_path()),
    )


def _device(kind: str, wanted: str, observed: ObservedState, tracker: StatusTracker) -> DeviceStatus:
    devices = observed.devices
    if devices is None or (kind == "microphone" and not observed.has_microphone):
        return DeviceStatus(name=wanted or "default", open=False)
    device = devices.microphone if kind == "microphone" else devices.speaker
    return DeviceStatus(name=device.name, open=not tracker.has_problem(kind))


def _memory_mb() -> float:
    """Resident memory of this process and its helper processes."""
    total, this = 0, psutil.Process()
    for process in (this, *this.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return round(total / 1e6, 1)
