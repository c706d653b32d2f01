"""Measures whether the character hears itself.

    python benchmarks/echo.py

The character talks for ten minutes, in replies of half a minute with pauses between them, in a simulated room with an
echo of -30, -20 and -10 dB and without a person. The whole conversation runs on the virtual clock (``scene.py``):
echo canceller, echo veto, voice activity, whisper and floor, with pyttsx3's voice. It counts how often the character
became quieter, paused, broke off, or took its own words for a turn.

Results go to ``benchmarks/results/echo.json``, the plot to ``docs/measurements/images``.
"""

import argparse
import asyncio
import itertools
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.kept import PICTURES, Kept
from benchmarks.rooms import NOISE_DBFS, Place, places
from benchmarks.scene import Engines, FixedReplyModel, Scene, scene, settings_of
from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.config.schema import Settings
from voicemate.conversation.mic_gate import MicGate
from voicemate.core.events import FloorState, ReplyEnded, SpeechRejected, TurnEnded
from voicemate.core.pcm import CLOCK_HZ, level_dbfs
from voicemate.testing.speech_corpus import load_corpus
from voicemate.testing.virtual_time import run_virtual

RESULTS = Path(__file__).parent / "results"

REPLY_WORDS = 90
PAUSES_S = (0.4, 1.0, 2.0)
"""Pauses between the character's replies (s)."""

SPANS_S = ((0, 1), (1, 3), (3, 10), (10, 60), (60, 600))
CURVE_S = 120
PLOTTED = "living room"
WELL_ABOVE_DB = 10.0
"""Only blocks whose echo is this far above the room's noise count for ERLE."""

Levels = list[tuple[float, float]]
"""Levels of each block before and after the echo canceller (dBFS)."""


@dataclass(frozen=True)
class Alone:
    """The character's own speech in one place.

    Attributes:
        erle_db: echo return loss enhancement, by seconds since the first reply.
        erle_each_second: the same for each second of the first two minutes.
        quieter, paused: how often it reacted to its own voice so.
        dismissed: its own words that were rejected, with the reasons.
        broken_off: interrupted replies.
        turns: turns that it took for a person's.
    """

    place: str
    echo_db: float
    minutes: float
    erle_db: dict[str, float | None]
    erle_each_second: list[float | None]
    quieter: int
    paused: int
    dismissed: list[str]
    broken_off: int
    turns: int


def alone(engines: Engines, settings: Settings, place: Place, minutes: float) -> Alone:
    """Let only the character talk."""
    return run_virtual(_alone(engines, settings, place, minutes))


async def _alone(engines: Engines, settings: Settings, place: Place, minutes: float) -> Alone:
    with gate_levels() as levels:
        async with scene(
            engines, settings, FixedReplyModel(story()), acoustics=place.acoustics, noise_dbfs=NOISE_DBFS
        ) as now:
            speaker = now.room.speaker
            with (
                patch.object(speaker, "duck", wraps=speaker.duck) as duck,
                patch.object(speaker, "pause", wraps=speaker.pause) as pause,
            ):
                await _talk(now, place, minutes)
                ducks = sum(call.args[0] > 0 for call in duck.call_args_list)
                pauses = pause.call_count
            return Alone(
                place=place.name,
                echo_db=place.echo.gain_db,
                minutes=minutes,
                erle_db={f"{a}-{b}": erle(levels, a, b) for a, b in SPANS_S if a < 60 * minutes},
                erle_each_second=[erle(levels, s, s + 1) for s in range(min(CURVE_S, round(60 * minutes)))],
                quieter=ducks,
                paused=pauses,
                dismissed=[f"{told.reason}: {told.text}" for told in now.of(SpeechRejected)],
                broken_off=sum(told.interrupted for told in now.of(ReplyEnded)),
                turns=sum(told.reason != "typed" for told in now.of(TurnEnded)),
            )


