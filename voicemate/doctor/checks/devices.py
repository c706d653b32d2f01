"""The microphone and the speaker: which devices they are, and the microphone's level now."""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from voicemate.audio.devices.device import Device, Direction
from voicemate.audio.devices.portaudio import PortAudio
from voicemate.audio.input.microphone import DeviceMicrophone
from voicemate.control.client import ControlClient, EventMessage
from voicemate.control.status import DaemonStatus
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError, ControlError, NotRunningError
from voicemate.core.pcm import Pcm, level_dbfs, to_samples
from voicemate.doctor.check import CheckContext, ProgressListener
from voicemate.doctor.finding import Finding, from_error, ok, problem, warning
from voicemate.service.launchd.microphone_permission import SETTINGS_URL, MicrophonePermission, microphone_permission

MEASURE_S = 1.0
SETTLE_S = 0.3
"""The first sound after a microphone was opened is ignored."""

LEVEL_TIMEOUT_S = 12.0
"""How long a microphone may take to deliver this; a Bluetooth headset needs some seconds."""

MIN_LEVEL_DBFS = -80.0
"""No room is this quiet: the noise of any converter with some gain is louder."""

MAX_NOISE_DBFS = -30.0
"""A room that is never quieter than this masks a voice."""

CLIPPING_PEAK = 0.99

SILENCE_DBFS = -119.0
"""``level_dbfs`` of digital silence is -120."""

_REPLUG_HINT = "Unplug it and plug it in again, or choose another: `voicemate devices`"


def check_devices(context: CheckContext) -> Sequence[Finding]:
    """Check that the devices of a conversation can be opened; a running daemon may hold them already."""
    status = context.status
    if status and status.microphone.open and status.speaker.open:
        return [ok(f"The running daemon has “{status.microphone.name}” and “{status.speaker.name}” open")]
    host = PortAudio()
    audio = context.settings.audio
    found: list[Finding] = []
    for direction, part in ((Direction.INPUT, audio.input), (Direction.OUTPUT, audio.output)):
        try:
            device = host.check(direction, part)
        except AudioError as error:
            found.append(assess_refusal(error, context.platform, _are_cards_denied()))
        else:
            found.append(assess_device(device, direction, part))
    return found


def assess_device(device: Device, direction: Direction, part: str) -> Finding:
    """Describe a device that can be opened; ``part`` is the setting that chose it."""
    chosen = "from the settings" if part else "the system's default"
    message = f"{str(direction).capitalize()}: “{device.name}” ({chosen}, {device.rate / 1000:g} kHz)"
    return ok(message, name=device.name, rate=device.rate, use=str(direction))


def assess_refusal(error: AudioError, platform: str, cards_denied: bool) -> Finding:
    """Report a device that cannot be opened.

    Args:
        error: why.
        platform: a value of ``sys.platform``.
        cards_denied: there are sound cards that this account may not use (Linux).
    """
    if platform == "linux" and cards_denied:
        message = f"{error.message}: this account may not use the machine's sound cards"
        return problem(message, "`sudo usermod -aG audio $(id -un)`, then log in again; or start a sound server")
    return from_error(error)


def _are_cards_denied() -> bool:
    cards = list(Path("/dev/snd").glob("pcm*")) if sys.platform == "linux" else []
    return bool(cards) and not any(os.access(card, os.R_OK | os.W_OK) for card in cards)


# ---------------------------------------------------------------- permission


def check_permission(context: CheckContext) -> Sequence[Finding]:
    """Check macOS's microphone permission; no finding on other systems."""
    granted = microphone_permission(context.platform)
    return [] if granted is MicrophonePermission.NOT_NEEDED else [assess_permission(granted)]


def assess_permission(granted: MicrophonePermission) -> Finding:
    """Report the permission of the program that macOS holds responsible: a terminal, or Voicemate.app."""
    hint = f"Allow it in System Settings > Privacy & Security > Microphone: `open '{SETTINGS_URL}'`"
    match granted:
        case MicrophonePermission.GRANTED:
            return ok("This terminal may use the microphone", permission=granted.name)
        case MicrophonePermission.DENIED:
            return problem("This terminal may not use the microphone", hint, permission=granted.name)
        case MicrophonePermission.RESTRICTED:
            message = "A profile of this Mac does not allow this terminal to use the microphone"
            return problem(message, "Ask the administrator of this Mac", permission=granted.name)
        case MicrophonePermission.NOT_ASKED:
            message = "macOS has not yet asked whether this terminal may use the microphone"
            return warning(message, "`voicemate talk` here, and answer the question", permission=granted.name)
        case _:
            message = "macOS does not say whether this terminal may use the microphone"
            return warning(message, f"{hint}, if there is only silence", permission=granted.name)


# ---------------------------------------------------------------- level


@dataclass(frozen=True, slots=True)
class LevelFacts:
    """About a second of the microphone.

    Attributes:
        name: of the microphone.
        levels: dBFS, one value for about every 100 ms.
        peak: the largest sample, 0 to 1; None if only levels are known.
        from_daemon: the running daemon measured it.
    """

    name: str
    levels: tuple[float, ...]
    peak: float | None
    from_daemon: bool = False


