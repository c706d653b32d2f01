"""Measures interruptions: time to silence, false stops, and whether the heard prefix is right.

    python benchmarks/barge_in.py

The whole conversation runs in the simulated room on the virtual clock (``scene.py``), with a scripted language model
that tells one long story. While the character tells it (with echo, ``--echo-db``), one sound is played over it:

- *bids*: recordings of people who speak;
- *others*: backchannels (synthesised), coughs and claps (made of noise), keyboards, doors, alarms.

For a bid, the time counts from the first sample of the person's speech to the last sample before the speaker is
silent. A false stop is another sound that ended the reply. A reply that went on must be complete to the sample. The
heard prefix is compared with the words that had ended where the speaker stopped, by espeak-ng's word times, and with
what whisper finds in the recording of the speaker, which counts most words that were cut off.
"""

import argparse
import asyncio
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import machine
from benchmarks.barge_in_sounds import Given, given_sounds
from benchmarks.kept import asked_for
from benchmarks.scene import TELLER, Costs, Engines, FixedReplyModel, Scene, at_clock_rate, scene, settings_of
from voicemate.config.schema import Settings
from voicemate.core.events import FloorChanged, FloorState, PhraseQueued, ReplyEnded
from voicemate.core.pcm import CLOCK_HZ, AudioClip, Pcm, to_samples
from voicemate.testing.acoustics import AcousticPath as Carried
from voicemate.testing.acoustics import Acoustics
from voicemate.testing.espeak import Espeak
from voicemate.testing.virtual_time import run_virtual
from voicemate.testing.word_errors import plain_words, word_errors
from voicemate.tts.pyttsx3.synthesizer import driver_rate

RESULTS = Path(__file__).parent / "results"
STORY = (
    "Long ago an old woman lived by the harbour and mended nets for the fishermen. Every evening she walked to the "
    "end of the pier and counted the boats as they came home. One night there was a boat too many. It had no name "
    "and no lamp, and nobody on board answered when she called. She took a lantern, climbed down the ladder and "
    "found a small grey cat asleep on a coil of rope. She carried it home under her coat, and from that day on it "
    "counted the boats with her."
)
AUDIBLE_DBFS = -50.0
SILENT_MS = 150
"""The speaker is silent after this time without a louder sample (ms); gaps between words are shorter."""

FADED_S = 0.05
"""Time after which an interrupted reply has faded out (s)."""

CHARACTERS_VOICE = "en-gb-x-rp"
"""espeak-ng's name for the character's voice."""


@dataclass(frozen=True)
class Trial:
    """The result of one sound over the character's voice.

    Attributes:
        silent_after_ms: from the person's first sample; None for other sounds, and if the reply went on.
        heard_words: words of the heard prefix.
        ended_words: words that had ended where the speaker stopped; None if the reply went on.
        found_words: words that whisper finds in the recording; None if the reply went on.
        complete: the reply was played to its end.
    """

    name: str
    bid: bool
    stopped: bool
    paused: bool
    silent_after_ms: float | None
    heard_words: int
    ended_words: int | None
    found_words: int | None
    complete: bool


@dataclass(frozen=True)
class Summary:
    bids: int
    bids_that_stopped_it: int
    silent_after_ms_median: int | None
    silent_after_ms_p90: int | None
    others: int
    false_stops: int
    others_that_paused_it: int
    others_after_which_it_went_on_whole: int
    heard_prefixes: int
    heard_prefix_within_a_word: int
    heard_prefix_exact: int
    heard_prefix_within_a_word_by_whisper: int


def trials(engines: Engines, settings: Settings, bids: int, echo_db: float, costs: Costs) -> list[Trial]:
    """Play each sound in its own conversation."""
    sounds = given_sounds(engines, bids)
    espeak = Espeak(CHARACTERS_VOICE)
    made = []
    for number, sound in enumerate(sounds):
        made.append(run_virtual(trial(engines, espeak, settings, sound, echo_db, costs, seed=number)))
        print(shown(made[-1]), flush=True)
    return made


async def trial(
    engines: Engines, espeak: Espeak, settings: Settings, given: Given, echo_db: float, costs: Costs, seed: int
) -> Trial:
    """Hold one conversation in which one sound is played over the character's voice."""
    room = Acoustics(echo=Carried(gain_db=echo_db, delay_ms=12, rt60_s=0.25), clip=0.8)
    async with scene(engines, settings, FixedReplyModel(STORY), acoustics=room, seed=seed, costs=costs) as now:
        now.session.ask("tell me a story")
        await now.until(lambda: now.state is FloorState.SPEAKING)
        await asyncio.sleep(3.0 + 4.0 * np.random.default_rng(seed).random())
        onset = now.clock.now() + to_samples(given.onset_ms)
        now.room.say_at(AudioClip(given.pcm, CLOCK_HZ), now.clock.now())
        await now.until(lambda: now.of(ReplyEnded))
        await asyncio.sleep(FADED_S)
        return await judged(engines, espeak, now, given, onset)


