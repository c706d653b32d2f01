"""The persona's voice: whether it exists, and whether it makes a sound."""

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
"""Every voice can read a digit in its own language."""

SILENT_DBFS = -90.0


def check_voice(context: CheckContext) -> Sequence[Finding]:
    """Render a word; no finding without a persona, since another check reports that."""
    try:
        persona = find_persona(context.settings.persona)
    except PersonaError:
        return []
    return [assess_voice(*asyncio.run(_render_word(context.settings, persona)))]


def assess_voice(clip: AudioClip, name: str) -> Finding:
    """Report whether the voice ``name`` made a sound when it rendered ``clip``."""
    if level_dbfs(clip.pcm) < SILENT_DBFS:
        return problem(f"The voice {name} makes no sound", "`voicemate voices` lists others")
    return ok(f"{name} speaks ({clip.rate / 1000:g} kHz)", name=name)


async def _render_word(settings: Settings, persona: Persona) -> tuple[AudioClip, str]:
    """Render a word in the persona's voice; returns it and the voice's name.

    Raises:
        SpeechError: the engine or the voice is missing or fails.
    """
    from voicemate.tts.hibari import HibariSynthesizer
    from voicemate.tts.pyttsx3.synthesizer import Pyttsx3Synthesizer
    from voicemate.tts.voice_override import override_voice
    from voicemate.tts.voices import choose_voice

    pyttsx3 = Pyttsx3Synthesizer(settings.tts)
    synthesizer = HibariSynthesizer(pyttsx3) if settings.tts.engine == "hibari" else pyttsx3
    try:
        voices = await synthesizer.voices()
        wanted = persona.voice
        if settings.tts.voice:
            wanted = override_voice(wanted, settings.tts.voice, voices)
        return await synthesizer.synthesize(TEST_WORD, wanted), choose_voice(voices, wanted).name
    finally:
        await synthesizer.close()
