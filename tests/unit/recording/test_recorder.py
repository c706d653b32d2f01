"""The recorder: a recording that fails does not harm the conversation."""

import asyncio
import errno
import os
import stat
import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.unit.recording.sample_recordings import PERSONA, header, noise, record
from voicemate.app.audio_devices import AudioDevices
from voicemate.app.conversation import converse
from voicemate.config.schema import Settings
from voicemate.core.clock import SampleClock
from voicemate.core.errors import RecordingError
from voicemate.core.events import Subscriber
from voicemate.recording import format
from voicemate.recording.format import RecordingEnd
from voicemate.recording.header import RecordingHeader
from voicemate.recording.recorder import Recorder
from voicemate.recording.recording import read
from voicemate.testing.simulated_room import SimulatedRoom
from voicemate.turns.messages import Tick


def test_a_recording_is_private(tmp_path: Path) -> None:
    record(tmp_path / "a", [noise(0)])
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(RecordingError, match="exists already"):
        Recorder(tmp_path / "a", header(), {})
    assert (tmp_path / "a").read_text() == "mine"


@pytest.mark.parametrize("name", ["taken", "no/folder"])
def test_a_conversation_does_not_start_if_it_cannot_be_recorded(tmp_path: Path, name: str) -> None:
    (tmp_path / "taken").touch()

    def view(title: str, character: str) -> AbstractContextManager[Subscriber]:
        raise AssertionError("no view is opened, and no model is loaded")

    async def conversation() -> None:
        clock = SampleClock()
        room = SimulatedRoom(clock)
        devices = AudioDevices(room.microphone, room.speaker, clock)
        await converse(Settings(), PERSONA, devices, view, recording=tmp_path / name)

    with pytest.raises(RecordingError):
        asyncio.run(conversation())


def test_the_error_names_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be made: No such file"):
        Recorder(tmp_path / "none" / "a", header(), {})


def test_a_full_disk_is_one_fault_and_leaves_a_usable_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk_bytes, faults = 40_000, list[tuple[str, str]]()
    write = format._write_all

    def full(descriptor: int, data: bytes) -> None:
        if os.fstat(descriptor).st_size + len(data) > disk_bytes:
            write(descriptor, data[: disk_bytes - os.fstat(descriptor).st_size])
            raise OSError(errno.ENOSPC, "No space left on device")
        write(descriptor, data)

    monkeypatch.setattr(format, "_write_all", full)
    recorder = Recorder(tmp_path / "a", header(), {}, lambda message, hint: faults.append((message, hint)))
    for number in range(300):
        recorder.on_microphone_block(noise(number))
        recorder.on_block_processed(noise(number), [])
    recorder.close()
    recorder.on_floor_step(Tick(1), [])
    recorder.close()
    ((message, hint),) = faults
    assert "No space left on device" in message
    assert hint
    recording = read(tmp_path / "a")
    assert recording.ends is RecordingEnd.TRUNCATED
    assert 0 < recording.seconds < 300 * 0.032


def test_a_disk_that_hangs_ends_the_recording_and_blocks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, faults = threading.Event(), list[str]()
    write = format._write_all
    recorder = Recorder(tmp_path / "a", header(), {}, lambda message, hint: faults.append(message))

    def hang(descriptor: int, data: bytes) -> None:
        hanging.wait()
        write(descriptor, data)

    monkeypatch.setattr(format, "_write_all", hang)
    block = noise(0)
    for number in range(12_000):
        recorder.on_microphone_block(block)
        recorder.on_floor_step(Tick(number), [])
    assert recorder._waiting.qsize() <= 10_000
    hanging.set()
    recorder.close()
    (fault,) = faults
    assert "the disk does not keep up" in fault


def test_a_value_that_cannot_be_recorded_ends_only_the_recording(tmp_path: Path) -> None:
    faults = list[str]()
    recorder = Recorder(tmp_path / "a", header(), {}, lambda message, hint: faults.append(message))
    recorder.on_floor_step(Tick(object()), [])  # type: ignore[arg-type]
    recorder.close()
    recorder.on_floor_step(Tick(1), [])
    (fault,) = faults
    assert "cannot be recorded" in fault


def test_the_header_has_the_hashes_of_the_models(tmp_path: Path) -> None:
    (tmp_path / "small.bin").write_bytes(b"abc")
    models = {"stt": tmp_path / "small.bin", "llm": tmp_path / "missing.gguf"}
    recorder = Recorder(tmp_path / "a", RecordingHeader.of(Settings(), PERSONA, models), models)
    recorder.close()
    files = read(tmp_path / "a").header.model_files
    assert files["stt"].sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (files["stt"].file, files["stt"].bytes) == ("small.bin", 3)
    assert "llm" not in files


def test_the_header_has_the_versions_of_the_engines(tmp_path: Path) -> None:
    record(tmp_path / "a", [noise(0)])
    kept = read(tmp_path / "a").header
    assert {"pywhispercpp", "llama-cpp-python", "onnxruntime", "pyttsx3"} <= kept.packages.keys()
    assert kept.settings == Settings().model_dump(mode="json")
