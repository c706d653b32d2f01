"""A recording that cannot be made, or cannot go on, harms nothing."""

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


def test_a_file_that_exists_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("dear")
    with pytest.raises(RecordingError, match="exists already"):
        Recorder(tmp_path / "a", header(), {})
    assert (tmp_path / "a").read_text() == "dear"


@pytest.mark.parametrize("name", ["taken", "no/folder"])
def test_a_conversation_does_not_begin_where_it_cannot_be_recorded(tmp_path: Path, name: str) -> None:
    (tmp_path / "taken").touch()

    def view(title: str, character: str) -> AbstractContextManager[Subscriber]:
        raise AssertionError("nothing is shown, and no model is loaded")

    async def conversation() -> None:
        clock = SampleClock()
        room = SimulatedRoom(clock)
        stage = AudioDevices(room.microphone, room.speaker, clock)
        await converse(Settings(), PERSONA, stage, view, recording=tmp_path / name)

    with pytest.raises(RecordingError):
        asyncio.run(conversation())


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be made: No such file"):
        Recorder(tmp_path / "none" / "a", header(), {})


def test_a_full_disk_is_one_fault_and_what_was_written_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, faults = 40_000, list[tuple[str, str]]()
    write = format._write_all

    def full(descriptor: int, data: bytes) -> None:
        if os.fstat(descriptor).st_size + len(data) > room:
            write(descriptor, data[: room - os.fstat(descriptor).st_size])
            raise OSError(errno.ENOSPC, "No space left on device")
        write(descriptor, data)

    monkeypatch.setattr(format, "_write_all", full)
    recorder = Recorder(tmp_path / "a", header(), {}, lambda wrong, remedy: faults.append((wrong, remedy)))
    for number in range(300):
        recorder.on_microphone_block(noise(number))
        recorder.on_block_processed(noise(number), [])
    recorder.close()
    recorder.on_floor_step(Tick(1), [])
    recorder.close()
    ((wrong, remedy),) = faults
    assert "No space left on device" in wrong
    assert remedy
    recording = read(tmp_path / "a")
    assert recording.ends is RecordingEnd.TRUNCATED
    assert 0 < recording.seconds < 300 * 0.032


def test_a_disk_that_hangs_ends_the_recording_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, faults = threading.Event(), list[str]()
    write = format._write_all
    recorder = Recorder(tmp_path / "a", header(), {}, lambda wrong, remedy: faults.append(wrong))

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


def test_an_act_that_cannot_be_kept_ends_the_recording_and_not_the_conversation(tmp_path: Path) -> None:
    faults = list[str]()
    recorder = Recorder(tmp_path / "a", header(), {}, lambda wrong, remedy: faults.append(wrong))
    recorder.on_floor_step(Tick(object()), [])  # type: ignore[arg-type]
    recorder.close()
    recorder.on_floor_step(Tick(1), [])
    (fault,) = faults
    assert "cannot be recorded" in fault


def test_the_models_are_kept_by_their_hashes(tmp_path: Path) -> None:
    (tmp_path / "small.bin").write_bytes(b"abc")
    models = {"hearing": tmp_path / "small.bin", "thinking": tmp_path / "missing.gguf"}
    recorder = Recorder(tmp_path / "a", RecordingHeader.of(Settings(), PERSONA, models), models)
    recorder.close()
    weights = read(tmp_path / "a").header.model_files
    assert weights["hearing"].sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (weights["hearing"].file, weights["hearing"].bytes) == ("small.bin", 3)
    assert "thinking" not in weights


def test_the_versions_of_the_engines_are_kept(tmp_path: Path) -> None:
    record(tmp_path / "a", [noise(0)])
    kept = read(tmp_path / "a").header
    assert {"pywhispercpp", "llama-cpp-python", "onnxruntime", "pyttsx3"} <= kept.packages.keys()
    assert kept.settings == Settings().model_dump(mode="json")
