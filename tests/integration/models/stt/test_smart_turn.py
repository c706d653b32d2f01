"""Smart Turn on real recordings."""

from pathlib import Path

import numpy as np
import pytest

from voicemate.core.errors import ModelError
from voicemate.core.pcm import to_samples
from voicemate.turns.end_of_turn.smart_turn import SmartTurn

pytestmark = pytest.mark.models

CUT = to_samples(900)


@pytest.fixture(scope="module")
def detector(smart_turn: Path):
    detector = SmartTurn(smart_turn)
    yield detector
    detector.close()


async def test_whole_sentences_sound_more_complete_than_their_first_halves(detector: SmartTurn, clips):
    silence = np.zeros(to_samples(200), dtype=np.float32)
    names = [name for name in clips if name.startswith(("speechbrain/", "voice2json/", "wyoming/"))]
    sentences = [clips[name].pcm() for name in names if clips[name].kind == "speech"]
    whole = [await detector.probability_complete(np.concatenate([pcm, silence])) for pcm in sentences]
    half = [await detector.probability_complete(np.concatenate([pcm[: len(pcm) // 2], silence])) for pcm in sentences]
    assert np.mean(whole) > np.mean(half) + 0.1


async def test_only_the_last_eight_seconds_count(detector: SmartTurn, clips):
    pcm = clips["librispeech/libri-1088-134315-0000.flac"].pcm()
    assert await detector.probability_complete(pcm) == await detector.probability_complete(pcm[-to_samples(8_000) :])


async def test_sound_of_any_length_gets_an_answer(detector: SmartTurn):
    for length in (0, 1, 512, to_samples(20_000)):
        assert 0 <= await detector.probability_complete(np.zeros(length, dtype=np.float32)) <= 1


@pytest.mark.parametrize("content", [None, b"", b"\x08\x07 this is no network"])
def test_a_file_that_is_missing_or_broken_is_told_with_a_way_out(tmp_path: Path, content: bytes | None):
    path = tmp_path / "smart-turn.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"is not the Smart Turn model\. Run `voicemate models pull starter`\."):
        SmartTurn(path)


def test_another_network_is_told_from_it(silero: Path):
    with pytest.raises(ModelError, match="is not the Smart Turn model"):
        SmartTurn(silero)
