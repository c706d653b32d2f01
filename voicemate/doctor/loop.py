"""From the loudspeaker through the air to the microphone, tried on demand; and what was measured last."""

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from voicemate.audio.headphones import is_headphones
from voicemate.audio.loop import LoopResult, measure_loop
from voicemate.control.client import Client
from voicemate.conversation.instance import holder
from voicemate.doctor.check import Ground
from voicemate.doctor.finding import Finding, ok, problem, warning
from voicemate.errors import AlreadyRunningError
from voicemate.personas.library import find_persona
from voicemate.places import private_folder, state_folder

_MEASURE = "`voicemate doctor --loop` measures it"


@dataclass(frozen=True, slots=True)
class Kept:
    """The latest measurement.

    Attributes:
        at: when, UTC, as ISO 8601.
        heard: the microphone heard the loudspeaker.
        delay_ms: beyond what the devices say; ``echo_db``: relative to what was played.
    """

    at: str
    microphone: str
    loudspeaker: str
    heard: bool
    delay_ms: float
    echo_db: float


def kept_file() -> Path:
    """Names of devices and two numbers; private all the same."""
    return state_folder() / "loop.json"


def look_at_echo(ground: Ground) -> Sequence[Finding]:
    """What was measured last."""
    return [judge_kept(_kept())]


def judge_kept(kept: Kept | None) -> Finding:
    if kept is None:
        return ok(f"Its delay was never measured; {_MEASURE}")
    between = f"on {kept.at[:10]}, “{kept.loudspeaker}” to “{kept.microphone}”"
    if not kept.heard:
        return ok(f"None was heard {between}", **asdict(kept))
    return ok(f"{kept.delay_ms:.0f} ms late and {kept.echo_db:.0f} dB, measured {between}", **asdict(kept))


def play_chirps(ground: Ground) -> Sequence[Finding]:
    """Plays three short chirps and looks for them; keeps what it measures."""
    from voicemate.audio.clock import SampleClock
    from voicemate.audio.loudspeaker import DeviceLoudspeaker
    from voicemate.audio.microphone import DeviceMicrophone
    from voicemate.audio.stream_host import StreamHost

    async def measure() -> LoopResult:
        host, clock = StreamHost(), SampleClock()
        microphone = DeviceMicrophone(host, clock, ground.settings.audio.input)
        return await measure_loop(microphone, DeviceLoudspeaker(host, clock, ground.settings.audio.output))

    with undisturbed(ground):
        ground.watch("three chirps: please be quiet")
        result = asyncio.run(measure())
    if result.works:
        with suppress(OSError):  # told of the folder already
            _keep(result)
    return judge_chirps(result)


def judge_chirps(result: LoopResult) -> list[Finding]:
    advice = result.advice()
    facts: dict[str, Any] = {
        "microphone": result.microphone,
        "loudspeaker": result.loudspeaker,
        "heard": result.echo.heard,
        "delay_ms": round(result.delay_ms, 1) if result.echo.heard else None,
        "echo_db": round(result.echo.gain_db, 1) if result.echo.heard else None,
        "noise_dbfs": round(result.noise_dbfs, 1),
    }
    if not result.works:
        return [problem("The microphone delivers only digital silence", advice[0], **facts)]
    noise = f"noise at {result.noise_dbfs:.0f} dBFS"
    if not result.echo.heard:
        if is_headphones(result.loudspeaker):
            return [ok(f"None is heard of the headphones, as it should be; {noise}", **facts)]
        return [warning(f"None is heard; {noise}", advice[0].rstrip("."), **facts)]
    told = f"The echo comes {result.delay_ms:.0f} ms late, at {result.echo.gain_db:.0f} dB of what is played; {noise}"
    if all(line.startswith("All is well") for line in advice):
        return [ok(told, **facts)]
    return [warning(told, " ".join(advice).rstrip("."), **facts)]


def say_a_sentence(ground: Ground) -> Sequence[Finding]:
    """Says a sentence in the persona's voice, and has whisper understand it."""
    from voicemate.app import device_stage
    from voicemate.doctor.sentence import Heard, judge, say_and_hear

    persona = find_persona(ground.settings.persona)

    async def hear() -> Heard:
        return await say_and_hear(ground.settings, persona, device_stage(ground.settings))

    with undisturbed(ground):
        ground.watch(f"{persona.name} says a sentence: please be quiet")
        return judge(asyncio.run(hear()))


@contextmanager
def undisturbed(ground: Ground) -> Iterator[None]:
    """While the body runs, a running daemon hears nothing, so that it answers to no test sound.

    Raises:
        AlreadyRunningError: a conversation is held that cannot be told to wait.
    """
    if ground.status is None:
        if number := holder():
            raise AlreadyRunningError(
                f"A conversation that would hear the test is held by process {number}",
                "End it, then repeat this",
            )
        yield
        return
    if ground.status.muted or not ground.status.listening:
        yield
        return
    _mute(True)
    try:
        yield
    finally:
        _mute(False)


def _mute(on: bool) -> None:
    with Client() as client:
        client.call("mute", on=on)


def _keep(result: LoopResult) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    echo = result.echo
    kept = Kept(now, result.microphone, result.loudspeaker, echo.heard, round(result.delay_ms), round(echo.gain_db))
    private_folder(state_folder())
    with open(kept_file(), "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        json.dump(asdict(kept), file)


def _kept() -> Kept | None:
    try:
        return Kept(**json.loads(kept_file().read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
