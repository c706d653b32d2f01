"""What really left the loudspeaker, on the microphone's clock."""

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
    """Blocks read a tenth of a second behind a device that plays ``pcm``, whose notes are wrong by ``jitter_s``."""
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


def test_it_is_what_was_played_at_sixteen_kilohertz():
    heard = read_while_playing(tone(2 * RATE, RATE))
    wanted = tone(len(heard), CLOCK_HZ)
    assert np.max(np.abs(heard - wanted)[200:-200]) < 0.02


def test_notes_that_jitter_leave_no_trace_in_it():
    heard = read_while_playing(tone(20 * RATE, RATE), jitter_s=0.004)[15 * CLOCK_HZ :]
    phase = np.unwrap(np.angle(np.convolve(heard, np.exp(2j * np.pi * 400 * np.arange(400) / CLOCK_HZ), "valid")))
    residual = phase - 2 * np.pi * 400 * np.arange(len(phase)) / CLOCK_HZ
    assert np.ptp(residual) / (2 * np.pi * 400) < 0.001  # seconds; single notes are wrong by four times that
    assert np.max(np.abs(np.diff(heard))) < 1.3 * np.max(np.abs(np.diff(tone(1000, CLOCK_HZ))))  # and no clicks


def test_a_device_that_runs_fast_is_followed():
    fast = RATE * (1 + 200e-6)
    heard = read_while_playing(tone(40 * RATE, fast), true_rate=fast)
    wanted = tone(len(heard), CLOCK_HZ)
    last = slice(-8 * CLOCK_HZ, -CLOCK_HZ)
    assert np.corrcoef(heard[last], wanted[last])[0, 1] > 0.99


def test_what_is_not_known_is_silence():
    ring = AecReferenceRing(RATE)
    reader = AecReference(ring, lambda sample: sample / CLOCK_HZ)
    assert not reader.read(0, BLOCK_SAMPLES).any()
    ring.write(np.ones(CALLBACK, dtype=np.float32), time=0.0)
    late = reader.read(CLOCK_HZ, CLOCK_HZ + BLOCK_SAMPLES)
    assert late.shape == (BLOCK_SAMPLES,)
    assert not late.any()


def test_after_a_rest_nothing_of_before_is_heard():
    ring = AecReferenceRing(RATE)
    reader = AecReference(ring, lambda sample: sample / CLOCK_HZ)
    for number in range(10):
        ring.write(np.ones(CALLBACK, dtype=np.float32), time=number * CALLBACK / RATE)
    assert reader.read(0, BLOCK_SAMPLES).any()
    ring.restart()
    for number in range(10):
        ring.write(np.zeros(CALLBACK, dtype=np.float32), time=5 + number * CALLBACK / RATE)
    assert not reader.read(5 * CLOCK_HZ, 5 * CLOCK_HZ + BLOCK_SAMPLES).any()


def test_the_loudspeaker_tells_what_left_it_with_fade_and_all():
    async def main() -> None:
        clock = SampleClock()
        host = FakePortAudio()
        loudspeaker = DeviceSpeaker(host, clock)  # type: ignore[arg-type]
        await loudspeaker.open()
        await asyncio.sleep(0.2)
        loudspeaker.play(AudioClip(np.full(2 * RATE, 0.5, dtype=np.float32), RATE))
        while loudspeaker.position() == 0:
            await asyncio.sleep(0.001)
        began = clock.now()
        await asyncio.sleep(1)
        loudspeaker.stop()
        await asyncio.sleep(0.5)
        heard = loudspeaker.aec_reference(0, clock.now())
        loud = np.flatnonzero(heard > 0.25)
        assert loud[0] == pytest.approx(began, abs=40)
        assert (loud[-1] - loud[0]) / CLOCK_HZ == pytest.approx(1 + LATENCY_S, abs=0.05)
        assert 0.0 < heard[loud[-1] + 80] < 0.25  # on its way down
        await loudspeaker.close()

    run_virtual(main())
