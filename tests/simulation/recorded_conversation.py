"""A conversation on the virtual clock that is recorded."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from tests.simulation.simulated_conversation import SimulatedConversation
from voicemate.audio.aec.canceller import PassThroughCanceller
from voicemate.config.schema import Settings, SttSettings
from voicemate.conversation.mic_gate import MicGate
from voicemate.conversation.session import Components
from voicemate.core.events import EventStream
from voicemate.recording.header import RecordingHeader
from voicemate.recording.recorder import Recorder
from voicemate.recording.wrappers import RecordedFloor, RecordedRecognizer, record_devices
from voicemate.replay.replayer import DecisionFactory
from voicemate.testing.scripted_engines import LoudnessDetector, loud_clip
from voicemate.turns.end_of_turn.default_delays import with_defaults_resolved
from voicemate.turns.floor import Floor, FloorPolicy
from voicemate.vad.segmenter import SpeechSegmenter

DECISIONS = DecisionFactory(
    make_segmenter=lambda settings: SpeechSegmenter(LoudnessDetector(), settings.vad, settings.stt.max_chunk_s),
    make_floor=Floor.from_settings,
)
"""What decides on the simulated stage."""


def record(
    stage: SimulatedConversation, path: Path, script: Callable[[SimulatedConversation], Awaitable[None]]
) -> None:
    """Play ``script`` on ``stage`` and record it in ``path``."""
    settings = Settings(
        stt=SttSettings(model="whisper-tiny.en"),
        turns=stage.turn_settings,
        barge_in=stage.barge_in,
        push_to_talk=stage.push_to_talk,
    )
    settings = with_defaults_resolved(settings)
    recorder = Recorder(path, RecordingHeader.of(settings, stage.persona, {}), {})

    def taped(components: Components, floor: FloorPolicy, events: EventStream) -> tuple[Components, FloorPolicy]:
        events.subscribe(recorder.on_event)
        microphone, speaker = record_devices(components.microphone, components.speaker, recorder)
        recognizer = RecordedRecognizer(components.engines.recognizer, recorder)
        taped_components = replace(
            components,
            microphone=microphone,
            engines=replace(components.engines, recognizer=recognizer),
            mic_gate=MicGate(PassThroughCanceller(), speaker, stage.barge_in.by_voice, hands_free=True),
        )
        return taped_components, RecordedFloor(floor, recorder)

    stage.wire = taped
    try:
        stage.run(script)
    finally:
        recorder.close()


async def hesitant(stage: SimulatedConversation) -> None:
    """Four turns; in the second and the last the person pauses for 0.35 and 0.65 s."""
    for pause in (0.0, 0.35, 0.0, 0.65):
        await stage.room.say(loud_clip(0.9))
        if pause:
            await asyncio.sleep(pause)
            await stage.room.say(loud_clip(0.7))
        assert await stage.room.wait_until_answered(timeout_s=6)
