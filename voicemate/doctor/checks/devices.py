"""The microphone and the loudspeaker: which they are, and what is to be heard right now."""

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
from voicemate.control.client import ControlClient
from voicemate.control.status import DaemonStatus
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError, ControlError, NotRunningError
from voicemate.core.pcm import Pcm, level_dbfs, to_samples
from voicemate.doctor.check import CheckContext, ProgressListener
from voicemate.doctor.finding import Finding, from_error, ok, problem, warning
from voicemate.doctor.meter import bar, sparkline
from voicemate.service.launchd.microphone_permission import SETTINGS_URL, MicrophonePermission, microphone_permission

MEASURE_S = 1.0
SETTLE_S = 0.3
"""What a microphone says in the first moments after it was opened is not counted."""

LEVEL_TIMEOUT_S = 12.0
"""Until a microphone that was opened has delivered that: a Bluetooth headset takes its time."""

MIN_LEVEL_DBFS = -80.0
"""No room is as quiet as that: a converter's own noise alone is louder with any gain in front of it."""

MAX_NOISE_DBFS = -30.0
"""A room that is never quieter than this drowns a voice."""

CLIPPING_PEAK = 0.99

SILENCE_DBFS = -119.0
"""``level_dbfs`` of digital silence is -120."""


def check_devices(ground: CheckContext) -> Sequence[Finding]:
    """The devices that a conversation would open; a running daemon may have them to itself."""
    status = ground.status
    if status and status.microphone.open and status.speaker.open:
        return [ok(f"The running voicemate has “{status.microphone.name}” and “{status.speaker.name}” open")]
    host = PortAudio()
    audio = ground.settings.audio
    found = []
    for direction, part in ((Direction.INPUT, audio.input), (Direction.OUTPUT, audio.output)):
        try:
            device = host.check(direction, part)
        except AudioError as error:
            found.append(assess_refusal(error, ground.platform, _are_cards_denied()))
        else:
            found.append(assess_device(device, direction, part))
    return found


def assess_device(device: Device, direction: Direction, part: str) -> Finding:
    """A device that can be opened."""
    chosen = "as the settings say" if part else "the system's default"
    told = f"{str(direction).capitalize()}: “{device.name}” ({chosen}, {device.rate / 1000:g} kHz)"
    return ok(told, name=device.name, rate=device.rate, use=str(direction))


def assess_refusal(error: AudioError, platform: str, cards_denied: bool) -> Finding:
    """Args:
    locked_out: there are sound cards that this account may not use (Linux).
    """
    if platform == "linux" and cards_denied:
        told = f"{error.message}: this account may not use the sound cards of the machine"
        return problem(told, "`sudo usermod -aG audio $(id -un)`, then log in anew; or start a sound server")
    return from_error(error)


def _are_cards_denied() -> bool:
    cards = list(Path("/dev/snd").glob("pcm*")) if sys.platform == "linux" else []
    return bool(cards) and not any(os.access(card, os.R_OK | os.W_OK) for card in cards)


# ---------------------------------------------------------------- permission


def check_permission(ground: CheckContext) -> Sequence[Finding]:
    """Nothing where there is no such permission."""
    given = microphone_permission(ground.platform)
    return [] if given is MicrophonePermission.NOT_NEEDED else [assess_permission(given)]


def assess_permission(given: MicrophonePermission) -> Finding:
    """What macOS lets the program do that is responsible for this process: a terminal, or Voicemate.app."""
    allow = f"Allow it in System Settings > Privacy & Security > Microphone: `open '{SETTINGS_URL}'`"
    match given:
        case MicrophonePermission.GRANTED:
            return ok("This terminal may use the microphone", permission=given.name)
        case MicrophonePermission.DENIED:
            return problem("This terminal was refused the microphone", allow, permission=given.name)
        case MicrophonePermission.RESTRICTED:
            told = "A profile of this Mac keeps the microphone from this terminal"
            return problem(told, "Ask whoever manages this Mac", permission=given.name)
        case MicrophonePermission.NOT_ASKED:
            told = "macOS has not yet asked whether this terminal may use the microphone"
            return warning(told, "`voicemate talk` here, and answer the question", permission=given.name)
    told = "macOS does not tell whether this terminal may use the microphone"
    return warning(told, f"{allow}, if there is silence", permission=given.name)


# ---------------------------------------------------------------- level


@dataclass(frozen=True, slots=True)
class LevelFacts:
    """About a second of the microphone.

    Attributes:
        name: of the microphone.
        levels: dBFS, a value for each tenth of a second or so.
        peak: the largest sample, 0 to 1; None where only levels are known.
        running: it was heard by the running daemon.
    """

    name: str
    levels: tuple[float, ...]
    peak: float | None
    from_daemon: bool = False


