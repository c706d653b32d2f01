"""What really left the speaker, on the sample clock."""

import asyncio

import numpy as np
import pytest

from tests.support.fake_portaudio import LATENCY_S, FakePortAudio
from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.audio.output.aec_reference import AecReference, AecReferenceRing
from voicemate.audio.output.speaker import DeviceSpeaker
from voicemate.core.clock import SampleClock
from voicemate.core.pcm import CLOCK_HZ, AudioClip
from voicemate.testing.virtual_time import run_virtual

RATE = 48_000
CALLBACK = 960


def tone(n: int, rate: float, hertz: float = 400) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(n) / rate).astype(np.float32)


def read_while_playing(pcm: np.ndarray, jitter_s: float = 0.0, true_rate: float = RATE) -> np.ndarray:
    """Blocks read 0.1 s behind a device that plays ``pcm`` with timestamps that are wrong by ``jitter_s``."""
    ring, random = AecReferenceRing(RATE), np.random.default_rng(1)
    reader = AecReference(ring, lambda sample: sample / CLOCK_HZ)
    pieces, written = [], 0
    for at in range(0, round(len(pcm) / true_rate * CLOCK_HZ) - BLOCK_SAMPLES, BLOCK_SAMPLES):
        while written < min(len(pcm), (at / CLOCK_HZ + 0.1) * true_rate):
            piece = pcm[written : written + CALLBACK]
            ring.write(piece, written / true_rate + random.uniform(0, jitter_s))
            written += len(piece)
        pieces.append(reader.read(at, at + BLOCK_SAMPLES))
    return np.concatenate(pieces)


def test_the_reference_is_what_was_played_at_16_khz():
    reference = read_while_playing(tone(2 * RATE, RATE))
    wanted = tone(len(reference), CLOCK_HZ)
    assert np.max(np.abs(reference - wanted)[200:-200]) < 0.02


def test_jittering_timestamps_leave_no_trace_in_the_reference():
    reference = read_while_playing(tone(20 * RATE, RATE), jitter_s=0.004)[15 * CLOCK_HZ :]
    phase = np.unwrap(np.angle(np.convolve(reference, np.exp(2j * np.pi * 400 * np.arange(400) / CLOCK_HZ), "valid")))
    residual = phase - 2 * np.pi * 400 * np.arange(len(phase)) / CLOCK_HZ
    assert np.ptp(residual) / (2 * np.pi * 400) < 0.001  # seconds; single timestamps are wrong by four times that
    assert np.max(np.abs(np.diff(reference))) < 1.3 * np.max(np.abs(np.diff(tone(1000, CLOCK_HZ))))  # and no clicks


def test_a_device_that_runs_fast_is_followed():
    fast = RATE * (1 + 200e-6)
    reference = read_while_playing(tone(40 * RATE, fast), true_rate=fast)
    wanted = tone(len(reference), CLOCK_HZ)
    last = slice(-8 * CLOCK_HZ, -CLOCK_HZ)
    assert np.corrcoef(reference[last], wanted[last])[0, 1] > 0.99


def test_unknown_audio_is_silence():
    ring = AecReferenceRing(RATE)
    reader = AecReference(ring, lambda sample: sample / CLOCK_HZ)
    assert not reader.read(0, BLOCK_SAMPLES).any()
    ring.write(np.ones(CALLBACK, dtype=np.float32), time=0.0)
    late = reader.read(CLOCK_HZ, CLOCK_HZ + BLOCK_SAMPLES)
    assert late.shape == (BLOCK_SAMPLES,)
    assert not late.any()


def test_after_a_restart_nothing_from_before_is_read():
    ring = AecReferenceRing(RATE)
    reader = AecReference(ring, lambda sample: sample / CLOCK_HZ)
    for number in range(10):
        ring.write(np.ones(CALLBACK, dtype=np.float32), time=number * CALLBACK / RATE)
    assert reader.read(0, BLOCK_SAMPLES).any()
    ring.restart()
    for number in range(10):
        ring.write(np.zeros(CALLBACK, dtype=np.float32), time=5 + number * CALLBACK / RATE)
    assert not reader.read(5 * CLOCK_HZ, 5 * CLOCK_HZ + BLOCK_SAMPLES).any()


def test_the_speakers_reference_includes_its_fades():
    async def main() -> None:
        clock = SampleClock()
        host = FakePortAudio()
        speaker = DeviceSpeaker(host, clock)  # type: ignore[arg-type]
        await speaker.open()
        await asyncio.sleep(0.2)
        speaker.play(AudioClip(np.full(2 * RATE, 0.5, dtype=np.float32), RATE))
        while speaker.position() == 0:
            await asyncio.sleep(0.001)
        began = clock.now()
        await asyncio.sleep(1)
        speaker.stop()
        await asyncio.sleep(0.5)
        reference = speaker.aec_reference(0, clock.now())
        loud = np.flatnonzero(reference > 0.25)
        assert loud[0] == pytest.approx(began, abs=40)
        assert (loud[-1] - loud[0]) / CLOCK_HZ == pytest.approx(1 + LATENCY_S, abs=0.05)
        assert 0.0 < reference[loud[-1] + 80] < 0.25  # on its way down
        await speaker.close()

    run_virtual(main())
