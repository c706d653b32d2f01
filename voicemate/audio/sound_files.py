"""Audio files: everything that libsndfile reads (WAV, FLAC, MP3, Ogg, AIFF) in, WAV out."""

import os
from pathlib import Path

import numpy as np
import soundfile
import soxr

from voicemate.core.errors import AudioError
from voicemate.core.pcm import CLOCK_HZ, AudioClip, Pcm

CHUNK_FRAMES = 1 << 18
"""Frames read at once, so that a long file in stereo at 96 kHz needs little more memory than its 16 kHz mono."""


def read_audio(path: Path) -> AudioClip:
    """The audio in a file, mixed to mono and resampled to 16 kHz.

    Raises:
        AudioError: there is no such file, it is no audio file, or it holds no audio.
    """
    if not path.is_file():
        raise AudioError(f"There is no sound file {path}", "Check the name")
    try:
        with soundfile.SoundFile(path) as file:
            pcm = _read(file)
    except OSError as error:
        raise AudioError(f"The sound file {path} cannot be read: {error.strerror}") from None
    except (soundfile.LibsndfileError, TypeError):  # TypeError: a headerless format
        raise AudioError(
            f"{path} is no sound file that can be read",
            "Give a WAV, FLAC, MP3, Ogg or AIFF file; other kinds must be converted first",
        ) from None
    if len(pcm) == 0 or not np.isfinite(pcm).all():
        raise AudioError(f"{path} holds no sound", "Record it again")
    return AudioClip(pcm, CLOCK_HZ)


def write_wav(path: Path, pcm: Pcm, rate: int) -> None:
    """Write a 16-bit WAV file, whole or not at all; what goes beyond full scale is clipped.

    Args:
        path: of the file.
        pcm: shape ``[n]``, or ``[n, channels]``.
        rate: samples a second.

    Raises:
        AudioError: the file cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        soundfile.write(unfinished, np.clip(pcm, -1, 1), rate, subtype="PCM_16", format="WAV")
        unfinished.replace(path)
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioError(
            f"The sound file {path} cannot be written: {getattr(error, 'strerror', None) or error}",
            "Check that its folder exists and that the disk is not full",
        ) from None
    finally:
        unfinished.unlink(missing_ok=True)


def _read(file: soundfile.SoundFile) -> Pcm:
    resampler = soxr.ResampleStream(file.samplerate, CLOCK_HZ, 1, dtype="float32")
    chunks = [
        resampler.resample_chunk(chunk.mean(axis=1, dtype=np.float32))
        for chunk in file.blocks(CHUNK_FRAMES, dtype="float32", always_2d=True)
    ]
    chunks.append(resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True))
    return np.concatenate(chunks)
