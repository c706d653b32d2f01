"""Measures decisions by words: wake phrases, the character's echo, backchannels and commands.

    python -m benchmarks.words --model whisper-tiny.en --out benchmarks/results/words-tiny.en.json
    python -m benchmarks.words --again benchmarks/results/words-tiny.en.json

Whisper transcribes everything first, then the conversation's code judges the transcripts; ``--again`` judges those of
an earlier run.

- calls: sentences with each shipped character's name, spoken by espeak-ng (and by hibari, a neural voice, if
  installed). The recordings call none of them.
- listening: backchannels, spoken the same way, are not bids; every recording of a sentence is one.
- commands: spoken the same way, with sentences that only look like one. The recordings have two ("stop" and "hey
  mycroft wake up"), and "pause".
- echo: random pieces of 0.7 to 3 s of the recordings, every second one with noise, are an echo of their own sentence,
  and a person's words over another sentence, alone and after a piece of that.

``--prompt`` gives whisper the character's name as a likely word. The figures are rough: espeak-ng is hard to
understand, the recordings have no coughs, and a cancelled echo differs from a faint one.
"""

import argparse
import asyncio
import io
import json
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import soundfile
import soxr

from benchmarks.machine import description
from voicemate.core.pcm import CLOCK_HZ, Pcm, to_ms
from voicemate.models.catalog import ModelRole
from voicemate.models.resolve import resolve
from voicemate.stt.whisper import Whisper
from voicemate.testing.speech_corpus import SpeechRecording, load_corpus
from voicemate.turns.interruption.backchannel import Overlap, classify_overlap
from voicemate.turns.interruption.echo_text import without_echo
from voicemate.turns.spoken_commands import spoken_command
from voicemate.turns.wake_phrase import WakePhrase