def check_level(context: CheckContext) -> Sequence[Finding]:
    """Measure the microphone's level. A running daemon measures it, since its permission is the one that counts."""
    status = context.status
    if status and status.muted:
        return [warning("It is muted", "`voicemate unmute`")]
    if status and status.microphone.open:
        return [assess_level(_measure_level_by_daemon(status, context.on_progress), context.platform)]
    host = PortAudio()
    try:
        host.check(Direction.INPUT, context.settings.audio.input)
    except AudioError:  # check_devices reports it
        return []
    try:
        return [assess_level(asyncio.run(_measure_level(host, context)), context.platform)]
    except TimeoutError:
        message = f"The microphone was opened, but delivered nothing within {LEVEL_TIMEOUT_S:.0f} s"
        return [problem(message, _REPLUG_HINT)]


def assess_level(facts: LevelFacts, platform: str) -> Finding:
    """Report whether the level is plausible for a room."""
    if not facts.levels:
        return problem(f"The microphone “{facts.name}” delivers nothing", _REPLUG_HINT)
    loudest, quietest = max(facts.levels), min(facts.levels)
    numbers = {"name": facts.name, "loudest_dbfs": round(loudest, 1), "quietest_dbfs": round(quietest, 1)}
    message = f"“{facts.name}”: {quietest:.0f} to {loudest:.0f} dBFS {sparkline(facts.levels)}"
    finding = ok(message)
    if loudest < SILENCE_DBFS:
        silent = f"The microphone “{facts.name}” delivers only digital silence"
        finding = problem(silent, silence_hint(platform, facts.from_daemon))
    elif facts.peak is not None and facts.peak >= CLIPPING_PEAK:
        finding = warning(f"{message}: it clips", "Turn its input level down")
    elif loudest < MIN_LEVEL_DBFS:
        hint = "Turn its input level up, or choose another: `voicemate devices`"
        finding = warning(f"{message}: almost nothing", hint)
    elif quietest > MAX_NOISE_DBFS:
        finding = warning(
            f"{message}: it is never quiet", "Find the source of the noise, or turn the input level down"
        )
    return replace(finding, facts=numbers)


def silence_hint(platform: str, from_daemon: bool = False) -> str:
    """Return what to do about a microphone that delivers only zeros.

    Args:
        platform: a value of ``sys.platform``.
        from_daemon: the daemon received them; on macOS it may be Voicemate.app.
    """
    if platform == "darwin":
        program = "Voicemate" if from_daemon else "this terminal"
        return f"Allow {program} to use the microphone: `open '{SETTINGS_URL}'`; and check that it is not muted"
    return "`pactl set-source-mute @DEFAULT_SOURCE@ 0` or `wpctl set-mute @DEFAULT_AUDIO_SOURCE@ 0`, or its switch"


async def _measure_level(host: PortAudio, context: CheckContext) -> LevelFacts:
    """Open the microphone and measure its level.

    Raises:
        AudioError: it was refused, or fails while it is open.
        TimeoutError: it delivered too little.
    """
    microphone = DeviceMicrophone(host, SampleClock(), context.settings.audio.input)
    faults: list[AudioError] = []
    microphone.add_health_listener(lambda fault: faults.append(fault) if fault else None)
    blocks: list[Pcm] = []
    async with asyncio.timeout(LEVEL_TIMEOUT_S):
        await microphone.open()
        try:
            async for block in microphone.blocks():
                blocks.append(block.pcm)
                context.on_progress(f"{bar(level_dbfs(block.pcm))}  say something")
                if faults:
                    raise faults[0]
                if len(blocks) * len(block.pcm) >= to_samples(1000 * (SETTLE_S + MEASURE_S)):
                    break
        finally:
            await microphone.close()
    pcm = np.concatenate(blocks)[to_samples(1000 * SETTLE_S) :]
    tenths = np.array_split(pcm, 10)
    return LevelFacts(microphone.name, tuple(map(level_dbfs, tenths)), float(np.max(np.abs(pcm))))


def _measure_level_by_daemon(status: DaemonStatus, on_progress: ProgressListener) -> LevelFacts:
    levels: list[float] = []
    try:
        with ControlClient() as client:
            client.call("events", levels=True)
            deadline = time.monotonic() + MEASURE_S
            while (left := deadline - time.monotonic()) > 0:
                message = client.receive(left)
                if isinstance(message, EventMessage) and message.name == "MicrophoneLevel":
                    levels.append(message.data["dbfs"])
                    on_progress(bar(levels[-1]))
    except (ControlError, NotRunningError):  # no more events
        pass
    return LevelFacts(status.microphone.name, tuple(levels), None, from_daemon=True)


# ---------------------------------------------------------------- meters

METER_FLOOR_DBFS, METER_CEILING_DBFS = -80.0, -10.0
"""The scale of the meters: from a silent room to a voice close by."""

_EIGHTHS = "▁▂▃▄▅▆▇█"
_BAR_WIDTH = 24


def sparkline(levels: Sequence[float]) -> str:
    """Draw one character for each of ``levels`` (dBFS), higher for a louder one."""
    return "".join(_EIGHTHS[round(_meter_fraction(level) * (len(_EIGHTHS) - 1))] for level in levels)


def bar(level: float) -> str:
    """Draw ``level`` (dBFS) as a bar of fixed width, with its number."""
    filled = round(_meter_fraction(level) * _BAR_WIDTH)
    return f"{'█' * filled}{'·' * (_BAR_WIDTH - filled)} {level:4.0f} dBFS"


def _meter_fraction(level: float) -> float:
    return min(1.0, max(0.0, (level - METER_FLOOR_DBFS) / (METER_CEILING_DBFS - METER_FLOOR_DBFS)))