async def judged(engines: Engines, espeak: Espeak, now: Scene, given: Given, onset: int) -> Trial:
    ended = next(iter(now.of(ReplyEnded)), None)
    stopped, heard = ended is not None and ended.interrupted, ended.heard_prefix if ended else ""
    air = now.room.recording()[:, 1]
    silent = silence_after(air, onset)
    ended_words = found_words = None
    if stopped:
        queued = [told for told in now.of(PhraseQueued) if ended and told.turn == ended.turn]
        ended_words = await words_ended(engines, espeak, queued, now.room.speaker.position())
        found_words = await words_found(engines, air[: onset + silent + to_samples(60)])
    return Trial(
        name=given.name,
        bid=given.bid,
        stopped=stopped,
        paused=any(told.state is FloorState.OVERLAPPING for told in now.of(FloorChanged)),
        silent_after_ms=1000 * silent / CLOCK_HZ if given.bid and stopped else None,
        heard_words=len(heard.split()),
        ended_words=ended_words,
        found_words=found_words,
        complete=heard.split() == STORY.split(),
    )


async def words_ended(engines: Engines, espeak: Espeak, queued: Sequence[PhraseQueued], position: int) -> int:
    """Return how many words of the reply had ended when the speaker stopped at ``position``."""
    words = begin = 0
    rate = driver_rate("espeak", "en", TELLER.voice.rate)
    for phrase in queued:
        length = len(at_clock_rate(await engines.sound(phrase.spoken, TELLER.voice)))
        if position < begin + length:
            return words + espeak.say(phrase.spoken, rate).words_over((position - begin) / CLOCK_HZ)
        words, begin = words + len(phrase.text.split()), begin + length
    return words


async def words_found(engines: Engines, air: Pcm) -> int:
    """Return how many words of the story the recording holds: the prefix most similar to its transcript."""
    loud = np.flatnonzero(np.abs(air) > 10 ** (AUDIBLE_DBFS / 20))
    tail = np.ascontiguousarray(air[loud[0] : loud[-1] + to_samples(200)][-28 * CLOCK_HZ :])
    said = letters((await engines.whisper.transcribe(tail, "en")).text)
    story = STORY.split()
    prefixes = [letters(" ".join(story[:n])) for n in range(1, len(story) + 1)]
    return 1 + min(
        range(len(prefixes)), key=lambda n: (word_errors(prefixes[n], said), abs(len(prefixes[n]) - len(said)))
    )


def letters(text: str) -> str:
    """Return the letters of ``text``: whisper writes "fish and men" for fishermen."""
    return "".join(plain_words(text, "en"))


def silence_after(air: Pcm, onset: int) -> int:
    """Return the samples from ``onset`` to the last audible one before the speaker is silent."""
    audible = np.flatnonzero(np.abs(air[onset:]) > 10 ** (AUDIBLE_DBFS / 20))
    if len(audible) == 0 or audible[0] > to_samples(SILENT_MS):
        return 0
    gaps = np.flatnonzero(np.diff(audible) > to_samples(SILENT_MS))
    return int(audible[gaps[0]] if len(gaps) else audible[-1])


def summarized(made: Sequence[Trial]) -> Summary:
    bids, others = [t for t in made if t.bid], [t for t in made if not t.bid]
    silent = sorted(t.silent_after_ms for t in bids if t.silent_after_ms is not None)
    off = [abs(t.heard_words - t.ended_words) for t in made if t.ended_words is not None]
    by_whisper = [abs(t.heard_words - t.found_words) for t in made if t.found_words is not None]
    return Summary(
        bids=len(bids),
        bids_that_stopped_it=sum(t.stopped for t in bids),
        silent_after_ms_median=round(statistics.median(silent)) if silent else None,
        silent_after_ms_p90=round(float(np.quantile(silent, 0.9))) if silent else None,
        others=len(others),
        false_stops=sum(t.stopped for t in others),
        others_that_paused_it=sum(t.paused for t in others),
        others_after_which_it_went_on_whole=sum(t.complete for t in others if not t.stopped),
        heard_prefixes=len(off),
        heard_prefix_within_a_word=sum(words <= 1 for words in off),
        heard_prefix_exact=sum(words == 0 for words in off),
        heard_prefix_within_a_word_by_whisper=sum(words <= 1 for words in by_whisper),
    )


def shown(made: Trial) -> str:
    after = "" if made.silent_after_ms is None else f"silent after {made.silent_after_ms:.0f} ms"
    did = "stopped" if made.stopped else "paused" if made.paused else "went on"
    words = f"{made.heard_words} words heard, {made.ended_words} ended, whisper finds {made.found_words}"
    return f"{'bid  ' if made.bid else 'other'} {made.name:60} {did:8} {after:22} {words if made.stopped else ''}"


def main() -> None:
    arguments = _arguments()
    engines = Engines(arguments.stt, arguments.threads)
    try:
        settings, costs = settings_of(arguments.set), Costs(hearing=arguments.hearing_ms)
        made = trials(engines, settings, arguments.bids, arguments.echo_db, costs)
    finally:
        engines.close()
    summary = asdict(summarized(made))
    print(json.dumps(summary, indent=1))
    written = {
        "command": asked_for(),
        "machine": machine.description(),
        "summary": summary,
        "trials": [asdict(one) for one in made],
    }
    arguments.out.write_text(json.dumps(written, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stt", default="whisper-tiny.en", help="speech recognition model")
    parser.add_argument("--threads", type=int, default=0, help="whisper's")
    parser.add_argument("--bids", type=int, default=40, help="how many recordings of people")
    parser.add_argument("--echo-db", type=float, default=-20.0, help="of the echo at the microphone")
    parser.add_argument(
        "--hearing-ms", type=float, default=250.0, help="time that whisper takes on the virtual clock"
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as in the settings file")
    parser.add_argument("--out", type=Path, default=RESULTS / "barge-in.json", help="where the figures go")
    return parser.parse_args()


if __name__ == "__main__":
    main()
