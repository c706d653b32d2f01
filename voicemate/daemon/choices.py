"""What there is to choose from, collected by a helper process: ``python -m voicemate.daemon.choices PERSONA``.

A process of its own, because PortAudio lists the devices that were there when it was initialized, and a voice engine
may hang.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict

from pydantic import TypeAdapter

from voicemate.control.status import Choice, Choices
from voicemate.core.errors import VoicemateError

_TIMEOUT_S = 30.0
"""Seconds for a Python process on a busy machine, and a voice engine that is tried twice."""


def load_choices(persona: str) -> Choices:
    """Collect the choices in a helper process; empty where that fails. Blocks for a second or so.

    Args:
        persona: whose language the voices are to speak.
    """
    command = [sys.executable, "-m", "voicemate.daemon.choices", persona]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S, cwd="/", check=True
        )
        return TypeAdapter(Choices).validate_json(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return Choices()


def collect_choices(persona: str) -> Choices:
    """Collect the choices in this process; what is missing or broken leaves its part empty.

    Args:
        persona: whose language the voices are to speak.
    """
    microphones, speakers = _devices()
    return Choices(_personas(), _voices(persona), microphones, speakers)


def _personas() -> tuple[Choice, ...]:
    from voicemate.personas.library import load_library

    return tuple(Choice(entry.key, entry.persona.name) for entry in load_library().personas)


def _voices(persona: str) -> tuple[Choice, ...]:
    from voicemate.app import oneshot
    from voicemate.config.loader import load
    from voicemate.personas.library import find

    with suppress(VoicemateError):
        language = find(persona).persona.voice.language
        voices = asyncio.run(oneshot.voices(load()))
        return tuple(Choice(voice.id, voice.name) for voice in voices if language in voice.languages)
    return ()


def _devices() -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
    from voicemate.audio.devices.portaudio import PortAudio

    with suppress(VoicemateError):
        devices = PortAudio().devices()
        microphones = _choices_of(device.name for device in devices if device.inputs)
        return microphones, _choices_of(device.name for device in devices if device.outputs)
    return (), ()


def _choices_of(names: Iterable[str]) -> tuple[Choice, ...]:
    return tuple(Choice(name, name) for name in dict.fromkeys(names))


if __name__ == "__main__":
    os.nice(10)  # a conversation may be going on
    json.dump(asdict(collect_choices(*sys.argv[1:2] or [""])), sys.stdout)
