"""What a beam search needs is given back, and the words are the same afterwards."""

import asyncio

import psutil
import pytest

from voicemate.core.errors import ModelError
from voicemate.core.worker_thread import Cancellation
from voicemate.stt import whisper as hearing
from voicemate.stt.decoding import DecodeRequest
from voicemate.stt.whisper import Whisper
from voicemate.stt.whisper_cpp import WhisperCpp
from voicemate.system import heap


def request(beams: int) -> DecodeRequest:
    return DecodeRequest(context=512, beam_size=beams, language="en", prompt="", max_tokens=60)


def test_a_beam_searchs_memory_goes_back(whisper_base, clips):
    heap.release_large_blocks_on_free()
    sound, memory = clips["livekit/weather_question.flac"].pcm(), psutil.Process().memory_info
    whisper = WhisperCpp(whisper_base, threads=1)
    before = whisper.decode(sound, request(beams=1), Cancellation())
    whisper.decode(sound, request(beams=4), Cancellation())
    searched = memory().rss
    whisper.shrink()
    assert memory().rss < searched - 30_000_000
    assert whisper.decode(sound, request(beams=1), Cancellation()) == before
    whisper.close()


def test_a_model_whose_file_has_gone_meanwhile_is_told_and_comes_back(whisper_tiny, clips, tmp_path):
    file, sound = tmp_path / "tiny.bin", clips["livekit/weather_question.flac"].pcm()
    file.write_bytes(whisper_tiny.read_bytes())
    whisper = WhisperCpp(file, threads=1)
    words = whisper.decode(sound, request(beams=2), Cancellation()).text
    file.rename(tmp_path / "elsewhere.bin")
    with pytest.raises(ModelError):
        whisper.shrink()
    with pytest.raises(ModelError):
        whisper.decode(sound, request(beams=2), Cancellation())
    (tmp_path / "elsewhere.bin").rename(file)
    assert whisper.decode(sound, request(beams=2), Cancellation()).text == words
    whisper.close()


@pytest.mark.parametrize("after_s", [0.0, 60.0])
async def test_a_whisper_that_is_closed_gives_nothing_back_later(whisper_tiny, clips, monkeypatch, after_s: float):
    monkeypatch.setattr(hearing, "_QUIET_S", after_s)
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    whisper = Whisper(whisper_tiny, threads=1)
    await whisper.transcribe(clips["livekit/weather_question.flac"].pcm())
    work = asyncio.create_task(whisper.transcribe(clips["livekit/weather_question.flac"].pcm()))
    await asyncio.sleep(0)
    whisper.close()
    with pytest.raises(asyncio.CancelledError):
        await work
    await asyncio.sleep(0)
    assert whisper._shrinking is None
    assert faults == []
