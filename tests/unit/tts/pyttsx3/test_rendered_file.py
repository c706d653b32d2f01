"""A file counts as rendered when all of its sound is there, and not before."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from voicemate.tts.pyttsx3.worker import is_whole


def rendered(kind: str, samples: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.linspace(-0.5, 0.5, samples), 22_050, format=kind, subtype="PCM_16")
    return file.getvalue()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("phrases") / "phrase.wav"


@pytest.mark.parametrize("kind", ["WAV", "AIFF"])
@pytest.mark.parametrize("samples", [1, 20, 21])
def test_a_file_is_whole_with_its_last_byte_and_not_before(path, kind, samples):
    contents = rendered(kind, samples)
    path.write_bytes(contents)
    assert is_whole(str(path))
    for length in range(len(contents) - 1):
        path.write_bytes(contents[:length])
        assert not is_whole(str(path)) or _sound_is_before(contents, length)


def _sound_is_before(contents: bytes, length: int) -> bool:
    """All samples are within the first ``length`` bytes; what follows are other chunks."""
    return np.array_equal(soundfile.read(io.BytesIO(contents))[0], soundfile.read(io.BytesIO(contents[:length]))[0])


@pytest.mark.parametrize("kind", ["WAV", "AIFF"])
def test_a_file_with_a_header_and_no_sound_is_not_whole(path, kind):
    path.write_bytes(rendered(kind, 0))
    assert not is_whole(str(path))


def test_a_file_that_is_not_there_is_not_whole(tmp_path):
    assert not is_whole(str(tmp_path / "nothing.wav"))


@given(st.binary(max_size=200), st.sampled_from([b"", b"RIFF\x20\0\0\0WAVE", b"FORM\0\0\0\x20AIFF"]))
def test_rubbish_is_looked_at_without_an_error(path, contents, beginning):
    path.write_bytes(beginning + contents)
    assert is_whole(str(path)) in (True, False)
