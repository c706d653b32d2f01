"""Devices, permission, level, echo and the test sentence."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.control.recording_target import STATUS
from voicemate.app.audio_devices import AudioDevices
from voicemate.app.single_instance import single_instance
from voicemate.audio.devices.device import Device, Direction
from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.config.schema import OfflineSettings, Settings
from voicemate.control.client import ControlClient
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AlreadyRunningError, AudioError
from voicemate.core.pcm import AudioClip, Pcm, to_samples
from voicemate.doctor.check import Check, CheckContext, run_check
from voicemate.doctor.checks import network
from voicemate.doctor.checks.devices import (
    LevelFacts,
    assess_device,
    assess_level,
    assess_permission,
    assess_refusal,
    bar,
    check_level,
    check_permission,
    sparkline,
)
from voicemate.doctor.checks.voice import assess_voice
from voicemate.doctor.finding import Finding, Severity
from voicemate.doctor.loopback import echo_check
from voicemate.doctor.loopback.chirp import ChirpEcho
from voicemate.doctor.loopback.echo_check import EchoMeasurement, assess_chirps, assess_measurement, daemon_muted
from voicemate.doctor.loopback.measure import LoopbackResult
from voicemate.doctor.loopback.sentence import SentenceResult, assess_sentence
from voicemate.sandbox.proof import KernelFacts, OfflineProof, SandboxLock, SelfTestAttempt
from voicemate.service.launchd.microphone_permission import MicrophonePermission


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    return tmp_path


# ---------------------------------------------------------------- devices and permission


def test_a_device_is_named_with_the_reason_for_its_choice() -> None:
    device = Device(0, "Built-in Microphone", "Core Audio", 1, 0, 44_100)
    found = assess_device(device, Direction.INPUT, "")
    assert found.message == "Microphone: “Built-in Microphone” (the system's default, 44.1 kHz)"
    assert "from the settings" in assess_device(device, Direction.INPUT, "built").message


def test_no_device_and_sound_cards_that_are_denied() -> None:
    error = AudioError("There is no microphone", "Connect one")
    assert assess_refusal(error, "linux", cards_denied=False).hint == "Connect one"
    denied = assess_refusal(error, "linux", cards_denied=True)
    assert "may not use the machine's sound cards" in denied.message
    assert "usermod -aG audio" in denied.hint


@pytest.mark.parametrize(
    ("granted", "severity"),
    [
        (MicrophonePermission.GRANTED, Severity.OK),
        (MicrophonePermission.DENIED, Severity.PROBLEM),
        (MicrophonePermission.RESTRICTED, Severity.PROBLEM),
        (MicrophonePermission.NOT_ASKED, Severity.WARNING),
        (MicrophonePermission.UNKNOWN, Severity.WARNING),
    ],
)
def test_the_permission_on_macos(granted: MicrophonePermission, severity: Severity) -> None:
    found = assess_permission(granted)
    assert found.severity is severity
    assert bool(found.hint) == (severity is not Severity.OK)
    assert ("Privacy_Microphone" in found.hint) == (
        granted in (MicrophonePermission.DENIED, MicrophonePermission.UNKNOWN)
    )


@pytest.mark.parametrize(
    ("status", "severity"), [(3, Severity.OK), (2, Severity.PROBLEM), (0, Severity.WARNING), (9, Severity.WARNING)]
)
def test_macos_is_asked_without_asking_the_user(
    status: int, severity: Severity, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = SimpleNamespace(authorizationStatusForMediaType_=lambda media: status)  # requesting access would fail
    framework = SimpleNamespace(AVCaptureDevice=device, AVMediaTypeAudio="soun")
    monkeypatch.setitem(sys.modules, "AVFoundation", framework)  # type: ignore[arg-type]
    assert [one.severity for one in check_permission(CheckContext(Settings(), "darwin"))] == [severity]


def test_linux_has_no_such_permission() -> None:
    assert check_permission(CheckContext(Settings(), "linux")) == []


# ---------------------------------------------------------------- level


def facts(*levels: float, peak: float | None = 0.1, from_daemon: bool = False) -> LevelFacts:
    return LevelFacts("mic", levels, peak, from_daemon)


def test_the_level_of_a_room() -> None:
    found = assess_level(facts(-62, -50, -31), "linux")
    assert found.severity is Severity.OK
    assert found.message == "“mic”: -62 to -31 dBFS ▃▄▆"
    assert found.facts == {"name": "mic", "loudest_dbfs": -31, "quietest_dbfs": -62}


@pytest.mark.parametrize(
    ("platform", "from_daemon", "hint"),
    [
        ("linux", False, "set-source-mute"),
        ("darwin", False, "Allow this terminal to use the microphone"),
        ("darwin", True, "Allow Voicemate to use the microphone"),
    ],
)
def test_digital_silence_has_a_hint_about_permission_or_mute(platform: str, from_daemon: bool, hint: str) -> None:
    found = assess_level(facts(-120, -120, peak=0.0, from_daemon=from_daemon), platform)
    assert found.severity is Severity.PROBLEM
    assert "only digital silence" in found.message
    assert hint in found.hint


@pytest.mark.parametrize(
    ("levels", "peak", "message"),
    [
        ((-92, -90), 0.001, "almost nothing"),
        ((-20, -12), 0.5, "never quiet"),
        ((-40, -3), 1.0, "it clips"),
    ],
)
def test_levels_that_make_recognition_hard(levels: tuple[float, ...], peak: float, message: str) -> None:
    found = assess_level(facts(*levels, peak=peak), "linux")
    assert found.severity is Severity.WARNING
    assert message in found.message
    assert found.hint


def test_a_microphone_that_delivers_nothing() -> None:
    assert assess_level(facts(), "linux").severity is Severity.PROBLEM


def test_the_daemon_measures_the_level_unless_it_is_muted(monkeypatch: pytest.MonkeyPatch) -> None:
    muted = CheckContext(Settings(), "linux", STATUS.model_copy(update={"muted": True}))
    assert check_level(muted)[0].hint == "`voicemate unmute`"
    (found,) = check_level(CheckContext(Settings(), "linux", STATUS))  # it has ended in the meantime
    assert "delivers nothing" in found.message


@given(st.lists(st.floats(-200, 50), max_size=40))
def test_meters_have_a_fixed_width(levels: list[float]) -> None:
    assert len(sparkline(levels)) == len(levels)
    assert len({len(bar(level)) for level in levels}) <= 1


# ---------------------------------------------------------------- offline


def proof(holds: bool) -> OfflineProof:
    attempt = SelfTestAttempt("C", "TCP to this machine", 0, 13 if holds else 111)
    return OfflineProof((SandboxLock("audit hook", True, ""),), (attempt,), (), KernelFacts("Linux", "x86_64"), 1.0)


def test_offline_proven_and_not() -> None:
    assert network.assess_offline(proof(True), True, [])[0].severity is Severity.OK
    assert network.assess_offline(proof(False), True, [])[0].severity is Severity.PROBLEM
    (disabled,) = network.assess_offline(proof(False), False, [])
    assert disabled.severity is Severity.WARNING
    assert "offline.sandbox" in disabled.hint
    fine, unreachable = network.assess_offline(
        proof(True), True, ["PULSE_SERVER names a sound server that is reached by TCP"]
    )
    assert (fine.severity, unreachable.severity) == (Severity.OK, Severity.WARNING)


def test_the_process_goes_offline_on_the_main_thread() -> None:
    """In the test suite the locks are only simulated (conftest)."""
    ground = CheckContext(Settings(offline=OfflineSettings(sandbox=False)), "linux")
    (found,) = run_check(Check("Sound", "offline", network.check_offline, main_thread=True), ground)
    assert found.severity is Severity.OK


# ---------------------------------------------------------------- voice


def test_a_voice_that_makes_a_sound_and_one_that_does_not() -> None:
    rng = np.random.default_rng(0)
    assert (
        assess_voice(AudioClip(rng.standard_normal(1_000).astype(np.float32) * 0.1, 22_050), "Daniel").severity
        is Severity.OK
    )
    for silent in (np.zeros(1_000, np.float32), np.zeros(0, np.float32)):
        assert assess_voice(AudioClip(silent, 22_050), "Daniel").severity is Severity.PROBLEM


# ---------------------------------------------------------------- echo

GOOD = LoopbackResult("mic", "speaker", ChirpEcho(to_samples(40), 30.0, -20.0), -60.0, 0.2)


def test_an_echo_that_can_be_cancelled() -> None:
    (found,) = assess_chirps(GOOD)
    assert found.severity is Severity.OK
    assert "40 ms delay and -20 dB" in found.message
    assert (found.facts["delay_ms"], found.facts["echo_db"]) == (40.0, -20.0)


@pytest.mark.parametrize(
    ("result", "severity", "word"),
    [
        (replace(GOOD, peak=0.0), Severity.PROBLEM, "digital silence"),
        (replace(GOOD, peak=1.0), Severity.WARNING, "input level"),
        (replace(GOOD, echo=ChirpEcho(to_samples(40), 30.0, 0.0)), Severity.WARNING, "turn the speaker down"),
        (replace(GOOD, echo=ChirpEcho(0, 1.0, -140.0)), Severity.WARNING, "voicemate devices"),
        (replace(GOOD, echo=ChirpEcho(0, 1.0, -140.0), speaker="AirPods Pro"), Severity.OK, "headphones"),
    ],
)
def test_problems_with_the_echo(result: LoopbackResult, severity: Severity, word: str) -> None:
    (found,) = assess_chirps(result)
    assert found.severity is severity
    assert word in found.message + found.hint


def test_the_last_measurement_is_stored_privately_and_reported() -> None:
    ground = CheckContext(Settings(), "linux")
    assert "voicemate doctor --loop" in echo_check.check_echo(ground)[0].message
    echo_check._save(GOOD)
    assert echo_check.measurement_path().stat().st_mode & 0o077 == 0
    (found,) = echo_check.check_echo(ground)
    assert "40 ms delay and -20 dB" in found.message
    assert "“speaker” to “mic”" in found.message
    echo_check.measurement_path().write_text("{}")
    assert "never measured" in echo_check.check_echo(ground)[0].message
    assert (
        "None was detected"
        in assess_measurement(EchoMeasurement("2026-01-02T03:04", "mic", "speaker", False, 0, 0)).message
    )


# ---------------------------------------------------------------- the sentence

SENTENCE = "Please put seven green apples on the table."
RESULT = SentenceResult(SENTENCE, "en", SENTENCE, SENTENCE, "speaker", -60.0, -20.0)


def assessed(**changes: object) -> tuple[Finding, Finding]:
    direct, air = assess_sentence(replace(RESULT, **changes))  # type: ignore[arg-type]
    return direct, air


def test_a_sentence_that_is_recognized_both_ways() -> None:
    direct, air = assessed()
    assert (direct.severity, air.severity) == (Severity.OK, Severity.OK)
    assert air.message.endswith("the same is recognized")
    assert assessed(air_text="please put 7 green apples on a table")[1].severity is Severity.OK


def test_a_voice_that_is_hard_to_recognize_is_not_blamed_on_the_devices() -> None:
    direct, air = assessed(direct_text="Peas but Kevin", air_text="Peas but Kevin")
    assert (direct.severity, air.severity) == (Severity.WARNING, Severity.OK)
    assert "speech recognition model" in direct.hint
    assert "it arrives (-60 dBFS before it, -20 dBFS at its loudest)" in air.message
    _, lost = assessed(direct_text="Peas but Kevin", air_text="", loudest_dbfs=-60.0)
    assert "nothing arrives" in lost.message


@pytest.mark.parametrize(
    ("changes", "severity", "word"),
    [
        ({"air_text": "green apples"}, Severity.WARNING, "only “green apples” is recognized"),
        ({"air_text": ""}, Severity.PROBLEM, "sound arrives"),
        ({"air_text": "", "loudest_dbfs": -59.0}, Severity.WARNING, "nothing arrives"),
        ({"air_text": "", "loudest_dbfs": -59.0, "speaker": "WH-1000XM4"}, Severity.OK, "as expected"),
    ],
)
def test_what_is_lost_in_the_air(changes: dict[str, object], severity: Severity, word: str) -> None:
    air = assessed(**changes)[1]
    assert air.severity is severity
    assert word in air.message


class Room:
    """A speaker and a microphone that picks it up without delay."""

    name = "room"
    rate = 16_000

    def __init__(self) -> None:
        self.opened = 0
        self._queue: Pcm = np.zeros(0, np.float32)

    async def open(self) -> None:
        self.opened += 1

    async def close(self) -> None:
        self.opened -= 1

    def wake(self) -> None: ...

    def play(self, sound: AudioClip) -> None:
        self._queue = sound.pcm

    def idle(self) -> bool:
        return not len(self._queue)

    def aec_reference(self, began: int, ended: int) -> Pcm:
        return np.zeros(ended - began, np.float32)

    async def blocks(self) -> AsyncIterator[Block]:
        at = 0
        while self.opened:
            pcm, self._queue = self._queue[:BLOCK_SAMPLES], self._queue[BLOCK_SAMPLES:]
            yield Block(at, np.pad(pcm, (0, BLOCK_SAMPLES - len(pcm))))
            at += BLOCK_SAMPLES


def test_the_whole_sentence_is_recorded_with_a_margin() -> None:
    from voicemate.doctor.loopback.sentence import WINDOW, play_and_capture

    room, sound = Room(), AudioClip(np.full(to_samples(900), 0.5, np.float32), 16_000)

    async def play() -> Pcm:
        return await play_and_capture(sound, AudioDevices(room, room, SampleClock()))  # type: ignore[arg-type]

    recorded = asyncio.run(play())
    assert np.count_nonzero(recorded) == len(sound.pcm)
    assert not recorded[: WINDOW.before].any()
    margin = WINDOW.before + WINDOW.after
    assert len(recorded) == pytest.approx(margin + len(sound.pcm), abs=2 * BLOCK_SAMPLES)
    assert room.opened == 0


# ---------------------------------------------------------------- a daemon that would hear the test


def test_a_listening_daemon_is_muted_during_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bool] = []
    monkeypatch.setattr(ControlClient, "__init__", lambda self: None)
    monkeypatch.setattr(ControlClient, "close", lambda self: None)
    monkeypatch.setattr(ControlClient, "call", lambda self, command, **arguments: calls.append(arguments["on"]))
    with pytest.raises(AudioError), daemon_muted(CheckContext(Settings(), "linux", STATUS)):
        raise AudioError("gone")
    assert calls == [True, False], "also when the test fails"
    with daemon_muted(CheckContext(Settings(), "linux", STATUS.model_copy(update={"muted": True}))):
        pass
    assert calls == [True, False], "a muted daemon stays muted"


def test_the_test_does_not_run_during_a_conversation_in_a_terminal() -> None:
    refused = pytest.raises(AlreadyRunningError, match=str(os.getpid()))
    with single_instance(), refused, daemon_muted(CheckContext(Settings(), "linux")):
        pytest.fail("the test ran")
    with daemon_muted(CheckContext(Settings(), "linux")):
        pass
