"""Talking over the character: how soon it is silent, what it mistakes for a bid, and whether it knows what was heard.

    python benchmarks/barge_in.py

The whole conversation runs in the simulated room on the virtual clock: real ears, echo canceller, whisper, voice and
floor; the language model is a script that tells one long story, and whisper's time is taken to be ``--hearing-ms``.
While the character tells its story (with echo, ``--echo-db``), one sound is made over it:

- *bids*: recordings of people who speak;
- *others*: signs of listening (synthesised), coughs and claps (made of noise), keyboards, doors, alarms.

For a bid the time counts from the first sample of the person's speech to the last sample before the loudspeaker
falls silent. A false stop is a sound that is none and ended the reply. A reply that went on must have been heard to
its last word, with not one sample of it missing. The heard prefix is compared with what whisper finds in the
recording of the loudspeaker.
"""

import argparse
import asyncio
import json
import statistics
import sys
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import machine
from benchmarks.recordings import recordings
from voicemate.app import load_synthesizer
from voicemate.audio.acoustics import Acoustics
from voicemate.audio.acoustics import Path as Carried
from voicemate.audio.clock import SampleClock
from voicemate.audio.echo import echo_canceller
from voicemate.audio.room import Room
from voicemate.audio.virtual_time import run_virtual
from voicemate.bench.word_errors import errors, plain_words
from voicemate.config import Settings, engine_threads
from voicemate.conversation.attention import Attention
from voicemate.conversation.dialogue import Dialogue
from voicemate.conversation.floor import Floor
from voicemate.conversation.microphone_gate import MicrophoneGate
from voicemate.conversation.session import Parts, Session
from voicemate.events import (
    Dismissed,
    Event,
    EventStream,
    FloorChanged,
    FloorState,
    Heard,
    ReplyEnded,
    RolledBack,
    TurnEnded,
)
from voicemate.hearing.ears import Ears
from voicemate.hearing.listener import Listener
from voicemate.hearing.transcript import Transcript
from voicemate.hearing.voice_activity import VoiceActivity
from voicemate.hearing.whisper import Whisper
from voicemate.models.catalog import Role
from voicemate.models.resolve import resolve
from voicemate.personas.persona import Persona, Sampling, Voice
from voicemate.sound import CLOCK_HZ, Pcm, Sound, samples
from voicemate.speaking.synthesizer import VoiceInfo
from voicemate.thinking.context import Context
from voicemate.thinking.mind import Message

RESULTS = Path(__file__).parent / "results"
STORY = (
    "Long ago an old woman lived by the harbour and mended nets for the fishermen. Every evening she walked to the "
    "end of the pier and counted the boats as they came home. One night there was a boat too many. It had no name "
    "and no lamp, and nobody on board answered when she called. She took a lantern, climbed down the ladder and "
    "found a small grey cat asleep on a coil of rope. She carried it home under her coat, and from that day on it "
    "counted the boats with her."
)
PERSONA = Persona(name="Teller", description="Tells a story.", voice=Voice(language="en"))
AUDIBLE_DBFS = -50.0
TOLD = (Dismissed, FloorChanged, Heard, ReplyEnded, RolledBack, TurnEnded)
SILENT_MS = 150
"""The loudspeaker counts as silent after this long without a louder sample; words have shorter gaps between them."""


@dataclass(frozen=True)
class Given:
    """A sound made over the character's voice; ``onset_ms`` is where in it the person's speech begins."""

    name: str
    bid: bool
    pcm: Pcm
    onset_ms: float = 0.0


@dataclass(frozen=True)
class Trial:
    """What came of it."""

    name: str
    bid: bool
    stopped: bool
    paused: bool
    silent_after_ms: float | None
    heard_words: int
    found_words: int | None
    complete: bool
    events: list[str]


def main() -> None:
    arguments = _arguments()
    sounds = given_sounds(arguments.bids)
    engines = Engines(arguments)
    trials = []
    try:
        for number, sound in enumerate(sounds):
            trial = run_virtual(Scene(engines, arguments, seed=number).play(sound))
            trials.append(trial)
            print(shown(trial), flush=True)
    finally:
        engines.close()
    summary = summarized(trials)
    print(json.dumps(summary, indent=1))
    if arguments.out:
        written = {
            "command": " ".join(["benchmarks/barge_in.py", *sys.argv[1:]]),
            "machine": machine.description(),
            "summary": summary,
            "trials": [kept(trial, arguments.events) for trial in trials],
        }
        arguments.out.write_text(json.dumps(written, indent=1) + "\n")


