"""A whole conversation in the simulated room on virtual time, for the turn-taking benchmarks.

Everything is real, except that the language model may be scripted. Engines take the time in ``Costs`` on the virtual
clock, so a scene gives the same conversation however busy the machine is.
"""

import asyncio
import tomllib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import soxr

from voicemate.app.audio_devices import AudioDevices
from voicemate.app.conversation import build_session
from voicemate.app.engines import Engines as Loaded
from voicemate.app.engines import load_llama, load_synthesizer
from voicemate.config.schema import Settings
from voicemate.conversation.chat_history import ChatHistory
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.conversation.session import Session
from voicemate.core.clock import SampleClock
from voicemate.core.cpu import engine_threads
from voicemate.core.events import Event, EventStream, FloorChanged, FloorState
from voicemate.core.pcm import CLOCK_HZ, AudioClip, Pcm
from voicemate.llm.base import LanguageModel, Message
from voicemate.llm.context_window import ContextWindow
from voicemate.llm.llama.llama import MAX_PIECES_AHEAD, Llama
from voicemate.models.catalog import ModelRole
from voicemate.models.memory_fit import context_tokens
from voicemate.models.resolve import resolve
from voicemate.personas.persona import Persona, Sampling, Voice
from voicemate.stt.base import Transcript
from voicemate.stt.whisper import Whisper
from voicemate.testing.acoustics import Acoustics
from voicemate.testing.simulated_room import SimulatedRoom
from voicemate.tts.base import VoiceInfo
from voicemate.turns.end_of_turn.default_delays import with_defaults_resolved
from voicemate.vad.segmenter import SpeechSegmenter
from voicemate.vad.silero import SileroDetector

TELLER = Persona(name="Teller", description="Tells stories.", voice=Voice(language="en"))
"""A character for scripted replies."""

E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Costs:
    """The engines' times on the virtual clock (ms): about their medians in ``gap.py`` on two cores.

    Attributes:
        hearing: a transcript.
        drafting: an interim transcript.
        judging: prefill of the person's words, or of the whole prompt, with their completeness.
        token: a token of a reply; a first clause has eight to twelve.
        rendering: a phrase.
    """

    hearing: float = 110.0
    drafting: float = 100.0
    judging: float = 70.0
    token: float = 12.0
    rendering: float = 10.0


class EngineTime:
    """One engine's thread on the virtual clock: one job after the other; a cancelled job stops with a delay.

    Attributes:
        spent_ms: the work so far, with that of cancelled jobs.
    """

    def __init__(self) -> None:
        self.spent_ms = 0.0
        self._free_at = 0.0

    async def take(self, ms: float, unstoppable: float = 0.0) -> None:
        """Work for ``ms``; a cancelled job still takes the share ``unstoppable`` of it."""
        loop = asyncio.get_running_loop()
        began = max(loop.time(), self._free_at)
        before, self._free_at = self._free_at, began + ms / 1000
        self.spent_ms += ms
        try:
            await asyncio.sleep(self._free_at - loop.time())
        except asyncio.CancelledError:
            done = max(0.0, loop.time() - began)
            worked = max(done, unstoppable * ms / 1000) if done else 0.0
            self._free_at = began + worked if worked else before
            self.spent_ms -= ms - 1000 * worked
            raise


@dataclass
class TimedWhisper:
    """Whisper with its cost. The encoder, most of it, cannot be stopped."""

    whisper: Whisper
    costs: Costs
    time: EngineTime = field(default_factory=EngineTime)

    async def transcribe(self, pcm: Pcm, language: str = "auto", prompt: str = "") -> Transcript:
        transcript = await self.whisper.transcribe(pcm, language, prompt)
        await self.time.take(self.costs.hearing, unstoppable=0.8)
        return transcript

    async def draft(self, pcm: Pcm, language: str = "auto") -> Transcript:
        transcript = await self.whisper.draft(pcm, language)
        await self.time.take(self.costs.drafting, unstoppable=0.8)
        return transcript

    def close(self) -> None:
        """The engine is the scene's owner's."""


