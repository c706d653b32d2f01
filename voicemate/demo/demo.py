"""The demo: three spoken questions and answers, with real engines in a simulated room.

It needs no audio devices, and saves the audio and a timeline.
"""

import asyncio
from pathlib import Path

import numpy as np

from voicemate.app.audio_devices import AudioDevices
from voicemate.app.conversation import ViewFactory, cancel_on_sigterm, check_recording, open_conversation, title
from voicemate.app.engines import load_engines, with_seed
from voicemate.app.oneshot import render
from voicemate.audio.sound_files import write_wav
from voicemate.config.schema import Settings
from voicemate.core.clock import SampleClock
from voicemate.core.errors import VoicemateError
from voicemate.core.events import EventStream, FloorChanged, FloorState
from voicemate.core.pcm import CLOCK_HZ, AudioClip
from voicemate.demo.timeline import Timeline, draw_timeline
from voicemate.personas.library import find_persona
from voicemate.personas.persona import Persona, Voice
from voicemate.testing.simulated_room import SimulatedRoom

QUESTIONS = {
    "en": (
        "What do you like best about the sea?",
        "What is the capital of France?",
        "Tell me about your favorite book.",
    ),
    "zh": ("你好，你今天过得怎么样？", "你最喜欢喝什么茶？", "晚上我应该看什么电影？"),
}
"""Questions in the languages of the shipped personas; other personas get the English ones."""

ROOM_NOISE_DBFS = -66.0
"""A quiet room."""

QUESTION_PAUSE_S = 0.7
"""Time from the end of an answer to the next question (s)."""


async def run_demo(settings: Settings, folder: Path, view: ViewFactory, record: Path | None = None) -> list[Path]:
    """Hold the conversation in real time; return the files that were written.

    Args:
        settings: of the conversation.
        folder: for the files.
        view: shows the conversation.
        record: a new file for a recording that can be replayed; None for none.

    Raises:
        VoicemateError: a model, a voice or the folder is missing.
    """
    persona = find_persona(settings.persona)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VoicemateError(
            f"The folder {folder} cannot be made: {error.strerror}", "Name another with --folder"
        ) from None
    questions = [await _spoken(settings, persona, text) for text in _questions(persona)]
    clock = SampleClock()
    room = SimulatedRoom(clock, noise_dbfs=ROOM_NOISE_DBFS)
    timeline = Timeline()
    if record:
        check_recording(record)
    devices = AudioDevices(room.microphone, room.speaker, clock)
    settings, events = with_seed(settings), EventStream()
    with view(title(settings, persona), persona.name) as subscriber:
        events.subscribe(subscriber)
        events.subscribe(timeline.on_event)
        events.emit(FloorChanged(clock.now(), FloorState.STARTING, "loading the models"))
        engines = load_engines(settings, persona)
        async with open_conversation(settings, persona, devices, engines, events, recording=record) as session:
            person = asyncio.create_task(_ask(room, questions, greeted=bool(persona.greeting)), name="person")
            try:
                with cancel_on_sigterm():
                    await session.run()
            finally:
                person.cancel()
    recording, picture = folder / "conversation.wav", folder / "timeline.png"
    write_wav(recording, room.recording(), CLOCK_HZ)
    draw_timeline(timeline, picture, ("you", persona.name))
    return [recording, picture]


async def _ask(room: SimulatedRoom, questions: list[AudioClip], greeted: bool) -> None:
    """Ask one question after the other, then end the input."""
    if greeted:
        await room.wait_until_answered(QUESTION_PAUSE_S)
    for question in questions:
        await room.say(question)
        await room.wait_until_answered(QUESTION_PAUSE_S)
    room.end_input()


def _questions(persona: Persona) -> tuple[str, ...]:
    return QUESTIONS.get(persona.language, QUESTIONS["en"])


async def _spoken(settings: Settings, persona: Persona, question: str) -> AudioClip:
    """Return ``question`` in another voice than the character's."""
    language = persona.language if persona.language in QUESTIONS else "en"
    voice = Voice(language=language, rate=160)
    speaker = persona.model_copy(update={"voice": voice, "language": language})
    clips = await render(settings, question, speaker)
    return AudioClip(np.concatenate([clip.pcm for clip in clips]), clips[0].rate)
