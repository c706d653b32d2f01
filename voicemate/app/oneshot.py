"""Single jobs that are no conversation: one typed question, one spoken line, the words of a sound file."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voicemate.app.conversation import keep_history
from voicemate.app.engines import load_chat, load_synthesizer
from voicemate.app.utterances import utterances
from voicemate.audio.devices.portaudio import PortAudio
from voicemate.audio.interfaces import Speaker
from voicemate.audio.output.speaker import DeviceSpeaker
from voicemate.audio.sound_files import read_audio, write_wav
from voicemate.config.schema import Settings
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.conversation.reply import Reply, SpeechOutput
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError
from voicemate.core.events import EventStream, ReplyEnded, Transcribed
from voicemate.core.pcm import CLOCK_HZ, AudioClip
from voicemate.personas.library import find_persona
from voicemate.personas.persona import Persona
from voicemate.tts.base import VoiceInfo
from voicemate.tts.text.phrases import PhraseSplitter

POLL_S = 0.03
"""How often somebody who waits for the loudspeaker looks whether it is done."""

SILENCE_BETWEEN_UTTERANCES_MS = 1_000
"""In a sound file nobody waits for an answer: longer utterances give whisper more to go by."""


async def ask(settings: Settings, text: str, silent: bool, show: Callable[[str], None]) -> None:
    """Ask the character ``text``; the answer is shown as it is decoded, spoken unless ``silent``, and kept.

    Without a loudspeaker the answer is only shown; ``AudioError`` is raised for one that was asked for by name.

    Raises:
        VoicemateError: of the class that says what is missing or broke.
    """
    persona, events = find_persona(settings.persona), EventStream()
    with keep_history(settings, persona, events):
        async with load_chat(settings, persona) as dialogue:
            events.emit(Transcribed(0, 1, text, persona.language, final=True))
            shown: list[str] = []

            async def pieces() -> AsyncGenerator[str]:
                async for piece in dialogue.reply_to(text, 1):
                    shown.append(piece)
                    show(piece)
                    yield piece

            if silent:
                async for _ in pieces():
                    pass
            else:
                await _speak_text(settings, pieces(), persona, events)
            events.emit(ReplyEnded(0, 1, "".join(shown).strip(), interrupted=False))


async def say(settings: Settings, text: str, to_file: Path | None) -> None:
    """Speak ``text`` as the character would, or write it to a WAV file.

    Raises:
        VoicemateError: of the class that says what is missing or broke.
    """
    persona = find_persona(settings.persona)
    if to_file is None:
        await _speak_text(settings, _once(text), persona, EventStream(), needed=True)
        return
    sounds = await render(settings, text, persona)
    rate = sounds[0].rate if sounds else CLOCK_HZ
    write_wav(to_file, np.concatenate([sound.pcm for sound in sounds]) if sounds else np.zeros(0, np.float32), rate)


async def voices(settings: Settings) -> list[VoiceInfo]:
    """All voices that the engine of ``settings`` offers, each language's best one first.

    Raises:
        SpeechError: the engine is missing, or failed twice.
    """
    synthesizer = load_synthesizer(settings, find_persona(settings.persona))
    try:
        return await synthesizer.voices()
    finally:
        await synthesizer.close()


async def render(settings: Settings, text: str, persona: Persona) -> list[AudioClip]:
    """``text`` as the character speaks it, phrase by phrase, all at one rate.

    Raises:
        SpeechError: the engine cannot speak.
    """
    synthesizer = load_synthesizer(settings, persona)
    try:
        splitter = PhraseSplitter(persona.language)
        phrases = [*splitter.feed(text), *splitter.finish()]
        return [await synthesizer.synthesize(phrase.spoken, persona.voice) for phrase in phrases if phrase.spoken]
    finally:
        await synthesizer.close()


async def _speak_text(
    settings: Settings, pieces: AsyncGenerator[str], persona: Persona, events: EventStream, needed: bool = False
) -> None:
    """Speak ``pieces`` on the loudspeaker; returns when the last sample has left it."""
    synthesizer = load_synthesizer(settings, persona)
    clock = SampleClock()
    loudspeaker = DeviceSpeaker(PortAudio(), clock, settings.audio.output)
    try:
        opened = await _try_open(loudspeaker, must=needed or bool(settings.audio.output))
        if not opened:
            async for _ in pieces:
                pass
            return
        reply = Reply(1, pieces, persona, SpeechOutput(synthesizer, loudspeaker, clock.now, events.emit))
        reply.release()
        await reply.run()
        while not loudspeaker.idle():
            await asyncio.sleep(POLL_S)
        await loudspeaker.close()
    finally:
        await synthesizer.close()


async def _try_open(loudspeaker: Speaker, must: bool) -> bool:
    try:
        await loudspeaker.open()
    except AudioError:
        if must:
            raise
        return False
    return True


async def _once(text: str) -> AsyncGenerator[str]:
    yield text


@dataclass(frozen=True, slots=True)
class TranscribedUtterance:
    """One utterance of a sound file; ``began`` and ``ended`` are seconds from its start."""

    began: float
    ended: float
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Transcription:
    """The words of a sound file."""

    file: Path
    seconds: float
    utterances: tuple[TranscribedUtterance, ...]

    @property
    def text(self) -> str:
        return " ".join(said.text for said in self.utterances)


async def transcribe(listener: SpeechRecognizer, file: Path) -> Transcription:
    """The words of ``file``, heard as a conversation would hear them.

    Raises:
        AudioError: it is missing or no sound file.
        ModelError: whisper failed.
    """
    pcm, start = read_audio(file).pcm, listener.position
    said = [
        TranscribedUtterance(
            began=(heard.began - start) / CLOCK_HZ,
            ended=(heard.ended - start) / CLOCK_HZ,
            text=heard.understood.text,
            language=heard.understood.language,
        )
        async for heard in utterances(listener, pcm, SILENCE_BETWEEN_UTTERANCES_MS)
        if heard.understood.has_words
    ]
    return Transcription(file, len(pcm) / CLOCK_HZ, tuple(said))
