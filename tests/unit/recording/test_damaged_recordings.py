"""A truncated or damaged recording is used as far as it is whole; one of another version is refused."""

import json
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.recording.sample_recordings import noise, record
from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.errors import RecordingError
from voicemate.recording import format
from voicemate.recording.format import RecordFile, RecordingEnd
from voicemate.recording.recording import read
from voicemate.turns.messages import Tick


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("recording") / "whole"
    record(path, [noise(number) for number in range(100)], [(Tick(7), [])])
    return path.read_bytes()


def test_a_whole_recording_has_no_warning(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(whole)
    recording = read(path)
    assert recording.ends is RecordingEnd.CLOSED
    assert recording.warning == ""
    assert recording.end == 99 * BLOCK_SAMPLES


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_byte_ends_the_usable_part_or_is_refused(whole: bytes, tmp_path: Path, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.integers(1, 255))
    path = tmp_path / "a"
    path.write_bytes(whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :])
    try:
        recording = read(path)
    except RecordingError as error:
        refused = error
    else:
        refused = None
    if refused:
        assert place < header_end(whole), "only a damaged header makes all of it useless"
        assert str(path) in refused.message
        return
    assert recording.ends is not RecordingEnd.CLOSED
    assert str(path) in recording.warning
    assert recording.journal == original_journal(whole, tmp_path)[: len(recording.journal)]


def header_end(whole: bytes) -> int:
    """Position after the header's record: magic line, kind, length, payload and checksum."""
    begin = whole.index(b"\n") + 1
    return begin + 8 + int.from_bytes(whole[begin + 4 : begin + 8], "little") + 4


def original_journal(whole: bytes, folder: Path) -> list[object]:
    path = folder / "original"
    path.write_bytes(whole)
    return list(read(path).journal)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_truncated_recording_is_used_up_to_its_end(whole: bytes, tmp_path: Path, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, len(whole) - 1))
    path = tmp_path / "a"
    path.write_bytes(whole[:length])
    try:
        recording = read(path)
    except RecordingError:
        assert length < header_end(whole)
        return
    assert recording.ends is RecordingEnd.TRUNCATED
    assert "breaks off" in recording.warning


def test_bytes_after_the_end_are_damage(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(whole + b"more")
    assert read(path).ends is RecordingEnd.DAMAGED
    assert read(path).end == 99 * BLOCK_SAMPLES


def test_a_recording_of_another_format_is_refused(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(whole.replace(b"voicemate recording 2\n", b"voicemate recording 1\n", 1))
    with pytest.raises(RecordingError, match="has format 1 of recordings, and this version reads format 2"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"RIFF....WAVEfmt ", b"voicemate recording 2", b"\x00" * 5000])
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(RecordingError):
        read(path)


def test_the_error_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be read: No such file"):
        read(tmp_path / "none")


def test_an_unknown_journal_entry_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    record(path, [noise(0)])
    data = path.read_bytes()
    assert b"jrnl" in data
    file = RecordFile(tmp_path / "b")
    for one in format.RecordReader(path):
        file.append(one.kind, one.payload if one.kind != b"jrnl" else unknown_step())
    file.close()
    with pytest.raises(RecordingError, match=r"cannot be understood by this one: there is no Telepathy"):
        read(tmp_path / "b")


def unknown_step() -> bytes:
    return zlib.compress(json.dumps([["step", ["Telepathy", {"at": 1}], []]]).encode())


KILLED = """
import sys, threading
from pathlib import Path
from tests.unit.recording.sample_recordings import header, noise
from voicemate.recording.recorder import Recorder

recorder = Recorder(Path(sys.argv[1]), header(), {})
for number in range(120):
    recorder.on_microphone_block(noise(number))
    recorder.on_block_processed(noise(number), [])
threading.Event().wait()
"""


def test_what_was_recorded_is_on_disk_before_the_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "killed"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)])
    try:
        deadline = time.monotonic() + 60
        while not path.exists() or path.stat().st_size < 100 or usable(path) < 119 * BLOCK_SAMPLES:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    recording = read(path)
    assert recording.ends is RecordingEnd.TRUNCATED
    assert f"its {recording.seconds:.1f} s are used" in recording.warning
    assert recording.end == 119 * BLOCK_SAMPLES


def usable(path: Path) -> int:
    try:
        return read(path).end
    except RecordingError:  # the header is not whole yet
        return 0
