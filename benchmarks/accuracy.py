"""Compares word errors and invented words of voicemate's speech recognition with whisper.cpp's own defaults.

    python benchmarks/accuracy.py --model whisper-tiny.en --floors 384,512,768,1500 --out benchmarks/results/x.json

For the recordings with a transcript (a folder with a ``manifest.tsv``, see ``--speech``) it prints the word errors
and the time. Ways to transcribe:

- ``defaults``: like whisper.cpp's ``whisper-cli``: the whole window of 30 s, 5 beams, 5 candidates at higher
  temperatures, temperature raised by 0.2 while entropy or log probability fail, timestamps;
- a number: voicemate's transcriber with this minimum audio context (1500 is the whole window);
- ``ears``: voice activity, chunks, transcriber and filter, block by block, with the default context. Its time is that
  of the last utterance, with voice activity.

The language is given, except to ``ears``. Then it plays recordings without speech one after another, and prints what
was taken for words.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

import _pywhispercpp as native

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import machine
from voicemate.app.utterances import Utterance, utterances
from voicemate.config.schema import Settings
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.core.pcm import CLOCK_HZ
from voicemate.models.catalog import ModelRole
from voicemate.models.resolve import resolve
from voicemate.stt.whisper import Whisper
from voicemate.testing.speech_corpus import FOLDER, SpeechRecording, load_corpus
from voicemate.testing.word_errors import plain_words, word_errors
from voicemate.vad.segmenter import SpeechSegmenter
from voicemate.vad.silero import SileroDetector

SETTINGS = Settings()
WHISPERS_LANGUAGE = {"yue": "zh"}


@dataclass(frozen=True)
class Row:
    """One recording, transcribed in one way."""

    way: str
    group: str
    recording: str
    words: int
    wrong: int
    ms: float
    heard: str


class Way(Protocol):
    """A way to transcribe a recording; returns the text and the time (ms)."""

    async def hear(self, recording: SpeechRecording) -> tuple[str, float]: ...


class Defaults:
    """whisper.cpp with the parameters of ``whisper-cli``."""

    def __init__(self, model: Path, threads: int) -> None:
        self._context = native.whisper_init_from_file_with_params(str(model), native.whisper_context_default_params())
        self._threads = threads

    async def hear(self, recording: SpeechRecording) -> tuple[str, float]:
        params = native.whisper_full_default_params(native.WHISPER_SAMPLING_BEAM_SEARCH)
        params.beam_search = {"beam_size": 5, "patience": -1.0}
        params.greedy = {"best_of": 5}
        params.n_threads = self._threads
        params.language = WHISPERS_LANGUAGE.get(recording.language, recording.language)
        params.print_progress = False
        pcm, began = recording.pcm(), time.perf_counter()
        native.whisper_full(self._context, params, pcm, len(pcm))
        segments = range(native.whisper_full_n_segments(self._context))
        text = b"".join(native.whisper_full_get_segment_text(self._context, segment) for segment in segments)
        return text.decode("utf-8", errors="ignore"), (time.perf_counter() - began) * 1000


class Alone:
    """The transcriber, with the whole recording at once."""

    def __init__(self, whisper: Whisper, prompt: str) -> None:
        self._whisper = whisper
        self._prompt = prompt

    async def hear(self, recording: SpeechRecording) -> tuple[str, float]:
        language = WHISPERS_LANGUAGE.get(recording.language, recording.language)
        transcript = await self._whisper.transcribe(recording.pcm(), language, self._prompt)
        return transcript.text, transcript.elapsed_ms


class ThroughEars:
    """All of speech recognition, as in a conversation. The time is from the last utterance's end to its words."""

    def __init__(self, whisper: Whisper, silero: Path, prompt: str) -> None:
        segmenter = SpeechSegmenter(SileroDetector(silero, SETTINGS.vad.gate), SETTINGS.vad, SETTINGS.stt.max_chunk_s)
        self._recognizer = SpeechRecognizer(segmenter, whisper, prompt=prompt)

    async def hear(self, recording: SpeechRecording) -> tuple[str, float]:
        texts, ms = [], 0.0
        began = time.perf_counter()
        async for utterance in self.utterances(recording):
            ms = (time.perf_counter() - began) * 1000
            if utterance.understood.has_words:
                texts.append(utterance.understood.text)
            began = time.perf_counter()
        return " ".join(texts), ms

    def utterances(self, recording: SpeechRecording) -> AsyncIterator[Utterance]:
        return utterances(self._recognizer, recording.pcm(), SETTINGS.turns.silence_ms)


