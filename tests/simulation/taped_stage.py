"""A conversation on the virtual clock that is recorded."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from tests.simulation.stage import LoudnessActivity, Stage, voice
from voicemate.audio.echo import NoCanceller
from voicemate.config import HearingSettings, Settings
from voicemate.conversation.microphone_gate import MicrophoneGate
from voicemate.hearing.ears import Ears
from voicemate.tape import house
from voicemate.tape.header import Header
from voicemate.tape.recorder import Recorder
from voicemate.tape.replay import House
from voicemate.tape.taps import TapedFloor, taped_devices, taped_listener

HOUSE = House(
    ears=lambda settings: Ears(LoudnessActivity(), settings.vad, settings.hearing.longest_piece_s),
    floor=house.floor,
)
"""What decides on the simulated stage."""


def record(stage: Stage, path: Path, script: Callable[[Stage], Awaitable[None]]) -> None:
    """Play ``script`` on ``stage`` and record it in ``path``."""
    settings = Settings(
        hearing=HearingSettings(model="whisper-tiny.en"),
        endpoint=stage.endpoint,
        barge_in=stage.barge_in,
        push_to_talk=stage.push_to_talk,
    )
    recorder = Recorder(path, Header.of(settings, stage.persona, {}), {})

    async def taped(stage: Stage) -> None:
        session = stage.session
        microphone, loudspeaker = taped_devices(stage.room.microphone, stage.room.loudspeaker, recorder)
        session._parts = replace(
            session._parts,
            microphone=microphone,
            loudspeaker=loudspeaker,
            listener=taped_listener(session._parts.listener, recorder),
            gate=MicrophoneGate(NoCanceller(), loudspeaker, stage.barge_in.by_voice, hands_free=True),
        )
        session._floor = TapedFloor(session._floor, recorder)
        session._events.subscribe(recorder.happened)
        await script(stage)

    try:
        stage.play(taped)
    finally:
        recorder.close()


async def hesitant(stage: Stage) -> None:
    """Four turns; in the second and the last the person pauses for 0.35 and 0.65 s."""
    for pause in (0.0, 0.35, 0.0, 0.65):
        await stage.room.say(voice(0.9))
        if pause:
            await asyncio.sleep(pause)
            await stage.room.say(voice(0.7))
        assert await stage.room.until_answered(patience_s=6)
