"""A recording keeps audio to the sample."""

from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.unit.recording.sample_recordings import header, noise
from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.recording.audio_chunks import AudioChunk, SampleBuffer, SampleRun, Samples, compress, to_int16, to_pcm
from voicemate.recording.recorder import Recorder
from voicemate.recording.recording import RecordedTrack, read


@settings(deadline=None, max_examples=50)
@given(arrays(np.int16, st.integers(1, 3000)), st.integers(0, 2**40))
def test_a_chunk_comes_back_as_it_was(samples: Samples, at: int) -> None:
    chunk = AudioChunk.unpack(compress(SampleRun(at, samples)).pack())
    assert (chunk.at, chunk.end) == (at, at + len(samples))
    assert np.array_equal(chunk.samples(), samples)


@settings(deadline=None, max_examples=50)
@given(arrays(np.float32, st.integers(0, 200), elements=st.floats(width=32)))
def test_rounding_a_second_time_changes_nothing(pcm: np.ndarray) -> None:
    once = to_pcm(to_int16(pcm))
    assert np.array_equal(to_pcm(to_int16(once)), once)
    assert np.all(np.abs(once) <= 1)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=12))
def test_adjacent_pieces_are_joined(steps: list[tuple[int, int]]) -> None:
    buffer, at, expected = SampleBuffer(), 0, dict[int, int]()
    for gap, length in steps:
        at += gap
        buffer.add(at, np.arange(at, at + length, dtype=np.int16))
        expected |= {place: place for place in range(at, at + length)}
        at += length
    runs = buffer.take()
    found = {run.at + i: int(value) for run in runs for i, value in enumerate(run.samples)}
    assert found == expected
    assert all(one.end < other.at for one, other in pairwise(runs))


def compressed_bytes(track: RecordedTrack) -> int:
    return sum(len(chunk.data) for chunk in track.chunks)


def test_segmenter_input_equal_to_the_microphone_takes_no_space(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a", header(), {})
    silence = np.zeros(BLOCK_SAMPLES, dtype=np.float32)
    for number in range(100):
        block = noise(number)
        recorder.on_microphone_block(block)
        recorder.on_block_processed(block if number < 50 else Block(block.at, silence), [])
    recorder.close()
    recording = read(tmp_path / "a")
    halfway = 50 * BLOCK_SAMPLES
    whole = np.concatenate([to_int16(noise(number).pcm) for number in range(100)])
    assert np.array_equal(recording.microphone.between(0, 100 * BLOCK_SAMPLES), whole)
    assert np.array_equal(recording.segmenter_input.between(0, halfway), whole[:halfway])
    assert not recording.segmenter_input.between(halfway, 100 * BLOCK_SAMPLES).any()
    assert compressed_bytes(recording.segmenter_input) < compressed_bytes(recording.microphone) / 10


def test_playback_is_kept_at_its_clock_position(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a", header(), {})
    recorder.on_playback(1000, noise(1).pcm)
    recorder.on_playback(90_000, noise(2).pcm)
    recorder.close()
    out = read(tmp_path / "a").speaker
    assert np.array_equal(out.between(1000, 1512), to_int16(noise(1).pcm))
    assert np.array_equal(out.between(90_000, 90_512), to_int16(noise(2).pcm))
    assert not out.between(1512, 90_000).any()
    assert not out.between(95_000, 96_000).any()