def kept(trial: Trial, with_events: bool) -> dict[str, object]:
    return {name: value for name, value in asdict(trial).items() if with_events or name != "events"}


def summarized(trials: Sequence[Trial]) -> dict[str, object]:
    bids, others = [t for t in trials if t.bid], [t for t in trials if not t.bid]
    silent = sorted(t.silent_after_ms for t in bids if t.silent_after_ms is not None)
    off = [abs(t.heard_words - t.found_words) for t in trials if t.found_words is not None]
    return {
        "bids": len(bids),
        "bids_that_stopped_it": sum(t.stopped for t in bids),
        "silent_after_ms_median": round(statistics.median(silent)) if silent else None,
        "silent_after_ms_p90": round(float(np.quantile(silent, 0.9))) if silent else None,
        "others": len(others),
        "false_stops": sum(t.stopped for t in others),
        "others_that_paused_it": sum(t.paused for t in others),
        "others_after_which_it_went_on_whole": sum(t.complete for t in others if not t.stopped),
        "heard_prefix_within_a_word": sum(words <= 1 for words in off),
        "heard_prefixes": len(off),
    }


def shown(trial: Trial) -> str:
    after = "" if trial.silent_after_ms is None else f"silent after {trial.silent_after_ms:.0f} ms"
    did = "stopped" if trial.stopped else "paused" if trial.paused else "went on"
    found = (
        "" if trial.found_words is None else f"heard {trial.heard_words} words, recording holds {trial.found_words}"
    )
    return f"{'bid  ' if trial.bid else 'other'} {trial.name:60} {did:8} {after:22} {found}"


# ---------------------------------------------------------------- the sounds


