"""The character's voice: is there one, and does it make a sound?"""

import asyncio
from collections.abc import Sequence

from voicemate.config.schema import Settings
from voicemate.core.errors import PersonaError
from voicemate.core.pcm import AudioClip, level_dbfs
from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, ok, problem
from voicemate.personas.library import find_persona
from voicemate.personas.persona import Persona

TEST_WORD = "1"
"""Every voice reads a digit, in its own language."""

SILENT_DBFS = -90.0


def check_voice(ground: CheckContext) -> Sequence[Finding]:
    """Nothing where the character is missing: that is told already."""
    try:
        persona = find_persona(ground.settings.persona)
    except PersonaError:
        return []
    return [assess_voice(*asyncio.run(_render_word(ground.settings, persona)))]


def assess_voice(sound: AudioClip, name: str) -> Finding:
    """A word that the voice called ``name`` has said."""
    if level_dbfs(sound.pcm) < SILENT_DBFS:
        return problem(f"The voice {name} makes no sound", "`voicemate voices` lists others")
    return ok(f"{name} speaks ({sound.rate / 1000:g} kHz)", name=name)


async def _render_word(settings: Settings, persona: Persona) -> tuple[AudioClip, str]:
    """A word in the persona's voice, and what the voice is called.

    Raises:
        SpeechError: the engine, or the voice, is missing or fails.
    """
    from voicemate.tts.hibari import HibariSynthesizer
    from voicemate.tts.pyttsx3.synthesizer import Pyttsx3Synthesizer
    from voicemate.tts.voice_override import override_voice
    from voicemate.tts.voices import choose_voice

    system = Pyttsx3Synthesizer(settings.tts)
    synthesizer = HibariSynthesizer(system) if settings.tts.engine == "hibari" else system
    try:
        known = await synthesizer.voices()
        wanted = persona.voice
        if settings.tts.voice:
            wanted = override_voice(wanted, settings.tts.voice, known)
        return await synthesizer.synthesize(TEST_WORD, wanted), choose_voice(known, wanted).name
    finally:
        await synthesizer.close()
