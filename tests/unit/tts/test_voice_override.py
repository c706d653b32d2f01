"""A voice that was chosen speaks for the characters of its language, and for no others."""

from dataclasses import dataclass, field

import numpy as np

from voicemate.config.schema import Settings, TtsSettings
from voicemate.core.pcm import AudioClip
from voicemate.daemon.settings_changes import ChangeEffect, settings_changes
from voicemate.personas.persona import Voice
from voicemate.tts.base import VoiceInfo
from voicemate.tts.voice_override import VoiceOverride

ENGLISH = VoiceInfo("gmw/en-us", "English (America)", ("en",))
CHINESE = VoiceInfo("sit/cmn", "Chinese (Mandarin)", ("cmn", "zh"))


@dataclass
class NotedEngine:
    """Notes with which voice it was to speak."""

    asked: list[Voice] = field(default_factory=list)
    listed: int = 0
    closed: bool = False

    async def synthesize(self, text: str, voice: Voice) -> AudioClip:
        self.asked.append(voice)
        return AudioClip(np.zeros(1, np.float32), 16_000)

    async def voices(self) -> list[VoiceInfo]:
        self.listed += 1
        return [ENGLISH, CHINESE]

    async def close(self) -> None:
        self.closed = True


async def test_it_speaks_for_the_characters_of_its_language_and_keeps_their_pace():
    engine = NotedEngine()
    chosen = VoiceOverride(engine, "english (america)")
    await chosen.synthesize("Good morning.", Voice(id="samantha", language="en", rate=150))
    await chosen.synthesize("早上好。", Voice(id="", language="zh"))
    assert [(voice.id, voice.rate) for voice in engine.asked] == [("gmw/en-us", 150), ("", 175)]
    assert engine.listed == 1, "which voices there are is asked once"


async def test_a_voice_that_is_gone_leaves_the_characters_their_own():
    engine = NotedEngine()
    await VoiceOverride(engine, "Daniel").synthesize("Good morning.", Voice(id="samantha"))
    assert engine.asked[0].id == "samantha"


async def test_the_engine_ends_with_it():
    engine = NotedEngine()
    chosen = VoiceOverride(engine, "x")
    assert await chosen.voices() == [ENGLISH, CHINESE]
    await chosen.close()
    assert engine.closed


def test_another_voice_leaves_the_conversation_as_it_is():
    new = Settings(tts=TtsSettings(voice="english"))
    assert [(one.key, one.effect) for one in settings_changes(Settings(), new)] == [("tts.voice", ChangeEffect.TTS)]