async def _talk(now: Scene, place: Place, minutes: float) -> None:
    """Ask for one reply after the other."""
    moving = asyncio.create_task(_jump(now, place)) if place.jump_ms else None
    random = np.random.default_rng(1)
    while now.clock.now() < 60 * minutes * CLOCK_HZ:
        now.session.ask("go on")
        await now.room.wait_until_answered(random.choice(PAUSES_S))
    if moving:
        moving.cancel()


async def _jump(now: Scene, place: Place) -> None:
    for minute in itertools.count(1):
        await asyncio.sleep(60)
        now.room.set_acoustics(place.after(minute))


def story() -> str:
    """Return sentences of the recordings, about half a minute."""
    said = [clip.transcript for clip in load_corpus() if clip.language == "en" and len(clip.transcript.split()) >= 4]
    words, sentences = 0, []
    for sentence in said:
        sentences.append(sentence[0].upper() + sentence[1:].rstrip(".,") + ".")
        words += len(sentence.split())
        if words >= REPLY_WORDS:
            break
    return " ".join(sentences)


@contextmanager
def gate_levels() -> Iterator[Levels]:
    """Collect the levels before and after the echo canceller while the body runs."""
    levels: Levels = []
    pass_on = MicGate.process

    def noted(gate: MicGate, block: Block, state: FloorState) -> Block:
        passed = pass_on(gate, block, state)
        levels.append((level_dbfs(block.pcm), level_dbfs(passed.pcm)))
        return passed

    with patch.object(MicGate, "process", noted):
        yield levels


def erle(levels: Levels, begin_s: float, end_s: float) -> float | None:
    """Return the echo return loss enhancement (ITU-T G.168) between two times; None with too little echo."""
    a_block = BLOCK_SAMPLES / CLOCK_HZ
    loud = [
        pair
        for pair in levels[round(begin_s / a_block) : round(end_s / a_block)]
        if pair[0] > NOISE_DBFS + WELL_ABOVE_DB
    ]
    if not loud:
        return None
    near, left = (sum(10 ** (level / 10) for level in side) for side in zip(*loud, strict=True))
    return round(10 * float(np.log10(near / left)), 1)


def shown(row: Alone) -> str:
    by_time = " ".join(f"{span} s {db}" for span, db in row.erle_db.items())
    return (
        f"{row.place}, echo {row.echo_db:.0f} dB: quieter {row.quieter}, paused {row.paused}, broken off "
        f"{row.broken_off}, turns {row.turns}; ERLE {by_time}; {row.dismissed}"
    )


def plot(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Plot the echo return loss enhancement over time."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for row in rows:
        if row["place"] == PLOTTED:
            curve = [np.nan if db is None else db for db in row["erle_each_second"]]
            axes.plot(curve, label=f"{row['echo_db']:.0f} dB")
    axes.set(xlabel="seconds since the character began", ylabel="echo cancelled (dB)", title=PLOTTED)
    figure.legend(loc="outside right center", title="echo")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def main() -> None:
    arguments = _arguments()
    engines, kept = Engines(arguments.stt, arguments.threads), Kept(arguments.out, ("place", "echo_db"))
    try:
        settings = settings_of(arguments.set)
        for place in places(arguments.levels):
            if arguments.place in place.name:
                row = alone(engines, settings, place, arguments.minutes)
                print(shown(row), flush=True)
                kept.put(row)
    finally:
        engines.close()
    plot(PICTURES / f"{arguments.out.stem}.png", kept.rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stt", default="whisper-tiny.en", help="speech recognition model")
    parser.add_argument("--threads", type=int, default=0, help="whisper's")
    parser.add_argument("--minutes", type=float, default=10, help="how long the character talks")
    parser.add_argument("--levels", type=float, nargs="+", default=[-30, -20, -10], help="of the echo, in dB")
    parser.add_argument("--place", default="", help="only the places with this in their names")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as in the settings file")
    parser.add_argument("--out", type=Path, default=RESULTS / "echo.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
