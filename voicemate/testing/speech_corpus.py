"""Recordings of speech in a folder outside the project, with a ``manifest.tsv`` (``VOICEMATE_SPEECH``)."""

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from voicemate.core.pcm import CLOCK_HZ, Pcm

FOLDER = Path(os.environ.get("VOICEMATE_SPEECH", Path(__file__).parents[3] / "shared" / "speech"))
MANIFEST = "manifest.tsv"


@dataclass(frozen=True)
class SpeechRecording:
    """One recording with its row of the manifest; times in seconds."""

    path: Path
    name: str
    language: str
    kind: str  # speech, conversation or nonspeech
    transcript: str
    note: str
    speech_start_s: float
    speech_end_s: float
    longest_pause_s: float

    def pcm(self) -> Pcm:
        """Return the audio, 16 kHz mono.

        Raises:
            SystemExit: it has another rate, or several channels.
        """
        sound, rate = soundfile.read(self.path, dtype="float32")
        if rate != CLOCK_HZ or sound.ndim != 1:
            raise SystemExit(f"{self.name} is not {CLOCK_HZ} Hz mono")
        return np.ascontiguousarray(sound, dtype=np.float32)


def load_corpus(folder: Path | None = None) -> list[SpeechRecording]:
    """Return all recordings of the manifest, in its order.

    Args:
        folder: with the recordings; None for ``FOLDER``.

    Raises:
        SystemExit: there is no manifest.
    """
    folder = folder or FOLDER
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise SystemExit(f"there is no {manifest}: set VOICEMATE_SPEECH to a folder of recordings with one")
    with manifest.open(encoding="utf-8", newline="") as table:
        return [
            SpeechRecording(
                path=folder / row["clip"],
                name=row["clip"],
                language=row["lang"],
                kind=row["kind"],
                transcript=row["transcript"],
                note=row["note"],
                speech_start_s=float(row["speech_start_s"] or 0),
                speech_end_s=float(row["speech_end_s"] or 0),
                longest_pause_s=float(row["longest_pause_s"] or 0),
            )
            for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
