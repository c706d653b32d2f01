"""The pauses of recordings to try the end-of-turn rule on, with what was known at each."""

import json
import sys
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.endpoint_pauses import CACHE, Known, Models, Silence, silences, write
from benchmarks.endpoint_sounds import INSERTED_S, between_words, with_end, with_pause
from voicemate.core.pcm import Pcm, to_samples
from voicemate.testing.speech_corpus import SpeechRecording, load_corpus
from voicemate.testing.word_errors import plain_words

NATURAL_MS = 400.0
"""Shortest natural pause that counts (ms)."""


class Kind(StrEnum):
    END = "end"
    NATURAL = "natural"
    INSERTED = "inserted"


@dataclass(frozen=True)
class Case:
    """One pause of one recording; times in milliseconds of silence.

    Attributes:
        inserted_s: length of the inserted pause; 0 in the unchanged recording.
        lasted: its length; None at the end.
        open_until: the last block at which the turn could end before the voice resumed.
        clear: the recording is one short sentence, so its end is clear.
        text, sentence, voice: see ``endpoint_pauses.Known``.
    """

    clip: str
    kind: Kind
    inserted_s: float
    lasted: float | None
    open_until: float | None
    clear: bool
    text: str
    sentence: float
    voice: float

    def cut_in(self, wait: float) -> bool:
        """Return whether a wait of ``wait`` would end the turn although the person goes on."""
        return self.open_until is not None and bool(self.text) and wait <= self.open_until


async def collect(hearing: str) -> list[Case]:
    """Return all cases of the English recordings of single speakers, in the order of their pauses.

    Args:
        hearing: the whisper model.
    """
    models = await Models.load(hearing)
    cases: list[Case] = []
    try:
        chosen = [clip for clip in load_corpus() if clip.language == "en" and clip.kind == "speech"]
        for number, clip in enumerate(chosen, 1):
            print(f"\r{number}/{len(chosen)} {clip.name:70.70}", end="", file=sys.stderr, flush=True)
            cases += await _of(clip, models)
    finally:
        models.close()
        print(file=sys.stderr)
    return cases


async def _of(clip: SpeechRecording, models: Models) -> list[Case]:
    pcm = clip.pcm()
    sound = with_end(pcm)
    pauses = silences(sound)
    known = await models.known(sound)
    cases = [_case(clip, pause, known[pause.ended], 0) for pause in pauses if pause.ended in known]
    if len(plain_words(clip.transcript, clip.language)) < 2:
        return cases
    cut = await _cut(clip, pcm, pauses, models)
    if cut is None:
        return cases
    # Up to the cut all four have the same audio, so the models process only the longest.
    longest = with_pause(pcm, cut, max(INSERTED_S))
    for seconds in INSERTED_S:
        for pause in silences(with_pause(pcm, cut, seconds), at=cut):
            known = await models.known(longest, at={pause.ended})
            cases += [_case(clip, pause, known[pause.ended], seconds)] if pause.ended in known else []
    return cases


async def _cut(clip: SpeechRecording, pcm: Pcm, pauses: list[Silence], models: Models) -> int | None:
    """Return the cached result of ``between_words``."""
    path = CACHE / f"cuts-{models.hearing}.json"
    cuts = json.loads(path.read_text()) if path.is_file() else {}
    if clip.name not in cuts:
        taken = [
            (pause.ended, pause.ended + to_samples(pause.lasted)) for pause in pauses if pause.lasted is not None
        ]

        async def hear(sound: Pcm) -> str:
            return (await models.whisper.transcribe(sound, clip.language)).text

        cuts[clip.name] = await between_words(clip, pcm, taken, hear)
        write(path, cuts)
    return cuts[clip.name]


def _case(clip: SpeechRecording, pause: Silence, known: Known, inserted_s: float) -> Case:
    whole = clip.longest_pause_s < 0.3 and 1.0 <= clip.speech_end_s - clip.speech_start_s <= 8.0
    open_until = pause.open_until
    if inserted_s and open_until is None:  # the segmenter missed the rest, but the person did go on
        open_until = 1000 * inserted_s
    kind = Kind.INSERTED if inserted_s else Kind.END if pause.lasted is None else Kind.NATURAL
    return Case(
        clip=clip.name,
        kind=kind,
        inserted_s=inserted_s,
        lasted=pause.lasted,
        open_until=open_until,
        clear=whole and bool(clip.transcript),
        text=known.text,
        sentence=known.sentence,
        voice=known.voice,
    )
