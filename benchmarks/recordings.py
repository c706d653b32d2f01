"""Recordings of people, kept outside the project: a folder with a ``manifest.tsv`` (``VOICEMATE_SPEECH``)."""

import csv
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from voicemate.sound import CLOCK_HZ, Pcm

FOLDER = Path(os.environ.get("VOICEMATE_SPEECH", Path(__file__).parents[2] / "shared" / "speech"))


@dataclass(frozen=True)
class Recorded:
    """One recording and what its manifest says of it; times in seconds."""

    name: str
    language: str
    kind: str  # speech, conversation or nonspeech
    transcript: str
    speech_start_s: float
    speech_end_s: float
    longest_pause_s: float

    def pcm(self) -> Pcm:
        """16 kHz mono float32."""
        sound, rate = soundfile.read(FOLDER / self.name, dtype="float32")
        if rate != CLOCK_HZ:
            sys.exit(f"{self.name} has {rate} Hz; recordings must have {CLOCK_HZ}")
        return np.ascontiguousarray(sound, dtype=np.float32)


def recordings() -> list[Recorded]:
    """All recordings of the manifest, in its order."""
    manifest = FOLDER / "manifest.tsv"
    if not manifest.is_file():
        sys.exit(f"there is no {manifest}: set VOICEMATE_SPEECH to a folder of recordings with a manifest.tsv")
    with manifest.open(encoding="utf-8", newline="") as table:
        return [
            Recorded(
                name=row["clip"],
                language=row["lang"],
                kind=row["kind"],
                transcript=row["transcript"],
                speech_start_s=float(row["speech_start_s"] or 0),
                speech_end_s=float(row["speech_end_s"] or 0),
                longest_pause_s=float(row["longest_pause_s"] or 0),
            )
            for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
