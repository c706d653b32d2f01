"""Scripted engines for the virtual clock, with the protocols of the real ones."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import numpy as np

from voicemate.core.errors import VoicemateError
from voicemate.core.pcm import CLOCK_HZ, AudioClip, Pcm
from voicemate.llm.base import Message
from voicemate.personas.persona import Sampling, Voice
from voicemate.stt.base import Transcript
from voicemate.tts.base import VoiceInfo

SECONDS_PER_WORD = 0.25
"""Duration of a word of the scripted synthesizer (s)."""


@dataclass
class ScriptedLanguageModel:
    """A ``LanguageModel`` that answers each user message with its line, word by word.

    Attributes:
        lines: replies by user message; ``default`` for all others.
        first_token_s, token_s: time to the first word and between words (s).
        scoring_s: time to score the completeness of a sentence (s).
        completeness_score: the score of every sentence.
        error: raised instead of a reply.
        warmed, requests, scored, decoded: the calls so far.
    """

    lines: dict[str, str] = field(default_factory=dict[str, str])
    default: str = "Indeed."
    first_token_s: float = 0.09
    token_s: float = 0.01
    scoring_s: float = 0.0
    completeness_score: float = 0.9
    error: VoicemateError | None = None
    warmed: list[list[Message]] = field(default_factory=list[list[Message]])
    requests: list[list[Message]] = field(default_factory=list[list[Message]])
    scored: list[str] = field(default_factory=list[str])
    decoded: list[str] = field(default_factory=list[str])

    async def reply(self, messages: Sequence[Message], sampling: Sampling, seed: int) -> AsyncGenerator[str]:
        """See ``LanguageModel.reply``."""
        self.requests.append(list(messages))
        await asyncio.sleep(self.first_token_s)
        if self.error:
            raise self.error
        for word in self.lines.get(messages[-1].content, self.default).split(" "):
            self.decoded.append(word)
            yield word + " "
            await asyncio.sleep(self.token_s)

    async def prefill(self, messages: Sequence[Message]) -> None:
        """See ``LanguageModel.prefill``."""
        self.warmed.append(list(messages))

    async def completeness(
        self, messages: Sequence[Message], trailing_marks: str = "", opening: Sequence[Message] = ()
    ) -> float:
        """See ``LanguageModel.completeness``."""
        self.scored.append(messages[-1].content)
        await asyncio.sleep(self.scoring_s)
        return self.completeness_score

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Count the words, and four tokens for each message."""
        return sum(len(message.content.split()) + 4 for message in messages)

    def close(self) -> None:
        """Do nothing."""


@dataclass
class ScriptedSynthesizer:
    """A ``Synthesizer`` that renders each word as a tone of ``SECONDS_PER_WORD``, after ``render_s``."""

    rate: int = 22_050
    render_s: float = 0.03
    error: VoicemateError | None = None
    rendered: list[str] = field(default_factory=list[str])

    async def synthesize(self, text: str, voice: Voice) -> AudioClip:
        """See ``Synthesizer.synthesize``."""
        self.rendered.append(text)
        await asyncio.sleep(self.render_s)
        if self.error:
            raise self.error
        seconds = SECONDS_PER_WORD * len(text.split())
        tone = 0.3 * np.sin(2 * np.pi * 300 * np.arange(int(seconds * self.rate)) / self.rate)
        return AudioClip(tone.astype(np.float32), self.rate)

    async def voices(self) -> list[VoiceInfo]:
        """Return the only voice."""
        return [VoiceInfo("tone", "Tone", ("en",))]

    async def close(self) -> None:
        """Do nothing."""


@dataclass
class ScriptedTranscriber:
    """A ``Transcriber`` that returns ``texts`` in order, and the last one again and again."""

    texts: list[str]
    ms: float = 150
    confidence: float = 0.9
    drafted: str = ""
    calls: list[float] = field(default_factory=list[float])  # seconds of audio in each

    async def transcribe(self, pcm: Pcm, language: str = "auto", prompt: str = "") -> Transcript:
        """See ``Transcriber.transcribe``."""
        self.calls.append(len(pcm) / CLOCK_HZ)
        text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        await asyncio.sleep(self.ms / 1000)
        return Transcript(text, "en", self.confidence, len(pcm) / CLOCK_HZ, self.ms)

    async def draft(self, pcm: Pcm, language: str = "auto") -> Transcript:
        """See ``Transcriber.draft``."""
        await asyncio.sleep(self.ms / 1000)
        return Transcript(self.drafted, "en", self.confidence, len(pcm) / CLOCK_HZ, self.ms)

    def close(self) -> None:
        """Do nothing."""


class LoudnessDetector:
    """A ``VoiceDetector`` that takes every loud sound for a voice."""

    def probability(self, pcm: object, dbfs: float, voice_on: bool) -> float:
        """Return a high probability above -45 dBFS."""
        return 0.95 if dbfs > -45 else 0.02


def loud_clip(seconds: float) -> AudioClip:
    """Return loud noise."""
    noise = 0.2 * np.random.default_rng(1).standard_normal(int(seconds * CLOCK_HZ))
    return AudioClip(noise.astype(np.float32), CLOCK_HZ)
