"""Synthetic speech of a person, for the room's microphone."""

import asyncio
import functools

import numpy as np
import soxr

from voicemate.app.oneshot import render
from voicemate.config.schema import Settings
from voicemate.core.pcm import Pcm
from voicemate.personas.persona import Persona, Voice
from voicemate.testing.pulseaudio_room import RATE


@functools.cache
def spoken(text: str) -> Pcm:
    """Return ``text`` in the system's own voice, at the room's rate."""
    person = Persona(name="Person", description="Talks.", voice=Voice(language="en", rate=150))
    clips = asyncio.run(render(Settings(), text, person))
    return soxr.resample(np.concatenate([clip.pcm for clip in clips]), clips[0].rate, RATE).astype(np.float32)
