"""Computes and caches what the program knows at each pause of a recording.

The models take half an hour for all pauses on one slow core, so their output is kept in the user's cache folder.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.config.schema import LlmSettings, Settings
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.core.pcm import Pcm, to_ms, to_samples
from voicemate.llm.base import Message
from voicemate.llm.llama.llama import Llama
from voicemate.llm.prompt import opening_messages
from voicemate.models.catalog import ModelRole
from voicemate.models.resolve import resolve
from voicemate.personas.library import find_persona
from voicemate.stt.whisper import Whisper
from voicemate.turns.end_of_turn.lexical import without_closing
from voicemate.turns.end_of_turn.smart_turn import SmartTurn
from voicemate.vad.segmenter import SpeechSegmenter
from voicemate.vad.silero import SileroDetector
from voicemate.vad.state_machine import VoicePaused, VoiceResumed, VoiceStarted

CACHE = user_cache_path("voicemate") / "endpoint-benchmark"
SETTINGS = Settings()

NEAR = to_samples(300)
"""Greatest distance of a detected pause from the inserted one (samples)."""


@dataclass(frozen=True)
class Silence:
    """A pause as the floor sees it; times in milliseconds from the voice's last sample.

    Attributes:
        ended: clock position of that sample.
        lasted: length of the pause; None if the voice did not resume.
        open_until: the last block at which the turn could end before the voice resumed; None if it did not.
    """

    ended: int
    lasted: float | None
    open_until: float | None


@dataclass(frozen=True)
class Known:
    """What was known at a pause.

    Attributes:
        text: the words since the turn began.
        sentence, voice: ``sentence_complete`` and ``voice_complete`` of ``EndOfTurnSignals``.
    """

    text: str
    sentence: float
    voice: float


def new_ears() -> SpeechSegmenter:
    activity = SileroDetector(resolve("silero-vad", ModelRole.VAD), SETTINGS.vad.gate)
    return SpeechSegmenter(activity, SETTINGS.vad, SETTINGS.stt.max_chunk_s)


def silences(pcm: Pcm, at: int | None = None) -> list[Silence]:
    """Return all pauses of ``pcm``, in order; or only the one that begins within 300 ms of sample ``at``."""
    return [Silence(*told) for told in _cached(f"silences {SETTINGS.vad}", pcm, at, lambda: list(_silences(pcm, at)))]


def _silences(pcm: Pcm, at: int | None) -> Iterator[tuple[int, float | None, float | None]]:
    ears, pausing, ended, free = new_ears(), False, 0, 0.0
    for block in blocks(pcm):
        for event in ears.push(block):
            if isinstance(event, VoicePaused):
                pausing, ended = True, event.ended
            elif isinstance(event, VoiceResumed):
                pausing = False
                if at is None or abs(ended - at) < NEAR:
                    yield ended, to_ms(event.began - ended), free
                if at is not None and ended > at - NEAR:
                    return
        if pausing and not ears.voice_on:
            free = to_ms(block.end - ended)
    if pausing and (at is None or abs(ended - at) < NEAR):
        yield ended, None, None


def blocks(pcm: Pcm) -> Iterator[Block]:
    for start in range(0, len(pcm) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
        yield Block(start, pcm[start : start + BLOCK_SAMPLES])


class Models:
    """Whisper, the language model and Smart Turn, one thread each. Made by ``load``."""

    def __init__(self, hearing: str, whisper: Whisper, llama: Llama, smart_turn: SmartTurn) -> None:
        self.hearing = hearing
        self.whisper = whisper
        self._llama = llama
        self._smart_turn = smart_turn
        self._opening = opening_messages(find_persona(SETTINGS.persona))

    @classmethod
    async def load(cls, hearing: str) -> "Models":
        whisper = Whisper(resolve(hearing, ModelRole.STT), threads=1)
        llama = await Llama.load(resolve(SETTINGS.llm.model, ModelRole.LLM), LlmSettings(threads=1))
        return cls(hearing, whisper, llama, SmartTurn(resolve("smart-turn", ModelRole.END_OF_TURN)))

    def close(self) -> None:
        for engine in (self.whisper, self._llama, self._smart_turn):
            engine.close()

    async def known(self, pcm: Pcm, at: set[int] | None = None) -> dict[int, Known]:
        """Return what is known at each pause of ``pcm``, by the position where the pause began.

        Args:
            pcm: the audio.
            at: begins of the pauses; None for all.
        """
        what = f"known {self.hearing} {SETTINGS.llm.model} {SETTINGS.persona}"
        found = _recall(what, pcm, sorted(at or []))
        if found is None:
            found = {ended: asdict(known) for ended, known in (await self._listen(pcm, at)).items()}
            _keep(what, pcm, sorted(at or []), found)
        return {int(ended): Known(**known) for ended, known in found.items()}

    async def _listen(self, pcm: Pcm, at: set[int] | None) -> dict[int, Known]:
        listener, found = SpeechRecognizer(new_ears(), self.whisper, "en"), dict[int, Known]()
        began = 0
        for block in blocks(pcm):
            for event in listener.push(block):
                if isinstance(event, VoiceStarted):
                    began = event.began
                elif isinstance(event, VoicePaused) and (at is None or event.ended in at):
                    turn = listener.audio(max(0, began - to_samples(SETTINGS.vad.preroll_ms)), block.end)
                    found[event.ended] = await self._ask(listener, turn)
            if at is not None and len(found) == len(at):
                break
        listener.close()
        return found

    async def _ask(self, listener: SpeechRecognizer, turn: Pcm) -> Known:
        understood = await listener.recognize()
        text = understood.text if understood.has_words else ""
        sentence = await self._llama.completeness([*self._opening, Message("user", without_closing(text) or "…")])
        return Known(text, sentence, await self._smart_turn.probability_complete(turn))


def _cached(what: str, pcm: Pcm, at: object, make: Callable[[], Any]) -> Any:
    found = _recall(what, pcm, at)
    if found is None:
        found = make()
        _keep(what, pcm, at, found)
    return found


def _recall(what: str, pcm: Pcm, at: object) -> Any:
    path = _place(what, pcm, at)
    return json.loads(path.read_text()) if path.is_file() else None


def _keep(what: str, pcm: Pcm, at: object, found: object) -> None:
    write(_place(what, pcm, at), found)


def _place(what: str, pcm: Pcm, at: object) -> Path:
    digest = hashlib.sha256(f"{what} {at}".encode() + np.ascontiguousarray(pcm).tobytes())
    return CACHE / f"{digest.hexdigest()[:32]}.json"


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, ensure_ascii=False))
    part.replace(path)
