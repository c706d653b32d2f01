"""Single jobs that are no conversation: one typed question, one spoken line, the words of a sound file."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voicemate.app.conversation import keep_history
from voicemate.app.engines import load_chat, load_synthesizer
from voicemate.app.utterances import utterances
from voicemate.audio.devices.portaudio import PortAudio
from voicemate.audio.interfaces import Span, Speaker
from voicemate.audio.output.speaker import DeviceSpeaker
from voicemate.audio.sound_files import read_audio, write_wav
from voicemate.config.schema import Settings
from voicemate.conversation.chat_history import ChatHistory
from voicemate.conversation.interpretation import Interpretation
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.conversation.reply import Reply, SpeechOutput
from voicemate.conversation.turn import Turn
from voicemate.conversation.turn_pipeline import TypedTurnPipeline
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError
from voicemate.core.events import EventStream, ReplyEnded
from voicemate.core.pcm import CLOCK_HZ, AudioClip
from voicemate.personas.library import find_persona
from voicemate.personas.persona import Persona, Voice
from voicemate.tts.base import VoiceInfo
from voicemate.tts.text.phrases import PhraseSplitter
from voicemate.turns.messages import CommitTurn

POLL_S = 0.03
"""How often somebody who waits for the loudspeaker looks whether it is done."""

SILENCE_BETWEEN_UTTERANCES_MS = 1_000
"""In a sound file nobody waits for an answer: longer utterances give whisper more to go by."""


async def ask(settings: Settings, text: str, silent: bool, show: Callable[[str], None]) -> None:
    """Ask the character ``text``; the answer is shown as it is generated, spoken unless ``silent``, and kept.

    Without a speaker the answer is only shown; ``AudioError`` is raised for one that was asked for by name.

    Raises:
        VoicemateError: of the class that says what is missing or broke.
    """
    persona, events = find_persona(settings.persona), EventStream()
    with keep_history(settings, persona, events):
        async with load_chat(settings, persona) as chat_history:
            pipeline = _ShownTurnPipeline(text, chat_history, show)
            if silent:
                turn = await _answer(pipeline, _silent_output(persona, events))
            else:
                async with _speech_output(settings, persona, events, required=bool(settings.audio.output)) as output:
                    turn = await _answer(pipeline, output)
            reply = turn.reply.text.strip() if turn.reply else ""
            events.emit(ReplyEnded(0, turn.turn_id, reply, interrupted=False))


async def _answer(pipeline: TypedTurnPipeline, output: SpeechOutput) -> Turn:
    """Take one typed turn; return when its reply is queued.

    Raises:
        VoicemateError: an engine failed.
    """
    turn = Turn(1, 1, pipeline, _NoListener(), output)
    turn.start()
    turn.commit(0, CommitTurn(1, 0, 0, "typed"))
    await turn.finish()
    if turn.error:
        raise turn.error
    return turn


class _ShownTurnPipeline(TypedTurnPipeline):
    """Shows the reply's text as it is generated."""

    def __init__(self, text: str, chat_history: ChatHistory, show: Callable[[str], None]):
        super().__init__(text, chat_history, turn_id=1)
        self._show = show

    async def reply_to(self, words: str) -> AsyncGenerator[str]:
        async with aclosing(super().reply_to(words)) as pieces:
            async for piece in pieces:
                self._show(piece)
                yield piece


class _NoListener:
    """A single typed turn has no floor to report to."""

    def on_interpreted(self, turn: Turn, interpretation: Interpretation) -> None:
        pass

    def on_reply_ready(self, turn: Turn) -> None:
        pass

    def on_failed(self, turn: Turn, reason: str) -> None:
        pass


async def say(settings: Settings, text: str, to_file: Path | None) -> None:
    """Speak ``text`` as the character would, or write it to a WAV file.

    Raises:
        VoicemateError: of the class that says what is missing or broke.
    """
    persona = find_persona(settings.persona)
    if to_file is None:
        async with _speech_output(settings, persona, EventStream(), required=True) as output:
            reply = Reply(1, _once(text), output)
            reply.release()
            await reply.run()
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


@asynccontextmanager
async def _speech_output(
    settings: Settings, persona: Persona, events: EventStream, required: bool
) -> AsyncIterator[SpeechOutput]:
    """Open the speaker for the body, and wait at its end until all of it has been played.

    Args:
        required: raise ``AudioError`` without a speaker, instead of speaking to none.
    """
    synthesizer, clock = load_synthesizer(settings, persona), SampleClock()
    speaker = DeviceSpeaker(PortAudio(), clock, settings.audio.output)
    try:
        if not await _try_open(speaker, required):
            yield _silent_output(persona, events)
            return
        yield SpeechOutput(persona, synthesizer, speaker, clock, events)
        while not speaker.idle():
            await asyncio.sleep(POLL_S)
        await speaker.close()
    finally:
        await synthesizer.close()


def _silent_output(persona: Persona, events: EventStream) -> SpeechOutput:
    silence = _Silence()
    return SpeechOutput(persona, silence, silence, SampleClock(), events)


class _Silence:
    """A synthesizer that renders nothing, and the player of that."""

    async def synthesize(self, text: str, voice: Voice) -> AudioClip:
        return AudioClip(np.zeros(0, np.float32), CLOCK_HZ)

    async def voices(self) -> list[VoiceInfo]:
        return []

    async def close(self) -> None:
        pass

    def play(self, clip: AudioClip) -> Span:
        return Span(0, 0)


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
