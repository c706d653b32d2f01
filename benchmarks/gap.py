"""Measures the gap from outside: last sample of a person's speech to the first audible sample of the reply.

A real ``voicemate talk`` runs on a virtual microphone and speaker (PulseAudio null sinks). Recordings of people are
played into the microphone one after the other, each after the previous reply, and both sides are recorded on one time
line. The program's own trace is only shown beside the gap, split by stage.

    python benchmarks/gap.py --stt whisper-tiny.en

Results go to ``benchmarks/results/gap-<stt>.json``, the picture to ``docs/measurements/images``.
"""

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.kept import PICTURES, keep
from voicemate.core.paths import models_folder
from voicemate.testing.pulseaudio_room import RATE, PulseAudioRoom, RoomRecording, find
from voicemate.testing.speech_corpus import SpeechRecording, load_corpus
from voicemate.testing.talk_process import TalkProcess

AUDIBLE_DBFS = -50.0
"""Level of the first audible 5 ms of a reply: 20 dB above the room's noise."""

PATIENCE_S = 60.0
"""A turn whose reply has not ended after this time was missed (s). Long replies take more than 30 s."""

NEAR_S = 5.0
"""Greatest distance of a recording from the time at which it was started (s)."""

BREATH_S = 1.0
"""Time from the end of a reply to the next recording (s)."""


@dataclass(frozen=True)
class Turn:
    """One measured turn; times in milliseconds."""

    clip: str
    gap: float | None  # None: no answer


def main() -> None:
    arguments = _arguments()
    clips = choose(arguments.clips)
    with tempfile.TemporaryDirectory() as home:
        turns, stages, start_s = converse(clips, arguments, Path(home))
    write(arguments, turns, stages, start_s)


def choose(count: int) -> list[SpeechRecording]:
    """Return short English utterances with a clear end: no pause of 300 ms or more, and no comma at the end."""
    fitting = [
        clip
        for clip in load_corpus()
        if clip.language == "en"
        and clip.kind == "speech"
        and clip.transcript
        and not clip.transcript.endswith(",")
        and clip.longest_pause_s < 0.3
        and 1.0 <= clip.speech_end_s - clip.speech_start_s <= 8.0
    ]
    # Evenly over the manifest, so that every source of recordings has its share.
    return [fitting[place] for place in np.linspace(0, len(fitting) - 1, min(count, len(fitting))).astype(int)]


def converse(
    clips: list[SpeechRecording], arguments: argparse.Namespace, home: Path
) -> tuple[list[Turn], list[dict[str, Any]], float]:
    """Hold the conversation; return the turns, the program's own trace, and the seconds from start to listening."""
    environment = {"VOICEMATE_HOME": str(home), "VOICEMATE_MODELS": str(models_folder())}
    _write_settings(home, arguments.set)
    with PulseAudioRoom() as room, room.recording() as recording:
        said: list[tuple[SpeechRecording, np.ndarray, float]] = []
        began = time.monotonic()
        options = ("--stt", arguments.stt, "--llm", arguments.llm, "--persona", arguments.persona)
        with TalkProcess(options, room.environment | environment, echo=True) as talk:
            start_s = talk.wait_until_greeted()
            time.sleep(BREATH_S)
            for clip in clips:
                sound = soxr.resample(clip.pcm(), 16_000, RATE)
                said.append((clip, sound, time.monotonic() - began))
                room.say(sound)
                with contextlib.suppress(TimeoutError):
                    talk.wait_until_answered(PATIENCE_S)
                time.sleep(BREATH_S)
    turns = measure(recording, said)
    if arguments.keep_recording:
        recording.write(arguments.keep_recording)
    return turns, _trace(home), start_s


def _write_settings(home: Path, given: list[str]) -> None:
    """Write the settings file for ``--set section.key=value``, with TOML values."""
    (home / "config").mkdir()
    (home / "config" / "settings.toml").write_text("".join(f"{setting}\n" for setting in given))


def measure(recording: RoomRecording, said: list[tuple[SpeechRecording, np.ndarray, float]]) -> list[Turn]:
    """Return the gap of each turn, from the recording alone.

    Args:
        recording: of the room.
        said: the recordings in order, at the room's rate, with the approximate second of their start.
    """
    loud = audible(recording.speaker)
    turns, places = [], []
    for clip, sound, second in said:
        first = round(max(0.0, second - NEAR_S) * RATE)
        last = round((second + NEAR_S) * RATE) + len(sound)
        places.append((clip, first + find(sound, recording.person[first:last])))
    for place, (clip, begin) in enumerate(places):
        ended = begin + round(clip.speech_end_s * RATE)
        following = places[place + 1][1] if place + 1 < len(places) else len(loud)
        answers = np.flatnonzero(loud[ended:following])
        turns.append(Turn(clip.name, float(answers[0] * 1000 / RATE) if len(answers) else None))
    return turns


