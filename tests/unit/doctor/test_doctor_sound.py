"""Devices, permission, level, echo and the spoken sentence."""

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

from tests.unit.control.noted import STATUS
from voicemate.app.conversation import AudioDevices
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
    check_level,
    check_permission,
)
from voicemate.doctor.checks.voice import assess_voice as judge_voice
from voicemate.doctor.finding import Finding, Severity
from voicemate.doctor.loopback import echo_check
from voicemate.doctor.loopback.chirp import ChirpEcho
from voicemate.doctor.loopback.echo_check import EchoMeasurement, assess_chirps, assess_measurement, daemon_muted
from voicemate.doctor.loopback.measure import LoopbackResult
from voicemate.doctor.loopback.sentence import SentenceResult, assess_sentence
from voicemate.doctor.meter import bar, sparkline
from voicemate.sandbox.proof import KernelFacts, OfflineProof, SandboxLock, SelfTestAttempt
from voicemate.service.launchd.microphone_permission import MicrophonePermission


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    return tmp_path


# ---------------------------------------------------------------- devices and permission


def test_a_device_is_named_with_its_reason() -> None:
    device = Device(0, "Built-in Microphone", "Core Audio", 1, 0, 44_100)
    found = assess_device(device, Direction.INPUT, "")
    assert found.message == "Microphone: “Built-in Microphone” (the system's default, 44.1 kHz)"
    assert "as the settings say" in assess_device(device, Direction.INPUT, "built").message


def test_no_device_and_sound_cards_that_are_locked() -> None:
    error = AudioError("There is no microphone", "Connect one")
    assert assess_refusal(error, "linux", cards_denied=False).hint == "Connect one"
    locked = assess_refusal(error, "linux", cards_denied=True)
    assert "may not use the sound cards" in locked.message
    assert "usermod -aG audio" in locked.hint


@pytest.mark.parametrize(
    ("given", "level"),
    [
        (MicrophonePermission.GRANTED, Severity.OK),
        (MicrophonePermission.DENIED, Severity.PROBLEM),
        (MicrophonePermission.RESTRICTED, Severity.PROBLEM),
        (MicrophonePermission.NOT_ASKED, Severity.WARNING),
        (MicrophonePermission.UNKNOWN, Severity.WARNING),
    ],
)
def test_what_macos_permits(given: MicrophonePermission, level: Severity) -> None:
    found = assess_permission(given)
    assert found.severity is level
    assert bool(found.hint) == (level is not Severity.OK)
    assert ("Privacy_Microphone" in found.hint) == (
        given in (MicrophonePermission.DENIED, MicrophonePermission.UNKNOWN)
    )


