"""A conversation on the virtual clock that is recorded."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from tests.simulation.simulated_conversation import Stage
from voicemate.audio.aec.canceller import PassThroughCanceller
from voicemate.config.schema import Settings, SttSettings
from voicemate.conversation.mic_gate import MicGate
from voicemate.conversation.session import Components
from voicemate.core.events import EventStream
from voicemate.recording.header import Header
from voicemate.recording.recorder import Recorder
from voicemate.recording.wrappers import TapedFloor, taped_devices, taped_listener
from voicemate.replay import decision_factory
from voicemate.replay.replayer import DecisionFactory
from voicemate.testing.scripted_engines import LoudnessActivity, voice
from voicemate.turns.floor import FloorPolicy
from voicemate.vad.segmenter import SpeechSegmenter

HOUSE = DecisionFactory(
    ears=lambda settings: SpeechSegmenter(LoudnessActivity(), settings.vad, settings.stt.max_chunk_s),
    floor=decision_factory.floor,
)
"""What decides on the simulated stage."""


def record(stage: Stage, path: Path, script: Callable[[Stage], Awaitable[None]]) -> None:
    """Play ``script`` on ``stage`` and record it in ``path``."""
    settings = Settings(
        stt=SttSettings(model="whisper-tiny.en"),
        turns=stage.endpoint,
        barge_in=stage.barge_in,
        push_to_talk=stage.push_to_talk,
    )
    recorder = Recorder(path, Header.of(settings, stage.persona, {}), {})

    def taped(components: Components, floor: FloorPolicy, events: EventStream) -> tuple[Components, FloorPolicy]:
        events.subscribe(recorder.happened)
        microphone, speaker = taped_devices(components.microphone, components.speaker, recorder)
        recognizer = taped_listener(components.engines.recognizer, recorder)
        taped_components = replace(
            components,
            microphone=microphone,
            engines=replace(components.engines, recognizer=recognizer),
            mic_gate=MicGate(PassThroughCanceller(), speaker, stage.barge_in.by_voice, hands_free=True),
        )
        return taped_components, TapedFloor(floor, recorder)

    stage.wire = taped
    try:
        stage.play(script)
    finally:
        recorder.close()


async def hesitant(stage: Stage) -> None:
    """Four turns; in the second and the last the person pauses for 0.35 and 0.65 s."""
    for pause in (0.0, 0.35, 0.0, 0.65):
        await stage.room.say(voice(0.9))
        if pause:
            await asyncio.sleep(pause)
            await stage.room.say(voice(0.7))
        assert await stage.room.wait_until_answered(timeout_s=6)
