"""Makes recordings without a conversation."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.config.schema import Settings, TurnSettings, VadSettings
from voicemate.core.events import Event
from voicemate.personas.persona import Persona
from voicemate.recording.header import RecordingHeader
from voicemate.recording.recorder import Recorder
from voicemate.turns.messages import FloorAction, FloorInput

PERSONA = Persona(name="Echo", description="A test.")


def header(endpoint: TurnSettings | None = None, vad: VadSettings | None = None) -> RecordingHeader:
    settings = Settings(turns=endpoint or TurnSettings(), vad=vad or VadSettings())
    return RecordingHeader.of(settings, PERSONA, {})


def noise(number: int, level: float = 0.1) -> Block:
    """Return the block with this number, full of noise."""
    pcm = level * np.random.default_rng(number).standard_normal(BLOCK_SAMPLES)
    return Block(number * BLOCK_SAMPLES, pcm.astype(np.float32))


def record(
    path: Path,
    blocks: Sequence[Block],
    steps: Sequence[tuple[FloorInput, list[FloorAction]]] = (),
    events: Sequence[Event] = (),
) -> None:
    """Record ``blocks``, which the segmenter gets unchanged; it returns no voice events."""
    recorder = Recorder(path, header(), {})
    for block in blocks:
        recorder.on_microphone_block(block)
        recorder.on_block_processed(block, [])
    for message, actions in steps:
        recorder.on_floor_step(message, actions)
    for event in events:
        recorder.on_event(event)
    recorder.close()