def given_sounds(bids: int) -> list[Given]:
    speech = [
        Given(clip.name, True, clip.pcm()[: 8 * CLOCK_HZ], clip.speech_start_s * 1000)
        for clip in recordings()
        if clip.kind == "speech" and clip.language == "en" and clip.transcript and clip.speech_end_s > 0
    ]
    step = max(1, len(speech) // bids)
    noises = [
        Given(clip.name, False, clip.pcm()[: 4 * CLOCK_HZ])
        for clip in recordings()
        if clip.kind == "nonspeech" and any(word in clip.name for word in ("typing", "alarm", "activation", "empty"))
    ]
    return [*speech[::step][:bids], *noises, *made_of_noise(), *signs_of_listening()]


def made_of_noise() -> list[Given]:
    """Coughs (one to three bursts that decay, coloured like a vocal tract) and claps, as loud as speech."""
    given = []
    for seed in range(8):
        random = np.random.default_rng(seed)
        bursts = []
        for _ in range(1 + seed % 3):
            length = random.uniform(0.12, 0.3)
            time = np.arange(int(length * CLOCK_HZ)) / CLOCK_HZ
            burst = random.standard_normal(len(time)) * np.exp(-time / (length / 3))
            hollow = np.convolve(burst, np.hanning(int(random.uniform(6, 24))), mode="same")
            bursts += [hollow / np.max(np.abs(hollow)) * 0.3, np.zeros(samples(random.uniform(80, 250)))]
        given.append(Given(f"cough {seed}", False, np.concatenate(bursts).astype(np.float32)))
    for seed in range(4):
        time = np.arange(samples(60)) / CLOCK_HZ
        clap = np.random.default_rng(100 + seed).standard_normal(len(time)) * np.exp(-time / 0.008)
        given.append(Given(f"clap {seed}", False, (0.4 * clap / np.max(np.abs(clap))).astype(np.float32)))
    return given


def signs_of_listening() -> list[Given]:
    """What listeners say, by voices that are not the character's."""
    said = ["Mm-hmm.", "Uh-huh.", "Yeah.", "Right.", "Okay.", "I see.", "Oh.", "Wow."]
    synthesizer = load_synthesizer(Settings(), PERSONA)

    async def all_of_them() -> list[Given]:
        voices = [voice.id for voice in await synthesizer.voices() if "en" in voice.languages][:2] or [""]
        given = []
        for text in said:
            for pitch, name in enumerate(voices):
                sound = await synthesizer.render(text, Voice(language="en", id=name, rate=150))
                pcm = at_clock_rate(sound)
                given.append(Given(f"“{text}” {pitch}", False, 0.25 * pcm / np.max(np.abs(pcm))))
        await synthesizer.close()
        return given

    return asyncio.run(all_of_them())


def at_clock_rate(sound: Sound) -> Pcm:
    import soxr

    return np.asarray(soxr.resample(sound.pcm, sound.rate, CLOCK_HZ), dtype=np.float32)


# ---------------------------------------------------------------- the scene


class Engines:
    """What all scenes share."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.settings = Settings()
        threads = arguments.threads or engine_threads(0)
        self.whisper = Whisper(resolve(arguments.stt, Role.HEARING), threads)
        self.silero = resolve("silero-vad", Role.VOICE_ACTIVITY)
        self._sounds: dict[str, Sound] = {}
        self._synthesizer = load_synthesizer(self.settings, PERSONA)

    async def sound(self, text: str, voice: Voice) -> Sound:
        if text not in self._sounds:
            self._sounds[text] = await self._synthesizer.render(text, voice)
        return self._sounds[text]

    def close(self) -> None:
        self.whisper.close()
        asyncio.run(self._synthesizer.close())


@dataclass
class Teller:
    """A language model that only knows the story."""

    async def reply(self, messages: Sequence[Message], sampling: Sampling, seed: int) -> AsyncGenerator[str]:
        await asyncio.sleep(0.08)
        for word in STORY.split(" "):
            yield word + " "
            await asyncio.sleep(0.01)

    async def warm(self, messages: Sequence[Message]) -> None:
        pass

    async def completeness(self, messages: Sequence[Message]) -> float:
        return 0.5

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return 10 * len(messages)

    def close(self) -> None:
        pass


@dataclass
class Timed:
    """Whisper, taking a given time on the virtual clock."""

    whisper: Whisper
    ms: float

    async def transcribe(self, pcm: Pcm, language: str = "auto", prompt: str = "") -> Transcript:
        transcript = await self.whisper.transcribe(pcm, "en", prompt)
        await asyncio.sleep(self.ms / 1000)
        return transcript

    async def draft(self, pcm: Pcm, language: str = "auto") -> Transcript:
        return await self.transcribe(pcm, language)

    def close(self) -> None:
        pass


@dataclass
class Cached:
    """The character's voice; every phrase is rendered once."""

    engines: Engines

    async def render(self, text: str, voice: Voice) -> Sound:
        sound = await self.engines.sound(text, voice)
        await asyncio.sleep(0.01)
        return sound

    async def voices(self) -> list[VoiceInfo]:
        return []

    async def close(self) -> None:
        pass


@dataclass
class Scene:
    """One conversation in which one sound is made over the character's voice."""

    engines: Engines
    arguments: argparse.Namespace
    seed: int
    events: list[Event] = field(default_factory=list)

    async def play(self, given: Given) -> Trial:
        settings, clock = self.engines.settings, SampleClock()
        echo = Carried(gain_db=self.arguments.echo_db, delay_ms=12, rt60_s=0.25)
        room = Room(clock, noise_dbfs=-62, seed=self.seed, acoustics=Acoustics(echo=echo, clip=0.8))
        session = self._session(settings, clock, room)
        await room.microphone.open()
        conversation = asyncio.create_task(session.run())
        try:
            session.ask("tell me a story")
            spoken_for = 3.0 + 4.0 * np.random.default_rng(self.seed).random()
            await self._until(lambda: self._state() is FloorState.SPEAKING)
            await asyncio.sleep(spoken_for)
            began = clock.now()
            await room.say(Sound(given.pcm, CLOCK_HZ))
            await self._until(lambda: bool(self._ended()), patience_s=40)
        finally:
            conversation.cancel()
            await asyncio.gather(conversation, return_exceptions=True)
        return await self._judged(given, room, began + samples(given.onset_ms))

    def _session(self, settings: Settings, clock: SampleClock, room: Room) -> Session:
        activity = VoiceActivity(self.engines.silero, settings.vad.gate)
        mind = Teller()
        parts = Parts(
            microphone=room.microphone,
            loudspeaker=room.loudspeaker,
            clock=clock,
            listener=Listener(
                Ears(activity, settings.vad, 20), Timed(self.engines.whisper, self.arguments.hearing_ms)
            ),
            dialogue=Dialogue(PERSONA, mind, Context(PERSONA, 2048, mind.count_tokens), seed=1),
            synthesizer=Cached(self.engines),
            gate=MicrophoneGate(echo_canceller("on", lambda: "room"), room.loudspeaker),
            attention=Attention(settings.attention, PERSONA.name),
            follow=False,
        )
        events = EventStream()
        events.subscribe(self.events.append)
        return Session(parts, Floor(settings.endpoint, settings.barge_in, settings.push_to_talk), events)

    async def _judged(self, given: Given, room: Room, onset: int) -> Trial:
        (ended, *_) = self._ended() or [None]
        stopped = ended is not None and ended.interrupted
        heard = ended.heard if ended else ""
        air = room.recording()[:, 1]
        silent = silence_after(air, onset)
        found = None
        if stopped:
            found = await self._words_in(air[: onset + silent + samples(60)])
        return Trial(
            name=given.name,
            bid=given.bid,
            stopped=stopped,
            paused=any(isinstance(e, FloorChanged) and e.state is FloorState.YIELDING for e in self.events),
            silent_after_ms=1000 * silent / CLOCK_HZ if given.bid and stopped else None,
            heard_words=len(heard.split()),
            found_words=found,
            complete=heard.split() == STORY.split(),
            events=[str(event) for event in self.events if isinstance(event, TOLD)],
        )

    async def _words_in(self, air: Pcm) -> int:
        """How many words of the story the recording holds: the prefix that is most like its transcript."""
        loud = np.flatnonzero(np.abs(air) > 10 ** (AUDIBLE_DBFS / 20))
        tail = np.ascontiguousarray(air[loud[0] : loud[-1] + samples(200)][-28 * CLOCK_HZ :])
        said = plain_words((await self.engines.whisper.transcribe(tail, "en")).text, "en")
        story = STORY.split()
        return min(
            range(1, len(story) + 1),
            key=lambda n: (errors(plain_words(" ".join(story[:n]), "en"), said), abs(n - len(said))),
        )

    def _state(self) -> FloorState | None:
        return next((e.state for e in reversed(self.events) if isinstance(e, FloorChanged)), None)

    def _ended(self) -> list[ReplyEnded]:
        return [event for event in self.events if isinstance(event, ReplyEnded)]

    async def _until(self, happened, patience_s: float = 60.0) -> None:
        for _ in range(round(patience_s / 0.02)):
            if happened():
                return
            await asyncio.sleep(0.02)


def silence_after(air: Pcm, onset: int) -> int:
    """Samples from ``onset`` to the last audible one before the loudspeaker falls silent."""
    audible = np.flatnonzero(np.abs(air[onset:]) > 10 ** (AUDIBLE_DBFS / 20))
    if len(audible) == 0:
        return 0
    if audible[0] > samples(SILENT_MS):
        return 0
    gaps = np.flatnonzero(np.diff(audible) > samples(SILENT_MS))
    return int(audible[gaps[0]] if len(gaps) else audible[-1])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stt", default="whisper-tiny.en", help="hearing model")
    parser.add_argument("--threads", type=int, default=0, help="whisper's")
    parser.add_argument("--bids", type=int, default=40, help="how many recordings of people")
    parser.add_argument(
        "--echo-db", type=float, default=-20.0, help="echo at the microphone, against the loudspeaker"
    )
    parser.add_argument("--hearing-ms", type=float, default=250.0, help="what whisper takes on the virtual clock")
    parser.add_argument("--events", action="store_true", help="keep what happened in each trial, too")
    parser.add_argument("--out", type=Path, default=RESULTS / "barge-in.json", help="where the figures go")
    return parser.parse_args()


if __name__ == "__main__":
    main()
