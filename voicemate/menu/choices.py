"""What there is to choose from, looked up by a helper process: ``python -m voicemate.menu.choices PERSONA``.

A process of its own, because PortAudio lists the devices that were there when it was initialised, a driver of voices
may hang, and the menu must stay small and alive.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict

from voicemate.core.errors import VoicemateError
from voicemate.menu.menu_state import Choice, Choices

_TIMEOUT_S = 30.0
"""For a Python that starts on a busy machine, and a driver that is tried twice."""


def load_choices(persona: str) -> Choices:
    """What there is now; empty where it cannot be found out. Blocks for a second or so.

    Args:
        persona: whose language the voices are to speak.
    """
    command = [sys.executable, "-m", __name__, persona]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S, cwd="/", check=True
        )
        return _parse_choices(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, KeyError):
        return Choices()


def _parse_choices(found: dict[str, list[dict[str, str]]]) -> Choices:
    return Choices(**{kind: tuple(Choice(**one) for one in found[kind]) for kind in Choices.__dataclass_fields__})


def collect_choices(persona: str) -> Choices:
    """The same, in this process. What is missing or broken leaves its part empty."""
    microphones, loudspeakers = _devices()
    return Choices(_personas(), _voices(persona), microphones, loudspeakers)


def _personas() -> tuple[Choice, ...]:
    from voicemate.personas.library import load_library

    return tuple(Choice(one.key, one.persona.name) for one in load_library().personas)


def _voices(persona: str) -> tuple[Choice, ...]:
    from voicemate.app import oneshot
    from voicemate.config.schema import load
    from voicemate.personas.library import find

    with suppress(VoicemateError):
        language = find(persona).persona.voice.language
        voices = asyncio.run(oneshot.voices(load()))
        return tuple(Choice(one.id, one.name) for one in voices if language in one.languages)
    return ()


def _devices() -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
    from voicemate.audio.devices.portaudio import PortAudio

    with suppress(VoicemateError):
        devices = PortAudio().devices()
        return _choices_from_names(one.name for one in devices if one.inputs), _choices_from_names(
            one.name for one in devices if one.outputs
        )
    return (), ()


def _choices_from_names(names: Iterable[str]) -> tuple[Choice, ...]:
    return tuple(Choice(name, name) for name in dict.fromkeys(names))


if __name__ == "__main__":
    os.nice(10)  # a conversation may be going on
    json.dump(asdict(collect_choices(*sys.argv[1:2] or [""])), sys.stdout)
