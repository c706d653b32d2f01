import numpy as np
import pytest
import soundfile

from voicemate.audio.sound_files import read_audio, write_wav
from voicemate.core.errors import AudioError
from voicemate.core.pcm import CLOCK_HZ


def tone(rate: int, seconds: float = 0.5) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 300 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "aiff", "mp3"])
def test_every_usual_format_becomes_16_khz_mono(tmp_path, kind):
    path = tmp_path / f"clip.{kind}"
    soundfile.write(path, np.stack([tone(44_100), tone(44_100)], axis=1), 44_100)
    sound = read_audio(path)
    assert sound.rate == CLOCK_HZ
    assert sound.pcm.dtype == np.float32
    assert sound.seconds == pytest.approx(0.5, abs=0.1)
    begin = int(np.argmax(np.abs(sound.pcm) > 0.05))  # lossy formats pad
    heard, wanted = sound.pcm[begin + 500 : begin + 6500], tone(CLOCK_HZ)[:6000]
    assert np.abs(np.fft.rfft(heard)).argmax() == np.abs(np.fft.rfft(wanted)).argmax()


def test_two_channels_are_mixed(tmp_path):
    left = tone(CLOCK_HZ)
    soundfile.write(tmp_path / "clip.wav", np.stack([left, np.zeros_like(left)], axis=1), CLOCK_HZ, subtype="FLOAT")
    assert np.allclose(read_audio(tmp_path / "clip.wav").pcm, left / 2, atol=1e-6)


def test_a_file_longer_than_a_chunk_has_no_seams(tmp_path, monkeypatch):
    monkeypatch.setattr("voicemate.audio.sound_files.CHUNK_FRAMES", 1000)
    soundfile.write(tmp_path / "clip.wav", tone(48_000), 48_000, subtype="FLOAT")
    pcm = read_audio(tmp_path / "clip.wav").pcm
    assert np.allclose(pcm[200:-200], tone(CLOCK_HZ)[200 : len(pcm) - 200], atol=1e-3)


@pytest.mark.parametrize("content", [b"", b"not a sound at all", b"RIFF\x10\x00\x00\x00WAVEfmt "])
def test_a_file_that_is_not_audio_is_refused(tmp_path, content):
    path = tmp_path / "clip.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match="no sound file that can be read"):
        read_audio(path)


def test_a_headerless_file_is_refused(tmp_path):
    (tmp_path / "clip.raw").write_bytes(bytes(1000))
    with pytest.raises(AudioError, match="no sound file that can be read"):
        read_audio(tmp_path / "clip.raw")


def test_a_file_without_samples_is_refused(tmp_path):
    soundfile.write(tmp_path / "clip.wav", np.zeros(0, dtype=np.float32), CLOCK_HZ)
    with pytest.raises(AudioError, match="holds no sound"):
        read_audio(tmp_path / "clip.wav")


def test_a_file_with_nan_values_is_refused(tmp_path):
    soundfile.write(tmp_path / "clip.wav", np.full(1000, np.nan, dtype=np.float32), CLOCK_HZ, subtype="FLOAT")
    with pytest.raises(AudioError, match="holds no sound"):
        read_audio(tmp_path / "clip.wav")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "missing.wav", tmp_path):
        with pytest.raises(AudioError, match="There is no sound file"):
            read_audio(path)


def test_stereo_is_written_and_read_back(tmp_path):
    both = np.stack([tone(CLOCK_HZ), -tone(CLOCK_HZ)], axis=1)
    write_wav(tmp_path / "conversation.wav", both, CLOCK_HZ)
    pcm, rate = soundfile.read(tmp_path / "conversation.wav", dtype="float32")
    assert rate == CLOCK_HZ
    assert np.allclose(pcm, both, atol=1e-4)
    assert [path.name for path in tmp_path.iterdir()] == ["conversation.wav"]


def test_samples_beyond_full_scale_are_clipped(tmp_path):
    write_wav(tmp_path / "loud.wav", np.array([2.0, -2.0], dtype=np.float32), CLOCK_HZ)
    assert np.allclose(soundfile.read(tmp_path / "loud.wav")[0], [1, -1], atol=1e-4)


def test_a_file_that_cannot_be_written_is_an_error_and_leaves_the_old_one(tmp_path):
    with pytest.raises(AudioError, match="cannot be written"):
        write_wav(tmp_path / "no such folder" / "a.wav", tone(CLOCK_HZ), CLOCK_HZ)