def audible(pcm: np.ndarray) -> np.ndarray:
    """Return where the next 5 ms are louder than ``AUDIBLE_DBFS``."""
    window = RATE // 200
    power = np.convolve(np.square(pcm, dtype=np.float64), np.ones(window) / window)[window - 1 :]
    return power > 10 ** (AUDIBLE_DBFS / 10)


def _trace(home: Path) -> list[dict[str, Any]]:
    """Return the program's own figures of each turn."""
    file = home / "state" / "trace.jsonl"
    return [json.loads(line)["turn"] for line in file.read_text().splitlines()] if file.exists() else []


def write(arguments: argparse.Namespace, turns: list[Turn], stages: list[dict[str, Any]], start_s: float) -> None:
    gaps = sorted(turn.gap for turn in turns if turn.gap is not None)
    summary = {
        "turns": len(turns),
        "answered": len(gaps),
        "median_ms": round(statistics.median(gaps)) if gaps else None,
        "p90_ms": round(float(np.percentile(gaps, 90))) if gaps else None,
        "least_ms": round(gaps[0]) if gaps else None,
        "most_ms": round(gaps[-1]) if gaps else None,
        "start_to_listening_s": round(start_s, 2),
        **ready(stages),
    }
    for turn in turns:
        print(f"{turn.clip:60} {'no answer' if turn.gap is None else f'{turn.gap:6.0f} ms'}")
    print(json.dumps(summary))
    name = arguments.name or f"gap-{arguments.stt}"
    keep(
        name,
        f"python benchmarks/gap.py --stt {arguments.stt} --llm {arguments.llm} --clips {arguments.clips}",
        settings=arguments.set,
        summary=summary,
        turns=[asdict(turn) for turn in turns],
        stages=[stage.get("timing") for stage in stages],
    )
    draw(gaps, [timing for stage in stages if (timing := stage.get("timing"))], PICTURES / f"{name}.png", name)


def ready(stages: list[dict[str, Any]]) -> dict[str, int]:
    """Count replies that were ready at the end of the turn, and of these the turns that had not stayed open for them.

    See ``turns.reply_wait_ms``; the figures are the program's own.
    """
    in_time = [stage for stage in stages if stage["timing"] and stage["timing"]["ready"]]
    return {"ready": len(in_time), "ready_when_due": sum(stage["due_at"] is None for stage in in_time)}


def draw(gaps: list[float], timings: list[dict[str, float]], path: Path, name: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    left.step(gaps, np.arange(1, len(gaps) + 1) / len(gaps) * 100, where="post", color="#3b7dd8")
    for share, style in ((50, "-"), (90, "--")):
        value = float(np.percentile(gaps, share))
        left.axvline(value, color="#a03fa0", linestyle=style, linewidth=1)
        left.text(value, 3, f" {value:.0f} ms", fontsize=9, color="#a03fa0")
    left.set(xlabel="gap from outside (ms)", ylabel="share of turns (%)", ylim=(0, 102), xlim=(0, None), title=name)
    base = np.zeros(len(timings))
    for stage, colour in (("stt_ms", "#8ab4e8"), ("llm_ms", "#f2b84b"), ("tts_ms", "#d58bd0")):
        heights = np.array([timing[stage] for timing in timings])
        right.bar(range(1, len(timings) + 1), heights, bottom=base, color=colour, label=stage.removesuffix("_ms"))
        base += heights
    right.plot(range(1, len(timings) + 1), [timing["endpoint_ms"] for timing in timings], "k_", label="endpoint wait")
    right.set(xlabel="turn", ylabel="ms", title="work after the pause, and the wait beside it")
    right.legend(fontsize=8)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--stt", default="whisper-tiny.en")
    parser.add_argument("--llm", default="smollm2-135m")
    parser.add_argument("--persona", default="juniper")
    parser.add_argument("--clips", type=int, default=20, help="how many recordings to play")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as in the settings file")
    parser.add_argument("--name", help="of the result files; gap-<stt> by default")
    parser.add_argument("--keep-recording", type=Path, metavar="WAV", help="write what was heard: person left")
    return parser.parse_args()


if __name__ == "__main__":
    main()
