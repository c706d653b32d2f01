"""The microphone and the loudspeaker: which they are, and what is to be heard right now."""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from voicemate.audio.clock import SampleClock
from voicemate.audio.devices import Device, Direction
from voicemate.audio.microphone import DeviceMicrophone
from voicemate.audio.stream_host import StreamHost
from voicemate.control.client import Client
from voicemate.control.status import Status
from voicemate.doctor.check import Ground, Watch
from voicemate.doctor.finding import Finding, of_error, ok, problem, warning
from voicemate.doctor.meter import bar, sparkline
from voicemate.errors import AudioError, ControlError, NotRunningError
from voicemate.service.microphone import SETTINGS, Permission, permission
from voicemate.sound import Pcm, level_dbfs, samples

LISTEN_S = 1.0
SETTLING_S = 0.3
"""What a microphone says in the first moments after it was opened is not counted."""

LISTENING_S = 12.0
"""Until a microphone that was opened has delivered that: a Bluetooth headset takes its time."""

FAINT_DBFS = -80.0
"""No room is as quiet as that: a converter's own noise alone is louder with any gain in front of it."""

LOUD_DBFS = -30.0
"""A room that is never quieter than this drowns a voice."""

OVERDRIVEN = 0.99

SILENCE_DBFS = -119.0
"""``level_dbfs`` of digital silence is -120."""


def look_at_devices(ground: Ground) -> Sequence[Finding]:
    """The devices that a conversation would open; a running daemon may have them to itself."""
    status = ground.status
    if status and status.microphone.open and status.loudspeaker.open:
        return [ok(f"The running voicemate has “{status.microphone.name}” and “{status.loudspeaker.name}” open")]
    host = StreamHost()
    audio = ground.settings.audio
    found = []
    for direction, part in ((Direction.INPUT, audio.input), (Direction.OUTPUT, audio.output)):
        try:
            device = host.check(direction, part)
        except AudioError as error:
            found.append(judge_refusal(error, ground.platform, _locked_out()))
        else:
            found.append(judge_device(device, direction, part))
    return found


def judge_device(device: Device, direction: Direction, part: str) -> Finding:
    """A device that can be opened."""
    chosen = "as the settings say" if part else "the system's default"
    told = f"{str(direction).capitalize()}: “{device.name}” ({chosen}, {device.rate / 1000:g} kHz)"
    return ok(told, name=device.name, rate=device.rate, use=str(direction))


def judge_refusal(error: AudioError, platform: str, locked_out: bool) -> Finding:
    """Args:
    locked_out: there are sound cards that this account may not use (Linux).
    """
    if platform == "linux" and locked_out:
        told = f"{error.wrong}: this account may not use the sound cards of the machine"
        return problem(told, "`sudo usermod -aG audio $(id -un)`, then log in anew; or start a sound server")
    return of_error(error)


def _locked_out() -> bool:
    cards = list(Path("/dev/snd").glob("pcm*")) if sys.platform == "linux" else []
    return bool(cards) and not any(os.access(card, os.R_OK | os.W_OK) for card in cards)


# ---------------------------------------------------------------- permission


def look_at_permission(ground: Ground) -> Sequence[Finding]:
    """Nothing where there is no such permission."""
    given = permission(ground.platform)
    return [] if given is Permission.NOT_NEEDED else [judge_permission(given)]


def judge_permission(given: Permission) -> Finding:
    """What macOS lets the program do that is responsible for this process: a terminal, or Voicemate.app."""
    allow = f"Allow it in System Settings > Privacy & Security > Microphone: `open '{SETTINGS}'`"
    match given:
        case Permission.GRANTED:
            return ok("This terminal may use the microphone", permission=given.name)
        case Permission.DENIED:
            return problem("This terminal was refused the microphone", allow, permission=given.name)
        case Permission.RESTRICTED:
            told = "A profile of this Mac keeps the microphone from this terminal"
            return problem(told, "Ask whoever manages this Mac", permission=given.name)
        case Permission.NOT_ASKED:
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
    running: bool = False