class CountingLanguageModel(LanguageModel, Protocol):
    def count_tokens(self, messages: Sequence[Message]) -> int: ...


class FixedReplyModel:
    """Replies ``text`` to everything; every sentence is half complete."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def reply(self, messages: Sequence[Message], sampling: Sampling, seed: int) -> AsyncGenerator[str]:
        for word in self._text.split(" "):
            yield word + " "

    async def prefill(self, messages: Sequence[Message]) -> None:
        pass

    async def completeness(
        self, messages: Sequence[Message], trailing_marks: str = "", opening: Sequence[Message] = ()
    ) -> float:
        return 0.5

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(10 for _ in messages)

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Decoded:
    """The decoded part of a reply, with the tokens that the engine decodes ahead.

    All replies to one turn have its seed; the last of them counts.
    """

    tokens: int
    seed: int


@dataclass
class TimedLanguageModel:
    """A language model with its cost. A reply to other messages than those judged last includes a prefill.

    Attributes:
        replies: in the order in which they ended or were dropped.
    """

    mind: CountingLanguageModel
    costs: Costs
    time: EngineTime = field(default_factory=EngineTime)
    replies: list[Decoded] = field(default_factory=list)
    _known: dict[object, list[str]] = field(default_factory=dict)
    _read: tuple[Message, ...] | None = None

    async def reply(self, messages: Sequence[Message], sampling: Sampling, seed: int) -> AsyncGenerator[str]:
        pieces, taken = await self._whole(messages, sampling, seed), 0
        if self._read != tuple(messages):
            await self.time.take(self.costs.judging)
        try:
            for piece in pieces:
                await self.time.take(self.costs.token)
                taken += 1
                yield piece
        finally:
            self._read = None
            self.replies.append(Decoded(min(len(pieces), taken + MAX_PIECES_AHEAD), seed))

    async def prefill(self, messages: Sequence[Message]) -> None:
        self._read = None
        await self.mind.prefill(messages)
        await self.time.take(self.costs.judging)

    async def completeness(
        self, messages: Sequence[Message], trailing_marks: str = "", opening: Sequence[Message] = ()
    ) -> float:
        probability = await self.mind.completeness(messages, trailing_marks, opening)
        await self.time.take(self.costs.judging)
        self._read = tuple(messages)
        return probability

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return self.mind.count_tokens(messages)

    def close(self) -> None:
        """The engine is the scene's owner's."""

    async def _whole(self, messages: Sequence[Message], sampling: Sampling, seed: int) -> list[str]:
        """Decode the whole reply, once for the same messages and seed, while virtual time stands still."""
        asked = (tuple(messages), seed)
        if asked not in self._known:
            async with aclosing(self.mind.reply(messages, sampling, seed)) as pieces:
                self._known[asked] = [piece async for piece in pieces]
        return self._known[asked]


@dataclass
class TimedSynthesizer:
    """Speech synthesis with its cost."""

    engines: "Engines"
    cost_ms: float
    time: EngineTime = field(default_factory=EngineTime)

    async def synthesize(self, text: str, voice: Voice) -> AudioClip:
        sound = await self.engines.sound(text, voice)
        await self.time.take(self.cost_ms, unstoppable=1.0)
        return sound

    async def voices(self) -> list[VoiceInfo]:
        return []

    async def close(self) -> None:
        """The engine is the scene's owner's."""


class Engines:
    """The real engines, shared by all scenes of a benchmark. Make and close it outside any loop.

    Args:
        hearing: name of the whisper model.
        threads: of whisper and the language model; 0 for the default.
    """

    def __init__(self, hearing: str = "whisper-tiny.en", threads: int = 0) -> None:
        self.hearing = hearing
        self._threads = threads
        self.whisper = Whisper(resolve(hearing, ModelRole.STT), engine_threads(threads))
        self.silero = resolve("silero-vad", ModelRole.VAD)
        self._sounds: dict[tuple[str, Voice], AudioClip] = {}
        self._synthesizer = load_synthesizer(Settings(), TELLER)
        self._llama: Llama | None = None

    async def sound(self, text: str, voice: Voice) -> AudioClip:
        """Render ``text``, each phrase once."""
        if (text, voice) not in self._sounds:
            self._sounds[text, voice] = await self._synthesizer.synthesize(text, voice)
        return self._sounds[text, voice]

    async def voices(self, language: str) -> list[VoiceInfo]:
        return [voice for voice in await self._synthesizer.voices() if language in voice.languages]

    def llama(self) -> Llama:
        """Return the starter language model; the first call loads it."""
        if self._llama is None:
            settings = Settings.model_validate({"llm": {"threads": self._threads}})
            self._llama = asyncio.run(load_llama(settings))
        return self._llama

    def close(self) -> None:
        self.whisper.close()
        if self._llama:
            self._llama.close()
        asyncio.run(self._synthesizer.close())


@dataclass
class Scene:
    """A running conversation. Everything belongs to the virtual-time loop.

    Attributes:
        events: all events so far.
    """

    room: SimulatedRoom
    session: Session
    clock: SampleClock
    whisper: TimedWhisper
    mind: TimedLanguageModel
    voice: TimedSynthesizer
    events: list[Event]

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def state(self) -> FloorState | None:
        return next((e.state for e in reversed(self.events) if isinstance(e, FloorChanged)), None)

    async def until(self, happened: Callable[[], object], patience_s: float = 60.0) -> bool:
        """Wait until ``happened()``; return False after ``patience_s``."""
        for _ in range(round(patience_s / 0.02)):
            if happened():
                return True
            await asyncio.sleep(0.02)
        return False


@asynccontextmanager
async def scene(
    engines: Engines,
    settings: Settings,
    mind: CountingLanguageModel,
    *,
    persona: Persona = TELLER,
    acoustics: Acoustics | None = None,
    noise_dbfs: float = -62.0,
    seed: int = 0,
    costs: Costs | None = None,
) -> AsyncIterator[Scene]:
    """Hold a conversation with ``persona`` while the body runs; only under ``run_virtual``."""
    stt = settings.stt.model_copy(update={"model": engines.hearing})  # the default end-of-turn delays depend on it
    settings = settings.model_copy(update={"stt": stt})
    costs, clock, events = costs or Costs(), SampleClock(), list[Event]()
    room = SimulatedRoom(clock, noise_dbfs=noise_dbfs, seed=seed, acoustics=acoustics or Acoustics())
    activity = SileroDetector(engines.silero, settings.vad.gate)
    whisper, timed = TimedWhisper(engines.whisper, costs), TimedLanguageModel(mind, costs)
    voice = TimedSynthesizer(engines, costs.rendering)
    context = ContextWindow(persona, context_tokens(0, settings.llm.context), timed.count_tokens)
    ready = Loaded(
        SpeechRecognizer(
            SpeechSegmenter(activity, settings.vad, settings.stt.max_chunk_s), whisper, settings.stt.language
        ),
        ChatHistory(persona, timed, context, seed=1 + seed),
        voice,
    )
    stream = EventStream()
    stream.subscribe(events.append)
    session = build_session(
        with_defaults_resolved(settings), AudioDevices(room.microphone, room.speaker, clock), ready, stream
    )
    await room.microphone.open()
    conversation = asyncio.create_task(session.run())
    try:
        yield Scene(room, session, clock, whisper, timed, voice, events)
    finally:
        conversation.cancel()
        await asyncio.gather(conversation, return_exceptions=True)
    if not conversation.cancelled():
        conversation.result()


def at_clock_rate(sound: AudioClip) -> Pcm:
    """Return ``sound`` at the clock's rate."""
    return soxr.resample(sound.pcm, sound.rate, CLOCK_HZ).astype("float32")


def settings_of(given: Sequence[str]) -> Settings:
    """Return the settings with ``--set section.key=value``, with TOML values."""
    return Settings.model_validate(tomllib.loads("\n".join(given)))
