"""Does the character hear itself, and is a person heard who speaks over it?

    python benchmarks/echo.py

The character talks for ten minutes (espeak, through voicemate's own synthesizer) in a simulated room. Its echo
reaches the microphone 30, 20 and 10 dB quieter than it was played. The echo canceller, Silero and the speech tracker
are those of a conversation. Reported are how much of the echo is cancelled, and how often a voice is still heard in
what is left: without and with the veto (an onset waits for a moment that the learned echo does not explain).

Then recordings of people (``VOICEMATE_SPEECH`` or ``--speech``: a folder with a ``manifest.tsv``) are played over the
character's voice. Reported are how much later their onset is confirmed than when the character is silent, and how
much of their sound is lost.

Results go to ``benchmarks/results/echo.json`` and ``.png``.
"""

import argparse
import asyncio
import itertools
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import soxr

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import echo_trials as trials
from benchmarks import machine, recordings
from benchmarks.echo_trials import Alone, Over
from voicemate.app import load_synthesizer
from voicemate.config import Settings
from voicemate.personas.library import find_persona
from voicemate.sound import CLOCK_HZ, Pcm

RESULTS = Path(__file__).parent / "results"

PAUSES_S = (0.0, 0.0, 0.4, 2.0)
"""Between the character's sentences: within a reply and between replies."""


def main() -> None:
    arguments = _arguments()
    recordings.FOLDER = arguments.speech
    spoken = (r.transcript for r in recordings.recordings() if r.language == "en")
    said = [text for text in spoken if 4 <= len(text.split()) <= 30]
    speech = asyncio.run(render(said, arguments.minutes * 60))
    clips = trials.people(arguments.clips)
    singles, doubles = [], []
    for place in trials.places(arguments.levels):
        if arguments.place in place.name:
            singles.append(trials.alone(speech, place))
            _tell_alone(singles[-1])
            doubles.append(trials.over(speech, place, clips))
            _tell_over(doubles[-1])
    write(arguments, singles, doubles)
    plot(arguments.out.with_suffix(".png"), singles, doubles)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=recordings.FOLDER, help="recordings with a manifest.tsv")
    parser.add_argument("--minutes", type=float, default=10, help="how long the character talks")
    parser.add_argument("--levels", type=float, nargs="+", default=[-30, -20, -10], help="of the echo, in dB")
    parser.add_argument("--clips", type=int, default=60, help="people who talk over it, at most")
    parser.add_argument("--place", default="", help="only the places with this in their names")
    parser.add_argument("--out", type=Path, default=RESULTS / "echo.json")
    return parser.parse_args()


async def render(sentences: list[str], seconds: float) -> Pcm:
    """The character's speech, with pauses as between replies and without; 16 kHz."""
    settings = Settings()
    persona = find_persona(settings.persona)
    synthesizer = load_synthesizer(settings, persona)
    random = np.random.default_rng(1)
    sounds: list[Pcm] = []
    try:
        for sentence in itertools.cycle(sentences):
            sound = await synthesizer.render(sentence, persona.voice)
            sounds += [soxr.resample(sound.pcm, sound.rate, CLOCK_HZ), trials.silence(random.choice(PAUSES_S))]
            if sum(map(len, sounds)) >= seconds * CLOCK_HZ:
                break
    finally:
        await synthesizer.close()
    return np.concatenate(sounds)[: round(seconds * CLOCK_HZ)].astype(np.float32)


def _tell_alone(row: Alone) -> None:
    erle = " ".join(f"{span} s {db}" for span, db in row.erle_db.items())
    print(
        f"{row.place}, echo {row.echo_db:.0f} dB: ERLE {erle}; voices {row.plain} with veto {row.vetoed}", flush=True
    )


def _tell_over(rows: list[Over]) -> None:
    print(f"  people over it: {summary(rows)}", flush=True)


def summary(rows: list[Over]) -> dict[str, object]:
    """Of one place: how late onsets were confirmed, how many never were, and how much of the sound was kept."""
    kept = [row.kept_db for row in rows]
    told: dict[str, object] = {"place": rows[0].place, "echo_db": rows[0].echo_db, "clips": len(rows)}
    for name in ("late_ms", "late_ms_vetoed"):
        late = [value for row in rows if (value := getattr(row, name)) is not None]
        told |= {f"{name}_p{p}": round(float(np.percentile(late, p))) for p in (50, 90)}
        told |= {name.replace("late_ms", "missed"): len(rows) - len(late)}
    return told | {f"kept_db_p{p}": round(float(np.percentile(kept, p)), 1) for p in (50, 10)}


def write(arguments: argparse.Namespace, singles: list[Alone], doubles: list[list[Over]]) -> None:
    """One line for each trial, and for each person in it."""
    found = {
        "machine": machine.description(),
        "minutes": arguments.minutes,
        "alone": [asdict(row) for row in singles],
        "over": [summary(rows) for rows in doubles],
        "clips": [asdict(row) for rows in doubles for row in rows],
    }
    arguments.out.write_text(_by_line(found) + "\n")


def _by_line(found: dict[str, Any]) -> str:
    parts = []
    for name, value in found.items():
        rows = ",\n  ".join(json.dumps(row) for row in value) if isinstance(value, list) else None
        parts.append(f' "{name}": ' + (json.dumps(value) if rows is None else f"[\n  {rows}\n ]"))
    return "{\n" + ",\n".join(parts) + "\n}"


def plot(path: Path, singles: list[Alone], doubles: list[list[Over]]) -> None:
    """What cancelling achieves over time, and how late people are heard."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(12, 4.5))
    for row in singles:
        if row.place == singles[0].place:
            left.plot(
                [np.nan if db is None else db for db in row.erle_each_second[:120]], label=f"{row.echo_db:.0f} dB"
            )
    left.set(xlabel="seconds since the character began", ylabel="echo cancelled (dB)", title=singles[0].place)
    left.legend(title="echo")
    for rows in doubles:
        late = sorted(row.late_ms_vetoed if row.late_ms_vetoed is not None else np.inf for row in rows)
        share = (np.arange(len(late)) + 1) / len(late)
        right.step(late, share, where="post", label=f"{rows[0].place}, {rows[0].echo_db:.0f} dB", linewidth=1)
    right.set(xlim=(-100, 600), xlabel="onset confirmed later than alone (ms)", ylabel="part of the people")
    right.legend(fontsize=6)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