NAMES = {"Juniper": "en", "Ambrose": "en", "小岚": "zh"}
CALLS = {
    "en": (
        "{}, what time is it?",
        "Hey {}, tell me a story.",
        "What do you think, {}?",
        "{}.",
        "I was wondering, {}, if you could help me.",
        "Wake up, {}.",
    ),
    "zh": ("{}，现在几点了？", "给我讲个故事吧，{}。", "{}。", "醒醒，{}。"),
}
LISTENING = ("Mm-hmm.", "Uh-huh.", "Yeah.", "Yeah, yeah.", "Okay.", "Right.", "I see.", "Oh, really?", "Ha ha ha ha!")
COMMANDS = {
    "Stop.": "stop",
    "Be quiet, please.": "stop",
    "Go to sleep.": "sleep",
    "Let me think.": "wait",
    "Take your time.": "wait",
    "Go on.": "go on",
    "Stop signs are red.": "",
    "Let me think about your question for a year.": "",
}
VOICES = {"en": ("en-gb-x-rp+f5", "en-us"), "zh": ("cmn-latn-pinyin",)}
LANGUAGES = ("en", "de", "fr", "es", "zh", "")
ENGLISH = ("en", "")
EDGE = np.zeros(CLOCK_HZ // 5, np.float32)
LONGEST = 12 * CLOCK_HZ


@dataclass(frozen=True)
class Heard:
    """A transcript.

    Attributes:
        kind: call, listening, command, recording or piece.
        said: the true words; for recordings and their pieces the manifest's transcript.
        expected: the name, the command, or the recording's name and kind.
        how: the voice, or how the recording was changed.
        ms: length of the audio.
        text: the transcript.
        confidence: whisper's.
    """

    kind: str
    said: str
    expected: str
    how: str
    ms: float
    text: str
    confidence: float


class Counts:
    """How many of how many were judged right, and which were not."""

    def __init__(self) -> None:
        self._of: dict[str, list[bool]] = defaultdict(list)
        self._wrong: dict[str, list[str]] = defaultdict(list)

    def add(self, what: str, right: bool, example: str) -> None:
        self._of[what].append(right)
        if not right:
            self._wrong[what].append(example)

    def result(self) -> dict[str, Any]:
        return {
            what: {"right": sum(right), "of": len(right), "wrong": self._wrong[what]}
            for what, right in self._of.items()
        }

    def __str__(self) -> str:
        return "\n".join(f"{what:50}{sum(right):5} of {len(right)}" for what, right in self._of.items())


# ---------------------------------------------------------------- hearing


class RecordingWhisper:
    """Whisper with the same options for everything; it keeps its transcripts."""

    def __init__(self, model: Path, prompted: bool) -> None:
        self._whisper = Whisper(model, threads=1)
        self._prompted = prompted
        self.heard: list[Heard] = []

    async def hear(self, kind: str, said: str, expected: str, how: str, pcm: Pcm, language: str) -> None:
        name = expected if kind == "call" else "Juniper"
        prompt = f"{name}." if self._prompted else ""
        got = await self._whisper.transcribe(np.concatenate([EDGE, pcm, EDGE]), language, prompt)
        ms, confidence = round(to_ms(len(pcm))), round(got.confidence, 3)
        self.heard.append(Heard(kind, said, expected, how, ms, got.text, confidence))

    def close(self) -> None:
        self._whisper.close()


async def hear_synthesized(ear: RecordingWhisper) -> None:
    for name, language in NAMES.items():
        for sentence in CALLS[language]:
            said = sentence.format(name)
            for voice, pcm in spoken(said, language):
                await ear.hear("call", said, name, voice, pcm, language)
    for said in LISTENING:
        for voice, pcm in spoken(said, "en"):
            await ear.hear("listening", said, "", voice, pcm, "en")
    for said, command in COMMANDS.items():
        for voice, pcm in spoken(said, "en"):
            await ear.hear("command", said, command, voice, pcm, "en")


async def hear_recorded(ear: RecordingWhisper, seed: int, languages: tuple[str, ...]) -> None:
    draw, noise = Random(seed), np.random.default_rng(seed)
    clips = [clip for clip in load_corpus() if clip.language in languages]
    for number, clip in enumerate(clips):
        pcm, language = clip.pcm()[:LONGEST], clip.language or "en"
        await ear.hear("recording", clip.transcript, f"{clip.name} {clip.kind}", "", pcm, language)
        if is_a_known_sentence(clip, pcm):
            piece, how = cut(pcm, draw), "noisy" if number % 2 else "plain"
            piece = noisy(piece, noise) if how == "noisy" else piece
            await ear.hear("piece", clip.transcript, f"{clip.name} {clip.kind}", how, piece, language)


def is_a_known_sentence(clip: SpeechRecording, pcm: Pcm) -> bool:
    return clip.kind == "speech" and bool(clip.transcript) and len(pcm) < LONGEST


def spoken(text: str, language: str) -> Iterator[tuple[str, Pcm]]:
    """Yield ``text`` in each installed voice: the engine's name and 16 kHz audio."""
    for voice in VOICES[language]:
        wav = subprocess.run(["espeak-ng", "-v", voice, "--stdout", text], capture_output=True, check=True).stdout
        pcm, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
        yield "espeak-ng", soxr.resample(pcm, rate, CLOCK_HZ).astype(np.float32)
    if language == "en" and HIBARI is not None:
        for speed in (1.0, 1.3):
            pcm = np.asarray(HIBARI(text, speed=speed, seed=0), np.float32)
            yield "hibari", soxr.resample(pcm, HIBARI.sample_rate, CLOCK_HZ).astype(np.float32)


def hibari() -> Any:
    try:
        from hibari import Hibari  # type: ignore[import-not-found]
    except ImportError:
        return None
    return Hibari(threads=1)


HIBARI = hibari()


def cut(pcm: Pcm, draw: Random) -> Pcm:
    length = min(len(pcm), round(draw.uniform(0.7, 3.0) * CLOCK_HZ))
    begin = draw.randint(0, len(pcm) - length)
    return pcm[begin : begin + length]


def noisy(pcm: Pcm, noise: np.random.Generator) -> Pcm:
    """Return ``pcm`` with white noise 10 dB below it."""
    level = np.sqrt(np.mean(np.square(pcm))) * 10 ** (-10 / 20)
    return (pcm + level * noise.standard_normal(len(pcm))).astype(np.float32)


# ---------------------------------------------------------------- judging


def judged(everything: list[Heard]) -> Counts:
    counts = Counts()
    for heard in everything:
        example = f"{heard.said} > {heard.text}"
        match heard.kind:
            case "call":
                called = WakePhrase(heard.expected).find(heard.text) is not None
                counts.add(f"call of {heard.expected}, {heard.how}", called, example)
            case "listening":
                no_bid = classify_overlap(heard.text, heard.ms, heard.confidence).overlap is not Overlap.INTERRUPTION
                counts.add(f"listener's words are no bid, {heard.how}", no_bid, example)
            case "command":
                command = spoken_command(heard.text)
                right = (command.command.value if command else "") == heard.expected
                counts.add(f"commands and what only looks like one, {heard.how}", right, example)
            case "recording":
                judge_recording(heard, counts)
    judge_echoes([heard for heard in everything if heard.kind == "piece" and heard.text], counts)
    return counts


def judge_recording(heard: Heard, counts: Counts) -> None:
    example = f"{heard.expected}: {heard.text}"
    for name in NAMES:
        counts.add(f"recordings do not call {name}", WakePhrase(name).find(heard.text) is None, example)
    command = spoken_command(heard.text, WakePhrase("Mycroft"))
    counts.add("recordings are no commands", command is None, f"{example} ({command.command if command else ''})")
    if not heard.expected.endswith("nonspeech"):
        bid = classify_overlap(heard.text, heard.ms, heard.confidence).overlap is Overlap.INTERRUPTION
        counts.add("recordings of speech are bids", bid, example)


def judge_echoes(pieces: list[Heard], counts: Counts) -> None:
    for heard, other in zip(pieces, pieces[1:] + pieces[:1], strict=True):
        left = without_echo(heard.text, heard.said)
        counts.add(f"an echo is one, {heard.how}", not left, f"{heard.text!r} in {heard.said!r} left {left!r}")
        in_air = other.said[:120]
        counts.add("a person is no echo", bool(without_echo(heard.text, in_air)), f"{heard.text!r} in {in_air!r}")
        both = f"{in_air[: len(in_air) // 2]} {heard.text}"
        counts.add("a person after an echo is heard", bool(without_echo(both, in_air)), f"{both!r} in {in_air!r}")


async def everything_heard(options: argparse.Namespace) -> list[Heard]:
    if shutil.which("espeak-ng") is None:
        raise SystemExit("espeak-ng is not installed")
    ear = RecordingWhisper(resolve(options.model, ModelRole.STT), options.prompt)
    await hear_synthesized(ear)
    await hear_recorded(ear, options.seed, ENGLISH if options.model.endswith(".en") else LANGUAGES)
    ear.close()
    return ear.heard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="whisper-base", help="a name or a ggml file")
    parser.add_argument("--prompt", action="store_true", help="give whisper the character's name")
    parser.add_argument("--seed", type=int, default=0, help="of where the recordings are cut")
    parser.add_argument("--out", type=Path, help="write every transcript and count here, as JSON")
    parser.add_argument("--again", type=Path, help="judge the transcripts of an earlier run")
    options = parser.parse_args()
    if options.again:
        heard = [Heard(**row) for row in json.loads(options.again.read_text(encoding="utf-8"))["heard"]]
        print(judged(heard))
        return
    heard = asyncio.run(everything_heard(options))
    counts = judged(heard)
    print(counts)
    if options.out:
        result = {"model": options.model, "prompt": options.prompt, "seed": options.seed, "machine": description()}
        result |= {"counts": counts.result(), "heard": [asdict(row) for row in heard]}
        options.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
