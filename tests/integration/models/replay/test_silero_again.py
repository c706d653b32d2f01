"""Silero hears a recording as it heard the conversation."""

from pathlib import Path

import numpy as np
import pytest

from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.config.schema import Settings
from voicemate.personas.persona import Persona
from voicemate.recording.audio_chunks import to_int16, to_pcm
from voicemate.recording.header import RecordingHeader
from voicemate.recording.journal import BlockProcessed
from voicemate.recording.recorder import Recorder
from voicemate.recording.recording import read
from voicemate.recording.wrappers import RecordedFloor
from voicemate.replay.replayer import current_decisions, replay
from voicemate.testing.speech_corpus import SpeechRecording
from voicemate.turns.messages import Tick, VoiceOff, VoiceOn
from voicemate.vad.state_machine import VoicePaused, VoiceResumed, VoiceStarted

pytestmark = pytest.mark.models


def test_the_same_voices_are_found_at_the_same_places(
    clips: dict[str, SpeechRecording], silero: Path, tmp_path: Path
) -> None:
    assert silero.is_file()
    speech = next(clip for clip in clips.values() if clip.language == "en" and clip.kind == "speech").pcm()
    noise = 0.002 * np.random.default_rng(1).standard_normal(3 * len(speech))
    room = noise.astype(np.float32)
    room[len(speech) : 2 * len(speech)] += speech

    settings, deciding = Settings(), current_decisions()
    ears = deciding.make_segmenter(settings)
    recorder = Recorder(
        tmp_path / "a", RecordingHeader.of(settings, Persona(name="Echo", description="A test."), {}), {}
    )
    floor = RecordedFloor(deciding.make_floor(settings), recorder)
    for at in range(0, len(room) - BLOCK_SAMPLES, BLOCK_SAMPLES):
        block = Block(at, to_pcm(to_int16(room[at : at + BLOCK_SAMPLES])))
        recorder.on_microphone_block(block)
        told = [one for one in ears.push(block) if isinstance(one, VoiceStarted | VoicePaused | VoiceResumed)]
        recorder.on_block_processed(block, told)
        for one in told:
            floor.step(
                VoiceOff(block.end, one.ended) if isinstance(one, VoicePaused) else VoiceOn(block.end, one.began)
            )
        floor.step(Tick(block.end, ears.voice_on))
    recorder.close()

    recording = read(tmp_path / "a")
    assert any(one.voice_events for one in recording.journal if isinstance(one, BlockProcessed))
    assert replay(recording, deciding).difference is None
