"""Counts phantom turns: the character in rooms where people do not talk to it.

    python benchmarks/phantom.py

Each runs for ten minutes through the whole conversation on the virtual clock (``scene.py``): recordings without
speech, one after another; music; the babble of five people; two people who talk at once; and a television (clear
voices with music). It counts turns, and lists rejected sounds with the evidence. The last two have intelligible
words, so they also run with a wake phrase.

Results go to ``benchmarks/results/phantom.json``.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.kept import Kept
from benchmarks.phantom_sounds import Sounding, soundings
from benchmarks.scene import Engines, FixedReplyModel, scene, settings_of
from voicemate.config.schema import Settings
from voicemate.core.events import SpeechRejected, SpeechStarted, Transcribed, TurnEnded
from voicemate.core.pcm import CLOCK_HZ, AudioClip
from voicemate.testing.virtual_time import run_virtual

RESULTS = Path(__file__).parent / "results"
NO_DRAFTS = "stt.interim_transcripts = false"
"""Interim transcripts decide nothing, and would take half of the run time."""


@dataclass(frozen=True)
class Listened:
    """What a conversation made of one kind of sound.

    Attributes:
        wake_phrase: the character must be called by its name.
        voices: how often a voice was detected.
        turns: phantom turns.
        words: of those turns, with their times (s).
        dismissed: how often sound was rejected, by the evidence.
    """

    sound: str
    wake_phrase: bool
    minutes: float
    voices: int
    turns: int
    words: list[tuple[float, str]]
    dismissed: dict[str, int]

    @property
    def turns_per_hour(self) -> float:
        return 60 * self.turns / self.minutes


def listen_to_all(engines: Engines, settings: Settings, asked: argparse.Namespace) -> Iterator[Listened]:
    """Run every selected kind; those with words also with a wake phrase."""
    attention = settings.attention.model_copy(update={"wake_phrase": "name"})
    named = settings.model_copy(update={"attention": attention})
    for sounding in soundings(60 * asked.minutes, asked.level, asked.part):
        if asked.sound in sounding.name:
            yield run_virtual(listen(engines, settings, sounding))
            if sounding.speech:
                yield run_virtual(listen(engines, named, sounding))


async def listen(engines: Engines, settings: Settings, sounding: Sounding) -> Listened:
    async with scene(engines, settings, FixedReplyModel("I see.")) as now:
        now.room.say_at(AudioClip(sounding.pcm, CLOCK_HZ), now.clock.now())
        await asyncio.sleep(len(sounding.pcm) / CLOCK_HZ + 5)
        finals = [(round(told.at / CLOCK_HZ, 1), told.text) for told in now.of(Transcribed) if told.final]
        return Listened(
            sound=sounding.name,
            wake_phrase=bool(settings.attention.wake_phrase),
            minutes=len(sounding.pcm) / CLOCK_HZ / 60,
            voices=len(now.of(SpeechStarted)),
            turns=len(now.of(TurnEnded)),
            words=finals,
            dismissed=dict(Counter(told.reason for told in now.of(SpeechRejected)).most_common()),
        )


def shown(heard: Listened) -> str:
    name = heard.sound + (", wake phrase" if heard.wake_phrase else "")
    told = f"{name:28} {heard.turns:3} turns, {heard.voices:3} voices; {heard.dismissed}"
    return "\n".join([told, *(f"    {at:6} s {words[:100]!r}" for at, words in heard.words)])


def main() -> None:
    arguments = _arguments()
    engines = Engines(arguments.stt, arguments.threads)
    kept = Kept(arguments.out, ("sound", "wake_phrase"))
    try:
        settings = settings_of([NO_DRAFTS, *arguments.set])
        for heard in listen_to_all(engines, settings, arguments):
            print(shown(heard), flush=True)
            kept.put(heard)
    finally:
        engines.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stt", default="whisper-tiny.en", help="speech recognition model")
    parser.add_argument("--threads", type=int, default=0, help="whisper's")
    parser.add_argument("--minutes", type=float, default=10, help="of each kind of sound")
    parser.add_argument("--level", type=float, default=-35, help="of music, chatter and television, in dBFS")
    parser.add_argument("--part", choices=("all", "even", "odd"), default="all", help="of the recordings")
    parser.add_argument("--sound", default="", help="only the kinds with this in their names")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as in the settings file")
    parser.add_argument("--out", type=Path, default=RESULTS / "phantom.json", help="where the figures go")
    return parser.parse_args()


if __name__ == "__main__":
    main()
