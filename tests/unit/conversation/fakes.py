"""Small doubles for the parts of a conversation."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import numpy as np

from voicemate.audio.interfaces import HealthListener, Span
from voicemate.conversation.interpretation import Interpretation
from voicemate.conversation.recognizer import Recognition
from voicemate.conversation.reply import SpeechOutput
from voicemate.conversation.turn import Turn
from voicemate.core.events import Event, EventStream
from voicemate.core.pcm import AudioClip, Pcm
from voicemate.personas.persona import Persona, Voice
from voicemate.tts.base import VoiceInfo

PERSONA = Persona(name="Echo", description="A test.")
RATE = 16_000


@dataclass
class FixedClock:
    """A clock that the test sets."""

    at: int = 0

    def now(self) -> int:
        return self.at


@dataclass
class FakeSynthesizer:
    """Renders each word as 1000 samples of silence."""

    rendered: list[str] = field(default_factory=list)

    async def synthesize(self, text: str, voice: Voice) -> AudioClip:
        self.rendered.append(text)
        return AudioClip(np.zeros(1_000 * len(text.split()), np.float32), RATE)

    async def voices(self) -> list[VoiceInfo]:
        return []

    async def close(self) -> None:
        pass


@dataclass
class FakeSpeaker:
    """A speaker whose position the test sets; keeps what it is asked to do."""

    name: str = "fake"
    rate: int = RATE
    at: int = 0
    queued: int = 0
    calls: list[str] = field(default_factory=list)

    def add_health_listener(self, listener: HealthListener) -> None:
        pass

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def wake(self) -> None:
        self.calls.append("wake")

    def play(self, clip: AudioClip) -> Span:
        span = Span(self.queued, self.queued + len(clip.pcm))
        self.queued = span.end
        return span

    def position(self) -> int:
        return self.at

    def idle(self) -> bool:
        return self.at >= self.queued

    def stop(self, fade_ms: float = 20) -> None:
        self.calls.append("stop")

    def pause(self, fade_ms: float = 20) -> None:
        self.calls.append("pause")

    def resume(self, fade_ms: float = 20) -> None:
        self.calls.append("resume")

    def duck(self, db: float, ramp_ms: float = 30) -> None:
        self.calls.append(f"duck {db:.0f}")

    def aec_reference(self, begin: int, end: int) -> Pcm:
        return np.zeros(end - begin, np.float32)


@dataclass
class ScriptedPipeline:
    """What the engines make of a turn, as the test says."""

    words: str = "hello there"
    reply: str = "Good morning. How are you?"
    voice: float | None = 0.7
    error: Exception | None = None
    judged: list[float | None] = field(default_factory=list)

    async def transcribe(self) -> Recognition:
        if self.error:
            raise self.error
        return Recognition(self.words or "(cough)", "en", has_words=bool(self.words))

    def interpret(self, recognition: Recognition) -> Interpretation:
        return Interpretation(self.words, recognition.language, interrupts=bool(self.words))

    async def detect_turn_end(self) -> float | None:
        return self.voice

    async def add_model_signals(self, interpretation: Interpretation, voice: float | None) -> Interpretation:
        self.judged.append(voice)
        return interpretation

    async def reply_to(self, words: str) -> AsyncGenerator[str]:
        for word in self.reply.split():
            yield word + " "


@dataclass
class RecordingListener:
    """Keeps what it learns of turns."""

    log: list[str] = field(default_factory=list)

    def on_interpreted(self, turn: Turn, interpretation: Interpretation) -> None:
        self.log.append(f"interpreted {interpretation.words!r}")

    def on_reply_ready(self, turn: Turn) -> None:
        self.log.append("ready")

    def on_failed(self, turn: Turn, reason: str) -> None:
        self.log.append(f"failed: {reason}")


@dataclass
class Bench:
    """An output on fakes, and all events it takes."""

    clock: FixedClock = field(default_factory=FixedClock)
    speaker: FakeSpeaker = field(default_factory=FakeSpeaker)
    synthesizer: FakeSynthesizer = field(default_factory=FakeSynthesizer)
    events: list[Event] = field(default_factory=list)
    stream: EventStream = field(default_factory=EventStream)

    def __post_init__(self) -> None:
        self.stream.subscribe(self.events.append)

    @property
    def output(self) -> SpeechOutput:
        return SpeechOutput(PERSONA, self.synthesizer, self.speaker, self.clock, self.stream)

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]
