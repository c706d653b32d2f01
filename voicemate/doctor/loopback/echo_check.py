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

from voicemate.app.single_instance import lock_holder
from voicemate.audio.devices.headphones import is_headphones
from voicemate.control.client import ControlClient
from voicemate.core.errors import AlreadyRunningError
from voicemate.core.paths import make_private_folder, state_folder
from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, ok, problem, warning
from voicemate.doctor.loopback.measure import LoopbackResult, measure_loopback
from voicemate.personas.library import find_persona

_MEASURE = "`voicemate doctor --loop` measures it"


@dataclass(frozen=True, slots=True)
class EchoMeasurement:
    """The latest measurement.

    Attributes:
        at: when, UTC, as ISO 8601.
        heard: the microphone heard the loudspeaker.
        delay_ms: beyond what the devices say; ``echo_db``: relative to what was played.
    """

    measured_at: str
    microphone: str
    loudspeaker: str
    heard: bool
    delay_ms: float
    echo_db: float


def measurement_path() -> Path:
    """Names of devices and two numbers; private all the same."""
    return state_folder() / "loop.json"


def check_echo(ground: CheckContext) -> Sequence[Finding]:
    """What was measured last."""
    return [assess_measurement(_load())]


def assess_measurement(kept: EchoMeasurement | None) -> Finding:
    if kept is None:
        return ok(f"Its delay was never measured; {_MEASURE}")
    between = f"on {kept.measured_at[:10]}, “{kept.loudspeaker}” to “{kept.microphone}”"
    if not kept.heard:
        return ok(f"None was heard {between}", **asdict(kept))
    return ok(f"{kept.delay_ms:.0f} ms late and {kept.echo_db:.0f} dB, measured {between}", **asdict(kept))


def check_chirps(ground: CheckContext) -> Sequence[Finding]:
    """Plays three short chirps and looks for them; keeps what it measures."""
    from voicemate.audio.devices.portaudio import PortAudio
    from voicemate.audio.input.microphone import DeviceMicrophone
    from voicemate.audio.output.speaker import DeviceSpeaker
    from voicemate.core.clock import SampleClock

    async def measure() -> LoopbackResult:
        host, clock = PortAudio(), SampleClock()
        microphone = DeviceMicrophone(host, clock, ground.settings.audio.input)
        return await measure_loopback(microphone, DeviceSpeaker(host, clock, ground.settings.audio.output))

    with daemon_muted(ground):
        ground.on_progress("three chirps: please be quiet")
        result = asyncio.run(measure())
    if result.has_signal:
        with suppress(OSError):  # told of the folder already
            _save(result)
    return assess_chirps(result)


def assess_chirps(result: LoopbackResult) -> list[Finding]:
    advice = result.advice()
    facts: dict[str, Any] = {
        "microphone": result.microphone,
        "loudspeaker": result.speaker,
        "heard": result.echo.detected,
        "delay_ms": round(result.delay_ms, 1) if result.echo.detected else None,
        "echo_db": round(result.echo.gain_db, 1) if result.echo.detected else None,
        "noise_dbfs": round(result.noise_dbfs, 1),
    }
    if not result.has_signal:
        return [problem("The microphone delivers only digital silence", advice[0], **facts)]
    noise = f"noise at {result.noise_dbfs:.0f} dBFS"
    if not result.echo.detected:
        if is_headphones(result.speaker):
            return [ok(f"None is heard of the headphones, as it should be; {noise}", **facts)]
        return [warning(f"None is heard; {noise}", advice[0].rstrip("."), **facts)]
    told = f"The echo comes {result.delay_ms:.0f} ms late, at {result.echo.gain_db:.0f} dB of what is played; {noise}"
    if all(line.startswith("All is well") for line in advice):
        return [ok(told, **facts)]
    return [warning(told, " ".join(advice).rstrip("."), **facts)]


def check_sentence(ground: CheckContext) -> Sequence[Finding]:
    """Says a sentence in the persona's voice, and has whisper understand it."""
    from voicemate.app.conversation import audio_devices
    from voicemate.doctor.loopback.sentence import SentenceResult, assess_sentence, measure_sentence

    persona = find_persona(ground.settings.persona)

    async def hear() -> SentenceResult:
        return await measure_sentence(ground.settings, persona, audio_devices(ground.settings))

    with daemon_muted(ground):
        ground.on_progress(f"{persona.name} says a sentence: please be quiet")
        return assess_sentence(asyncio.run(hear()))


@contextmanager
def daemon_muted(ground: CheckContext) -> Iterator[None]:
    """While the body runs, a running daemon hears nothing, so that it answers to no test sound.

    Raises:
        AlreadyRunningError: a conversation is held that cannot be told to wait.
    """
    if ground.status is None:
        if number := lock_holder():
            raise AlreadyRunningError(
                f"A conversation that would hear the test is held by process {number}",
                "End it, then repeat this",
            )
        yield
        return
    if ground.status.muted or not ground.status.listening:
        yield
        return
    _set_muted(True)
    try:
        yield
    finally:
        _set_muted(False)


def _set_muted(on: bool) -> None:
    with ControlClient() as client:
        client.call("mute", on=on)


def _save(result: LoopbackResult) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    echo = result.echo
    kept = EchoMeasurement(
        now, result.microphone, result.speaker, echo.detected, round(result.delay_ms), round(echo.gain_db)
    )
    make_private_folder(state_folder())
    with open(
        measurement_path(), "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)
    ) as file:
        json.dump(asdict(kept), file)


def _load() -> EchoMeasurement | None:
    try:
        return EchoMeasurement(**json.loads(measurement_path().read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
