"""Measures costs and benefits of speculation: the same conversation with more and with less of it.

    python benchmarks/speculation.py

Recordings of people are said one after another, each after the previous reply, in the simulated room on the virtual
clock (``scene.py``), with real engines that take the times in ``Costs``. It counts the replies that were prepared,
used and discarded, their tokens and engine time, how many were ready at the end of the turn, how late the others
were, and the gap. A reply before the recording's last word counts as a false cut-in; a recording without a reply as a
missed turn.

Results go to ``benchmarks/results/speculation.json``.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.endpoint_sounds import with_end
from benchmarks.kept import Kept
from benchmarks.scene import Costs, Engines, Scene, scene, settings_of
from voicemate.config.schema import Settings
from voicemate.core.events import GenerationDiscarded, ReplyEnded, TurnTimed
from voicemate.core.pcm import CLOCK_HZ, AudioClip, to_ms, to_samples
from voicemate.llm.llama.llama import Llama
from voicemate.personas.library import find_persona
from voicemate.personas.persona import Persona
from voicemate.testing.speech_corpus import SpeechRecording, load_corpus
from voicemate.testing.virtual_time import run_virtual

RESULTS = Path(__file__).parent / "results"
LONGEST_REPLY = 48
"""Tokens of a reply: only its begin is measured."""

BREATH_S = 0.6
PATIENCE_S = 8.0
"""Time after which a turn without a reply was missed (s)."""

USUAL = Costs()
FAST = Costs(hearing=28, drafting=25, judging=18, token=3)
"""Engines four times as fast, as on a GPU."""


@dataclass(frozen=True)
class Way:
    """How much to speculate.

    Attributes:
        given: settings, as in the settings file.
        on_battery: the machine runs on battery.
    """

    name: str
    given: tuple[str, ...] = ()
    on_battery: bool = False
    costs: Costs = USUAL


WAYS = (
    Way("as it ships"),
    Way("no drafts", ("stt.interim_transcripts = false",)),
    Way("careful, as on battery", on_battery=True),
    Way("patience 0.7", ("turns.patience = 0.7",)),
    Way("patience 1.75", ("turns.patience = 1.75",)),
    Way("engines four times as fast", costs=FAST),
)


@dataclass(frozen=True)
class Ledger:
    """Costs and benefits in one conversation.

    Attributes:
        said: recordings.
        missed: those without a reply.
        cut_ins: replies before the recording's last word.
        taken_back: of these, retracted ones, whose two halves became one turn.
        prepared, used, thrown_away: replies that the language model began; retracted ones count as thrown away.
        tokens, tokens_thrown_away: decoded for them.
        whisper_ms, mind_ms, voice_ms: time of the engines, with cancelled work.
        ready: share of the answered turns whose first audio was ready at the end of the turn.
        ready_when_due: the same, without turns that stayed open for their replies.
        late_p50, late_p90: from the end of the turn, without waiting for the reply, to its first sample (ms).
        gap_p50, gap_p90: the gap (ms).
    """

    way: str
    said: int
    missed: int
    cut_ins: int
    taken_back: int
    prepared: int
    used: int
    thrown_away: int
    tokens: int
    tokens_thrown_away: int
    whisper_ms: float
    mind_ms: float
    voice_ms: float
    ready: float
    ready_when_due: float
    late_p50: float
    late_p90: float
    gap_p50: float
    gap_p90: float


@dataclass(frozen=True)
class _Said:
    """A recording in the conversation: positions of its first and last word, and of the next one."""

    began: int
    ended: int
    over: int


def ledger(engines: Engines, way: Way, clips: Sequence[SpeechRecording], settings: Settings | None = None) -> Ledger:
    """Hold one conversation in which ``clips`` are said.

    Args:
        engines: shared by all conversations.
        way: how much to speculate.
        clips: the recordings.
        settings: instead of those of ``way``.
    """
    battery = patch("voicemate.app.conversation.on_battery", lambda: True) if way.on_battery else nullcontext()
    llama = engines.llama()
    with battery:
        return run_virtual(_hold(engines, way, clips, settings or settings_of(way.given), llama))


async def _hold(
    engines: Engines, way: Way, clips: Iterable[SpeechRecording], settings: Settings, llama: Llama
) -> Ledger:
    persona = _brief(find_persona(settings.persona))
    async with scene(engines, settings, llama, persona=persona, costs=way.costs) as now:
        said = [await _say(now, clip) for clip in clips]
        return _told(way.name, now, said)


def _brief(persona: Persona) -> Persona:
    return persona.model_copy(update={"sampling": persona.sampling.model_copy(update={"max_tokens": LONGEST_REPLY})})


async def _say(now: Scene, clip: SpeechRecording) -> _Said:
    """Say a recording and wait for the end of the reply."""
    await asyncio.sleep(BREATH_S)
    replies, sound = len(now.of(ReplyEnded)), with_end(clip.pcm())
    at = now.clock.now()
    now.room.say_at(AudioClip(sound, CLOCK_HZ), at)
    ended = at + to_samples(1000 * clip.speech_end_s)
    await asyncio.sleep(to_ms(ended - at) / 1000)
    await now.until(lambda: len(now.of(ReplyEnded)) > replies, PATIENCE_S)
    await now.room.wait_until_quiet(BREATH_S)
    return _Said(at + to_samples(1000 * clip.speech_start_s), ended, now.clock.now())


def _told(way: str, now: Scene, said: Sequence[_Said]) -> Ledger:
    timed, rolled_back = now.of(TurnTimed), now.of(GenerationDiscarded)
    answered = {one for one in said if any(one.began <= told.at < one.over for told in timed)}
    early = [told for told in timed if any(one.began <= told.at < one.ended - to_samples(100) for one in said)]
    taken_back = [told for told in early if any(e.turn == told.turn and e.at >= told.at for e in rolled_back)]
    asked = now.mind.replies
    stood = {one.seed: one for one in asked}
    in_vain = [one for one in asked if one is not stood[one.seed]]
    clear = [told for told in timed if told not in early]
    gap_p50, gap_p90 = _middle_and_most(told.gap for told in clear)
    late_p50, late_p90 = _middle_and_most(told.gap - told.endpoint + told.held_open for told in clear)
    return Ledger(
        way=way,
        said=len(said),
        missed=len(said) - len(answered),
        cut_ins=len(early),
        taken_back=len(taken_back),
        prepared=len(asked),
        used=len(asked) - len(in_vain),
        thrown_away=len(in_vain),
        tokens=sum(one.tokens for one in asked),
        tokens_thrown_away=sum(one.tokens for one in in_vain),
        whisper_ms=round(now.whisper.time.spent_ms),
        mind_ms=round(now.mind.time.spent_ms),
        voice_ms=round(now.voice.time.spent_ms),
        ready=round(sum(told.ready for told in clear) / max(1, len(clear)), 3),
        ready_when_due=round(sum(told.ready and not told.held_open for told in clear) / max(1, len(clear)), 3),
        late_p50=late_p50,
        late_p90=late_p90,
        gap_p50=gap_p50,
        gap_p90=gap_p90,
    )


def _middle_and_most(times: Iterable[float]) -> tuple[int, int]:
    """Return the median and the 90th percentile; zeros without values."""
    found = list(times) or [0.0]
    return round(float(np.percentile(found, 50))), round(float(np.percentile(found, 90)))


def chosen(count: int) -> list[SpeechRecording]:
    """Return ``count`` English recordings of single speakers, evenly over the manifest."""
    speech = [clip for clip in load_corpus() if clip.kind == "speech" and clip.language == "en" and clip.transcript]
    return [speech[place] for place in np.linspace(0, len(speech) - 1, min(count, len(speech))).astype(int)]


def shown(row: Ledger) -> str:
    return (
        f"{row.way:28} ready {100 * row.ready:3.0f}% (without waiting {100 * row.ready_when_due:.0f}%), "
        f"heard {row.late_p50:.0f} / {row.late_p90:.0f} ms after the turn was over, "
        f"gap {row.gap_p50:.0f} / {row.gap_p90:.0f} ms; "
        f"replies {row.prepared} prepared, {row.used} used, {row.thrown_away} thrown away; "
        f"tokens {row.tokens}, {row.tokens_thrown_away} in vain; "
        f"whisper {row.whisper_ms / 1000:.1f} s, model {row.mind_ms / 1000:.1f} s; "
        f"{row.cut_ins} cut-ins, {row.missed} missed of {row.said}"
    )


def main() -> None:
    arguments = _arguments()
    engines, kept = Engines(arguments.stt, arguments.threads), Kept(arguments.out, ("way",))
    try:
        for way in WAYS:
            if arguments.way in way.name:
                row = ledger(engines, way, chosen(arguments.clips))
                print(shown(row), flush=True)
                kept.put(row)
    finally:
        engines.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stt", default="whisper-tiny.en", help="speech recognition model")
    parser.add_argument("--threads", type=int, default=0, help="whisper's and the language model's")
    parser.add_argument("--clips", type=int, default=36, help="how many recordings to say")
    parser.add_argument("--way", default="", help="only the ways with this in their names")
    parser.add_argument("--out", type=Path, default=RESULTS / "speculation.json", help="where the figures go")
    return parser.parse_args()


if __name__ == "__main__":
    main()