def check_level(ground: CheckContext) -> Sequence[Finding]:
    """What is to be heard now, by the running daemon if it has the microphone: its permission is what counts."""
    status = ground.status
    if status and status.muted:
        return [warning("It is muted", "`voicemate unmute`")]
    if status and status.microphone.open:
        return [assess_level(_measure_level_by_daemon(status, ground.on_progress), ground.platform)]
    host = PortAudio()
    try:
        host.check(Direction.INPUT, ground.settings.audio.input)
    except AudioError:  # told already
        return []
    try:
        return [assess_level(asyncio.run(_measure_level(host, ground)), ground.platform)]
    except TimeoutError:
        told = f"The microphone was opened and delivered nothing in {LEVEL_TIMEOUT_S:.0f} s"
        return [problem(told, _REPLUG)]


def assess_level(facts: LevelFacts, platform: str) -> Finding:
    if not facts.levels:
        return problem(f"The microphone “{facts.name}” delivers nothing", _REPLUG)
    loudest, quietest = max(facts.levels), min(facts.levels)
    numbers = {"name": facts.name, "loudest_dbfs": round(loudest, 1), "quietest_dbfs": round(quietest, 1)}
    told = f"“{facts.name}”: {quietest:.0f} to {loudest:.0f} dBFS {sparkline(facts.levels)}"
    finding = ok(told)
    if loudest < SILENCE_DBFS:
        silent = f"The microphone “{facts.name}” delivers only digital silence"
        finding = problem(silent, silence_hint(platform, facts.from_daemon))
    elif facts.peak is not None and facts.peak >= CLIPPING_PEAK:
        finding = warning(f"{told}: driven beyond its range", "Turn its input level down")
    elif loudest < MIN_LEVEL_DBFS:
        finding = warning(
            f"{told}: hardly anything", "Turn its input level up, or choose another: `voicemate devices`"
        )
    elif quietest > MAX_NOISE_DBFS:
        finding = warning(f"{told}: it is never quiet", "Find out what is so loud, or turn the input level down")
    return replace(finding, facts=numbers)


_REPLUG = "Unplug it and plug it in again, or choose another: `voicemate devices`"


def silence_hint(platform: str, from_daemon: bool = False) -> str:
    """What to do about a microphone that delivers zeros.

    Args:
        running: to the daemon, which on macOS may be Voicemate.app.
    """
    if platform == "darwin":
        who = "Voicemate" if from_daemon else "this terminal"
        return f"Allow {who} the microphone: `open '{SETTINGS_URL}'`; and see that it is not muted"
    return "`pactl set-source-mute @DEFAULT_SOURCE@ 0` or `wpctl set-mute @DEFAULT_AUDIO_SOURCE@ 0`, or its switch"


async def _measure_level(host: PortAudio, ground: CheckContext) -> LevelFacts:
    """Listen to the microphone itself.

    Raises:
        AudioError: it was refused, or delivers nothing: what comes then is silence in its place.
        TimeoutError: nothing came at all.
    """
    microphone = DeviceMicrophone(host, SampleClock(), ground.settings.audio.input)
    faults: list[AudioError] = []
    microphone.add_health_listener(lambda fault: faults.append(fault) if fault else None)
    blocks: list[Pcm] = []
    async with asyncio.timeout(LEVEL_TIMEOUT_S):
        await microphone.open()
        try:
            async for block in microphone.blocks():
                blocks.append(block.pcm)
                ground.on_progress(f"{bar(level_dbfs(block.pcm))}  say something")
                if faults:
                    raise faults[0]
                if len(blocks) * len(block.pcm) >= to_samples(1000 * (SETTLE_S + MEASURE_S)):
                    break
        finally:
            await microphone.close()
    pcm = np.concatenate(blocks)[to_samples(1000 * SETTLE_S) :]
    tenths = np.array_split(pcm, 10)
    return LevelFacts(microphone.name, tuple(map(level_dbfs, tenths)), float(np.max(np.abs(pcm))))


def _measure_level_by_daemon(status: DaemonStatus, watch: ProgressListener) -> LevelFacts:
    levels: list[float] = []
    try:
        with ControlClient() as client:
            client.call("events", levels=True)
            deadline = time.monotonic() + MEASURE_S
            while (left := deadline - time.monotonic()) > 0:
                told = client.receive(left)
                if getattr(told, "kind", "") == "Level":
                    levels.append(told.data["dbfs"])  # type: ignore[union-attr]
                    watch(bar(levels[-1]))
    except (ControlError, NotRunningError):  # nothing more came
        pass
    return LevelFacts(status.microphone.name, tuple(levels), None, from_daemon=True)