def look_at_level(ground: Ground) -> Sequence[Finding]:
    """What is to be heard now, by the running daemon if it has the microphone: its permission is what counts."""
    status = ground.status
    if status and status.muted:
        return [warning("It is muted", "`voicemate unmute`")]
    if status and status.microphone.open:
        return [judge_level(_heard_by_daemon(status, ground.watch), ground.platform)]
    host = StreamHost()
    try:
        host.check(Direction.INPUT, ground.settings.audio.input)
    except AudioError:  # told already
        return []
    try:
        return [judge_level(asyncio.run(_heard(host, ground)), ground.platform)]
    except TimeoutError:
        told = f"The microphone was opened and delivered nothing in {LISTENING_S:.0f} s"
        return [problem(told, _REPLUG)]


def judge_level(facts: LevelFacts, platform: str) -> Finding:
    if not facts.levels:
        return problem(f"The microphone “{facts.name}” delivers nothing", _REPLUG)
    loudest, quietest = max(facts.levels), min(facts.levels)
    numbers = {"name": facts.name, "loudest_dbfs": round(loudest, 1), "quietest_dbfs": round(quietest, 1)}
    told = f"“{facts.name}”: {quietest:.0f} to {loudest:.0f} dBFS {sparkline(facts.levels)}"
    finding = ok(told)
    if loudest < SILENCE_DBFS:
        silent = f"The microphone “{facts.name}” delivers only digital silence"
        finding = problem(silent, silence_hint(platform, facts.running))
    elif facts.peak is not None and facts.peak >= OVERDRIVEN:
        finding = warning(f"{told}: driven beyond its range", "Turn its input level down")
    elif loudest < FAINT_DBFS:
        finding = warning(
            f"{told}: hardly anything", "Turn its input level up, or choose another: `voicemate devices`"
        )
    elif quietest > LOUD_DBFS:
        finding = warning(f"{told}: it is never quiet", "Find out what is so loud, or turn the input level down")
    return replace(finding, facts=numbers)


_REPLUG = "Unplug it and plug it in again, or choose another: `voicemate devices`"


def silence_hint(platform: str, running: bool = False) -> str:
    """What to do about a microphone that delivers zeros.

    Args:
        running: to the daemon, which on macOS may be Voicemate.app.
    """
    if platform == "darwin":
        who = "Voicemate" if running else "this terminal"
        return f"Allow {who} the microphone: `open '{SETTINGS}'`; and see that it is not muted"
    return "`pactl set-source-mute @DEFAULT_SOURCE@ 0` or `wpctl set-mute @DEFAULT_AUDIO_SOURCE@ 0`, or its switch"


async def _heard(host: StreamHost, ground: Ground) -> LevelFacts:
    """Listen to the microphone itself.

    Raises:
        AudioError: it was refused, or delivers nothing: what comes then is silence in its place.
        TimeoutError: nothing came at all.
    """
    microphone = DeviceMicrophone(host, SampleClock(), ground.settings.audio.input)
    faults: list[AudioError] = []
    microphone.on_health(lambda fault: faults.append(fault) if fault else None)
    blocks: list[Pcm] = []
    async with asyncio.timeout(LISTENING_S):
        await microphone.open()
        try:
            async for block in microphone.blocks():
                blocks.append(block.pcm)
                ground.watch(f"{bar(level_dbfs(block.pcm))}  say something")
                if faults:
                    raise faults[0]
                if len(blocks) * len(block.pcm) >= samples(1000 * (SETTLING_S + LISTEN_S)):
                    break
        finally:
            await microphone.close()
    pcm = np.concatenate(blocks)[samples(1000 * SETTLING_S) :]
    tenths = np.array_split(pcm, 10)
    return LevelFacts(microphone.name, tuple(map(level_dbfs, tenths)), float(np.max(np.abs(pcm))))


def _heard_by_daemon(status: Status, watch: Watch) -> LevelFacts:
    levels: list[float] = []
    try:
        with Client() as client:
            client.call("events", levels=True)
            deadline = time.monotonic() + LISTEN_S
            while (left := deadline - time.monotonic()) > 0:
                told = client.receive(left)
                if getattr(told, "kind", "") == "Level":
                    levels.append(told.data["dbfs"])  # type: ignore[union-attr]
                    watch(bar(levels[-1]))
    except (ControlError, NotRunningError):  # nothing more came
        pass
    return LevelFacts(status.microphone.name, tuple(levels), None, running=True)