def whole(recording: SpeechRecording) -> bool:
    """Return whether whisper can transcribe it in one piece."""
    return len(recording.pcm()) <= 28 * CLOCK_HZ


async def measure(name: str, way: Way, clips: list[SpeechRecording]) -> list[Row]:
    """Transcribe ``clips``. A large model takes half an hour on a slow machine."""
    print(f"{name}: {len(clips)} recordings", flush=True)
    rows = []
    for recording in clips:
        heard, ms = await way.hear(recording)
        expected = plain_words(recording.transcript, recording.language)
        wrong = word_errors(expected, plain_words(heard, recording.language))
        group = recording.language if whole(recording) else f"{recording.language}, longer than 28 s"
        rows.append(Row(name, group, recording.name, len(expected), wrong, round(ms, 1), heard))
    return rows


async def invented(ears: ThroughEars, clips: list[SpeechRecording]) -> list[tuple[str, str]]:
    """Return the recordings in which words were invented, and the words."""
    words = []
    for recording in clips:
        async for utterance in ears.utterances(recording):
            part = utterance.understood
            print(
                f"  {recording.name}: {part.text!r}: {'TAKEN FOR WORDS' if part.has_words else part.reason}",
                flush=True,
            )
            if part.has_words:
                words.append((recording.name, part.text))
    return words


def table(rows: list[Row]) -> str:
    lines = [f"{'':24}{'clips':>6}{'words':>7}{'wrong':>7}{'rate':>8}{'median ms':>11}{'mean ms':>9}"]
    for group in dict.fromkeys(row.group for row in rows):
        lines.append(group)
        for way in dict.fromkeys(row.way for row in rows if row.group == group):
            those = [row for row in rows if (row.group, row.way) == (group, way)]
            words, wrong, ms = sum(r.words for r in those), sum(r.wrong for r in those), [r.ms for r in those]
            lines.append(
                f"  {way:22}{len(those):6}{words:7}{wrong:7}{wrong / words:8.3f}"
                f"{statistics.median(ms):11.0f}{statistics.mean(ms):9.0f}"
            )
    return "\n".join(lines)


async def run(options: argparse.Namespace) -> dict[str, object]:
    model, silero = resolve(options.model, ModelRole.STT), resolve("silero-vad", ModelRole.VAD)
    clips = load_corpus(options.speech)
    spoken = [clip for clip in clips if clip.transcript and clip.language in options.languages]
    rows: list[Row] = []
    if options.defaults:
        rows += await measure("defaults", Defaults(model, options.threads), spoken)
    for floor in options.floors:
        whisper = Whisper(model, options.threads, floor)
        rows += await measure(str(floor), Alone(whisper, options.prompt), [clip for clip in spoken if whole(clip)])
        whisper.close()
    whisper = Whisper(model, options.threads)
    rows += await measure("ears", ThroughEars(whisper, silero, options.prompt), spoken)
    print(table(rows), "\n\nno speech, played one after another", flush=True)
    noise = [clip for clip in clips if clip.kind == "nonspeech"]
    words = await invented(ThroughEars(whisper, silero, options.prompt), noise)
    print(f"  words invented in {len({name for name, _ in words})} recordings")
    whisper.close()
    return {
        "model": model.name,
        "date": date.today().isoformat(),
        "threads": options.threads,
        "prompt": options.prompt,
        "machine": machine.description(),
        "rows": [asdict(row) for row in rows],
        "invented": words,
    }


def listed(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=FOLDER)
    parser.add_argument("--model", default="whisper-base", help="a name or a ggml file")
    parser.add_argument("--languages", type=listed, default=["en"], help="such as en,zh,yue")
    parser.add_argument("--floors", type=lambda text: [int(part) for part in listed(text)], default=[])
    parser.add_argument("--no-defaults", dest="defaults", action="store_false", help="without whisper.cpp's defaults")
    parser.add_argument("--prompt", default="", help="likely words, for whisper")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write every transcript and figure here, as JSON")
    options = parser.parse_args()
    result = asyncio.run(run(options))
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