@pytest.mark.parametrize(
    ("status", "level"), [(3, Severity.OK), (2, Severity.PROBLEM), (0, Severity.WARNING), (9, Severity.WARNING)]
)
def test_macos_is_asked_without_asking_the_person(
    status: int, level: Severity, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = SimpleNamespace(authorizationStatusForMediaType_=lambda media: status)  # to ask would break
    framework = SimpleNamespace(AVCaptureDevice=device, AVMediaTypeAudio="soun")
    monkeypatch.setitem(sys.modules, "AVFoundation", framework)  # type: ignore[arg-type]
    assert [one.severity for one in check_permission(CheckContext(Settings(), "darwin"))] == [level]


def test_linux_has_no_such_permission() -> None:
    assert check_permission(CheckContext(Settings(), "linux")) == []


# ---------------------------------------------------------------- level


def facts(*levels: float, peak: float | None = 0.1, running: bool = False) -> LevelFacts:
    return LevelFacts("mic", levels, peak, running)


def test_an_ordinary_room() -> None:
    found = assess_level(facts(-62, -50, -31), "linux")
    assert found.severity is Severity.OK
    assert found.message == "“mic”: -62 to -31 dBFS ▃▄▆"
    assert found.facts == {"name": "mic", "loudest_dbfs": -31, "quietest_dbfs": -62}


@pytest.mark.parametrize(
    ("platform", "running", "fix"),
    [
        ("linux", False, "set-source-mute"),
        ("darwin", False, "Allow this terminal the microphone"),
        ("darwin", True, "Allow Voicemate the microphone"),
    ],
)
def test_zeros_are_a_permission_or_a_mute(platform: str, running: bool, fix: str) -> None:
    found = assess_level(facts(-120, -120, peak=0.0, running=running), platform)
    assert found.severity is Severity.PROBLEM
    assert "only digital silence" in found.message
    assert fix in found.hint


@pytest.mark.parametrize(
    ("levels", "peak", "told"),
    [
        ((-92, -90), 0.001, "hardly anything"),
        ((-20, -12), 0.5, "never quiet"),
        ((-40, -3), 1.0, "beyond its range"),
    ],
)
def test_levels_that_make_hearing_hard(levels: tuple[float, ...], peak: float, told: str) -> None:
    found = assess_level(facts(*levels, peak=peak), "linux")
    assert found.severity is Severity.WARNING
    assert told in found.message
    assert found.hint


def test_a_microphone_that_delivers_nothing() -> None:
    assert assess_level(facts(), "linux").severity is Severity.PROBLEM


def test_a_daemon_that_is_muted_says_so_and_one_that_listens_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    muted = CheckContext(Settings(), "linux", STATUS.model_copy(update={"muted": True}))
    assert check_level(muted)[0].hint == "`voicemate unmute`"
    (found,) = check_level(CheckContext(Settings(), "linux", STATUS))  # it has ended since
    assert "delivers nothing" in found.message


@given(st.lists(st.floats(-200, 50), max_size=40))
def test_meters_have_one_width_whatever_the_level(levels: list[float]) -> None:
    assert len(sparkline(levels)) == len(levels)
    assert len({len(bar(level)) for level in levels}) <= 1


# ---------------------------------------------------------------- offline


def proof(holds: bool) -> OfflineProof:
    attempt = SelfTestAttempt("C", "TCP to this machine", 0, 13 if holds else 111)
    return OfflineProof((SandboxLock("audit hook", True, ""),), (attempt,), (), KernelFacts("Linux", "x86_64"), 1.0)


def test_offline_proven_and_not() -> None:
    assert network.assess_offline(proof(True), True, [])[0].severity is Severity.OK
    assert network.assess_offline(proof(False), True, [])[0].severity is Severity.PROBLEM
    (unwanted,) = network.assess_offline(proof(False), False, [])
    assert unwanted.severity is Severity.WARNING
    assert "offline.sandbox" in unwanted.hint
    fine, hindered = network.assess_offline(
        proof(True), True, ["PULSE_SERVER names a sound server that is reached by TCP"]
    )
    assert (fine.severity, hindered.severity) == (Severity.OK, Severity.WARNING)


def test_it_goes_offline_on_the_main_thread() -> None:
    """The suite only believes to be offline (conftest)."""
    ground = CheckContext(Settings(offline=OfflineSettings(sandbox=False)), "linux")
    (found,) = run_check(Check("Sound", "offline", network.check_offline, main_thread=True), ground)
    assert found.severity is Severity.OK


# ---------------------------------------------------------------- voice


def test_a_voice_that_makes_a_sound_and_one_that_does_not() -> None:
    rng = np.random.default_rng(0)
    assert (
        judge_voice(AudioClip(rng.standard_normal(1_000).astype(np.float32) * 0.1, 22_050), "Daniel").severity
        is Severity.OK
    )
    for silent in (np.zeros(1_000, np.float32), np.zeros(0, np.float32)):
        assert judge_voice(AudioClip(silent, 22_050), "Daniel").severity is Severity.PROBLEM


# ---------------------------------------------------------------- echo

WELL = LoopbackResult("mic", "speaker", ChirpEcho(to_samples(40), 30.0, -20.0), -60.0, 0.2)


def test_an_echo_that_can_be_taken_out() -> None:
    (found,) = assess_chirps(WELL)
    assert found.severity is Severity.OK
    assert "40 ms late, at -20 dB" in found.message
    assert (found.facts["delay_ms"], found.facts["echo_db"]) == (40.0, -20.0)


@pytest.mark.parametrize(
    ("result", "level", "word"),
    [
        (replace(WELL, peak=0.0), Severity.PROBLEM, "digital silence"),
        (replace(WELL, peak=1.0), Severity.WARNING, "input level"),
        (replace(WELL, echo=ChirpEcho(to_samples(40), 30.0, 0.0)), Severity.WARNING, "turn the loudspeaker down"),
        (replace(WELL, echo=ChirpEcho(0, 1.0, -140.0)), Severity.WARNING, "voicemate devices"),
        (replace(WELL, echo=ChirpEcho(0, 1.0, -140.0), loudspeaker="AirPods Pro"), Severity.OK, "headphones"),
    ],
)
def test_what_may_be_the_matter_with_an_echo(result: LoopbackResult, level: Severity, word: str) -> None:
    (found,) = assess_chirps(result)
    assert found.severity is level
    assert word in found.message + found.hint


def test_the_last_measurement_is_kept_privately_and_told() -> None:
    ground = CheckContext(Settings(), "linux")
    assert "voicemate doctor --loop" in echo_check.check_echo(ground)[0].message
    echo_check._save(WELL)
    assert echo_check.measurement_path().stat().st_mode & 0o077 == 0
    (found,) = echo_check.check_echo(ground)
    assert "40 ms late and -20 dB" in found.message
    assert "“speaker” to “mic”" in found.message
    echo_check.measurement_path().write_text("{}")
    assert "never measured" in echo_check.check_echo(ground)[0].message
    assert (
        "None was heard"
        in assess_measurement(EchoMeasurement("2026-01-02T03:04", "mic", "speaker", False, 0, 0)).message
    )


# ---------------------------------------------------------------- the sentence

SAID = "Please put seven green apples on the table."
HEARD = SentenceResult(SAID, "en", SAID, SAID, "speaker", -60.0, -20.0)


def judged(**changes: object) -> tuple[Finding, Finding]:
    direct, air = assess_sentence(replace(HEARD, **changes))  # type: ignore[arg-type]
    return direct, air


def test_a_sentence_that_is_understood_both_ways() -> None:
    direct, air = judged()
    assert (direct.severity, air.severity) == (Severity.OK, Severity.OK)
    assert air.message.endswith("it understands the same")
    assert judged(through_air="please put 7 green apples on a table")[1].severity is Severity.OK


def test_a_voice_that_is_hard_to_understand_is_not_blamed_on_the_devices() -> None:
    direct, air = judged(direct="Peas but Kevin", through_air="Peas but Kevin")
    assert (direct.severity, air.severity) == (Severity.WARNING, Severity.OK)
    assert "hearing model" in direct.hint
    assert "it arrives (-60 dBFS before it, -20 at its loudest)" in air.message
    _, lost = judged(direct="Peas but Kevin", through_air="", loudest_dbfs=-60.0)
    assert "nothing arrives" in lost.message


@pytest.mark.parametrize(
    ("changes", "level", "word"),
    [
        ({"through_air": "green apples"}, Severity.WARNING, "only understands"),
        ({"through_air": ""}, Severity.PROBLEM, "something arrives"),
        ({"through_air": "", "loudest_dbfs": -59.0}, Severity.WARNING, "nothing arrives"),
        ({"through_air": "", "loudest_dbfs": -59.0, "loudspeaker": "WH-1000XM4"}, Severity.OK, "as it should be"),
    ],
)
def test_what_is_lost_in_the_air(changes: dict[str, object], level: Severity, word: str) -> None:
    air = judged(**changes)[1]
    assert air.severity is level
    assert word in air.message


class Room:
    """A loudspeaker in front of a microphone that hears it, in no time at all."""

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


def test_all_of_the_sentence_is_recorded_with_a_margin() -> None:
    from voicemate.doctor.loopback.sentence import AROUND, play_and_capture

    room, sound = Room(), AudioClip(np.full(to_samples(900), 0.5, np.float32), 16_000)

    async def play() -> Pcm:
        return await play_and_capture(sound, AudioDevices(room, room, SampleClock()))  # type: ignore[arg-type]

    recorded = asyncio.run(play())
    assert np.count_nonzero(recorded) == len(sound.pcm)
    assert not recorded[: AROUND.before].any()
    margin = AROUND.before + AROUND.after
    assert len(recorded) == pytest.approx(margin + len(sound.pcm), abs=2 * BLOCK_SAMPLES)
    assert room.opened == 0


# ---------------------------------------------------------------- a daemon that would hear the test


def test_a_daemon_that_listens_is_muted_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    monkeypatch.setattr(ControlClient, "__init__", lambda self: None)
    monkeypatch.setattr(ControlClient, "close", lambda self: None)
    monkeypatch.setattr(ControlClient, "call", lambda self, command, **arguments: told.append(arguments["on"]))
    with pytest.raises(AudioError), daemon_muted(CheckContext(Settings(), "linux", STATUS)):
        raise AudioError("gone")
    assert told == [True, False], "also when the test fails"
    with daemon_muted(CheckContext(Settings(), "linux", STATUS.model_copy(update={"muted": True}))):
        pass
    assert told == [True, False], "one that was muted stays so"


def test_a_conversation_in_a_terminal_is_not_disturbed() -> None:
    refused = pytest.raises(AlreadyRunningError, match=str(os.getpid()))
    with single_instance(), refused, daemon_muted(CheckContext(Settings(), "linux")):
        pytest.fail("it was disturbed")
    with daemon_muted(CheckContext(Settings(), "linux")):
        pass
