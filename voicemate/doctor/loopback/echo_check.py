"""Checks of the path from the speaker to the microphone, and the stored result of the last one."""

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
from voicemate.audio.devices.device import is_headphones
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
    """The latest measurement of the echo.

    Attributes:
        measured_at: ISO 8601, UTC.
        microphone, speaker: names of the devices.
        detected: the microphone picked up the speaker.
        delay_ms: in addition to the latency that the devices report.
        echo_db: level relative to what was played.
    """

    measured_at: str
    microphone: str
    speaker: str
    detected: bool
    delay_ms: float
    echo_db: float


def measurement_path() -> Path:
    """Return the path of the stored measurement."""
    return state_folder() / "loop.json"


def check_echo(context: CheckContext) -> Sequence[Finding]:
    """Report the latest measurement."""
    return [assess_measurement(_load())]


def assess_measurement(measurement: EchoMeasurement | None) -> Finding:
    """Describe ``measurement``; None if there is none."""
    if measurement is None:
        return ok(f"Its delay was never measured; {_MEASURE}")
    context = f"{measurement.measured_at[:10]}, “{measurement.speaker}” to “{measurement.microphone}”"
    if not measurement.detected:
        return ok(f"None was detected on {context}", **asdict(measurement))
    message = f"{measurement.delay_ms:.0f} ms delay and {measurement.echo_db:.0f} dB, measured on {context}"
    return ok(message, **asdict(measurement))


def check_chirps(context: CheckContext) -> Sequence[Finding]:
    """Play three short chirps, find them in the recording, and store the measurement.

    Raises:
        AudioError: a device is missing, refused or broken.
        AlreadyRunningError: a conversation is running that cannot be muted.
    """
    from voicemate.audio.devices.portaudio import PortAudio
    from voicemate.audio.input.microphone import DeviceMicrophone
    from voicemate.audio.output.speaker import DeviceSpeaker
    from voicemate.core.clock import SampleClock

    async def measure() -> LoopbackResult:
        host, clock = PortAudio(), SampleClock()
        microphone = DeviceMicrophone(host, clock, context.settings.audio.input)
        return await measure_loopback(microphone, DeviceSpeaker(host, clock, context.settings.audio.output))

    with daemon_muted(context):
        context.on_progress("three chirps: please be quiet")
        result = asyncio.run(measure())
    if result.has_signal:
        with suppress(OSError):  # another check reports the folder
            _save(result)
    return assess_chirps(result)


def assess_chirps(result: LoopbackResult) -> list[Finding]:
    """Report whether the echo can be cancelled."""
    advice = result.advice()
    facts: dict[str, Any] = {
        "microphone": result.microphone,
        "speaker": result.speaker,
        "detected": result.echo.detected,
        "delay_ms": round(result.delay_ms, 1) if result.echo.detected else None,
        "echo_db": round(result.echo.gain_db, 1) if result.echo.detected else None,
        "noise_dbfs": round(result.noise_dbfs, 1),
    }
    if not result.has_signal:
        return [problem("The microphone delivers only digital silence", advice[0], **facts)]
    noise = f"noise at {result.noise_dbfs:.0f} dBFS"
    if not result.echo.detected:
        if is_headphones(result.speaker):
            return [ok(f"None is detected from the headphones, as expected; {noise}", **facts)]
        return [warning(f"None is detected; {noise}", advice[0].rstrip("."), **facts)]
    message = f"The echo has {result.delay_ms:.0f} ms delay and {result.echo.gain_db:.0f} dB; {noise}"
    if result.is_good:
        return [ok(message, **facts)]
    return [warning(message, " ".join(advice).rstrip("."), **facts)]


def check_sentence(context: CheckContext) -> Sequence[Finding]:
    """Speak a sentence in the persona's voice, and recognize it.

    Raises:
        AudioError, ModelError, SpeechError: see ``measure_sentence``.
        AlreadyRunningError: a conversation is running that cannot be muted.
    """
    from voicemate.app.audio_devices import audio_devices
    from voicemate.doctor.loopback.sentence import SentenceResult, assess_sentence, measure_sentence

    persona = find_persona(context.settings.persona)

    async def measure() -> SentenceResult:
        return await measure_sentence(context.settings, persona, audio_devices(context.settings))

    with daemon_muted(context):
        context.on_progress(f"{persona.name} speaks a sentence: please be quiet")
        return assess_sentence(asyncio.run(measure()))


@contextmanager
def daemon_muted(context: CheckContext) -> Iterator[None]:
    """Mute a running daemon during the block, so that it does not respond to test sounds.

    Raises:
        AlreadyRunningError: a conversation is running that cannot be muted.
    """
    if context.status is None:
        if process := lock_holder():
            raise AlreadyRunningError(
                f"Process {process} holds a conversation that would hear the test sounds",
                "End it, then run this again",
            )
        yield
        return
    if context.status.muted or not context.status.listening:
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
    echo = result.echo
    measurement = EchoMeasurement(
        datetime.now(UTC).isoformat(timespec="seconds"),
        result.microphone,
        result.speaker,
        echo.detected,
        round(result.delay_ms),
        round(echo.gain_db),
    )
    make_private_folder(state_folder())
    with open(
        measurement_path(), "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)
    ) as file:
        json.dump(asdict(measurement), file)


def _load() -> EchoMeasurement | None:
    try:
        return EchoMeasurement(**json.loads(measurement_path().read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
