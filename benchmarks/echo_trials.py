"""The trials of ``benchmarks/echo.py``: rooms, the character talking in them, and people who talk over it."""

import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.recordings import Recorded, recordings
from voicemate.audio.acoustics import Acoustics, EchoPath, Path
from voicemate.audio.echo import Aec3Canceller, Cleaned
from voicemate.audio.echo_veto import EchoVeto
from voicemate.audio.ports import BLOCK_SAMPLES, Block
from voicemate.config import Settings
from voicemate.hearing.speech_tracker import SpeechTracker, Started, VoiceState
from voicemate.hearing.voice_activity import VoiceActivity
from voicemate.models.catalog import Role
from voicemate.models.resolve import resolve
from voicemate.sound import CLOCK_HZ, Pcm, level_dbfs, milliseconds, samples

SETTINGS = Settings()
NOISE_DBFS = -60.0
"""A quiet room."""


@dataclass(frozen=True)
class Place:
    """A room to try, and what is wrong with its devices.

    Attributes:
        drift_ppm: of the microphone's clock against the loudspeaker's, if nobody corrected it.
        jump_ms: by which the delay changes every minute, back and forth.
    """

    name: str
    acoustics: Acoustics
    drift_ppm: float = 0.0
    jump_ms: float = 0.0


def places(levels: Iterable[float]) -> Iterator[Place]:
    for level in levels:
        room = Path(level, delay_ms=60, rt60_s=0.3, seed=1)
        yield Place("living room", Acoustics(room))
        yield Place("loudspeaker that saturates", Acoustics(room, clip=0.25))
        yield Place("bare room", Acoustics(replace(room, rt60_s=0.7, direct_db=-3)))
    room = Path(-20, delay_ms=60, rt60_s=0.3, seed=1)
    yield Place("clocks 50 ppm apart", Acoustics(room), drift_ppm=50)
    yield Place("delay jumps by 40 ms each minute", Acoustics(room), jump_ms=40)


def echo_of(speech: Pcm, place: Place) -> Pcm:
    """What of ``speech`` reaches the microphone."""
    assert place.acoustics.echo
    path = EchoPath(place.acoustics)
    whole = speech[: len(speech) // BLOCK_SAMPLES * BLOCK_SAMPLES]
    echo = np.concatenate([path.push(block) for block in whole.reshape(-1, BLOCK_SAMPLES)])
    delay = np.full(len(echo), float(path.delay))
    delay += np.arange(len(echo)) * place.drift_ppm * 1e-6
    delay += np.arange(len(echo)) // (60 * CLOCK_HZ) % 2 * samples(place.jump_ms)
    return np.interp(np.arange(len(echo)) - delay, np.arange(len(echo)), echo, left=0).astype(np.float32)


def noise(n: int) -> Pcm:
    return np.random.default_rng(2).standard_normal(n, dtype=np.float32) * np.float32(10 ** (NOISE_DBFS / 20))


def clean(near: Pcm, far: Pcm) -> list[Cleaned]:
    canceller = Aec3Canceller()
    cleaned = []
    for at in range(0, min(len(near), len(far)) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
        block = Block(at, near[at : at + BLOCK_SAMPLES])
        begin = at + canceller.lead
        cleaned.append(canceller.process(block, _cut(far, begin, begin + BLOCK_SAMPLES)))
    return cleaned


@dataclass
class Heard:
    """What the ears make of cleaned blocks: each one's probability of a voice, and where one was confirmed."""

    voice: list[float]
    onsets: list[int]


def hear(cleaned_blocks: list[Cleaned], veto: bool) -> Heard:
    """Listen as in a conversation while the character speaks; every utterance is closed a second after its onset.

    Args:
        veto: an onset waits until the echo does not explain it.
    """
    activity = VoiceActivity(resolve("silero-vad", Role.VOICE_ACTIVITY), SETTINGS.vad.gate)
    tracker = SpeechTracker(SETTINGS.vad)
    heard = Heard([], [])
    owner, began = EchoVeto(), 0
    for cleaned in cleaned_blocks:
        block, on = cleaned.block, tracker.state is not VoiceState.QUIET
        heard.voice.append(activity.probability(block.pcm, level_dbfs(block.pcm), on))
        if tracker.state in (VoiceState.SPEAKING, VoiceState.PAUSING) and block.at - began > CLOCK_HZ:
            tracker.close()
        onset = isinstance(tracker.push(block.at, block.end, heard.voice[-1]), Started)
        began = block.end if onset else began
        if owner.step(onset, tracker.voice_on, veto and cleaned.explained):
            heard.onsets.append(block.end)
    return heard


# ---------------------------------------------------------------- the character alone


SPANS_S = ((0, 1), (1, 3), (3, 10), (10, 60), (60, 600))


@dataclass(frozen=True)
class Voices:
    """What was heard of a voice: blocks with one, the longest run of them, and confirmed onsets."""

    blocks: int
    longest_run: int
    onsets: int


@dataclass(frozen=True)
class Alone:
    """The character's own speech in one place. ``vetoed``: onsets wait for what the echo does not explain."""

    place: str
    echo_db: float
    erle_db: dict[str, float | None]  # by time since it began to speak
    erle_each_second: list[float | None]  # of the first two minutes
    plain: Voices
    vetoed: Voices
    above_echo_p99: float  # dB, while the character speaks
    above_residue_p99: float
    cpu: float  # part of a core


def alone(speech: Pcm, place: Place) -> Alone:
    """Let the character talk, and nobody else."""
    assert place.acoustics.echo
    echo = echo_of(speech, place)
    began = time.process_time()
    cleaned = clean(echo + noise(len(echo)), speech)
    cpu = (time.process_time() - began) / (len(echo) / CLOCK_HZ)
    talking = [c for c in cleaned if c.delay and c.echo > NOISE_DBFS]
    return Alone(
        place=place.name,
        echo_db=place.acoustics.echo.gain_db,
        erle_db={f"{a}-{b}": _erle(cleaned[blocks(a) : blocks(b)]) for a, b in SPANS_S if blocks(a) < len(cleaned)},
        erle_each_second=[_erle(cleaned[i : i + blocks(1)]) for i in range(0, blocks(120), blocks(1))],
        plain=_voices(hear(cleaned, veto=False)),
        vetoed=_voices(hear(cleaned, veto=True)),
        above_echo_p99=round(float(np.percentile([c.above_echo for c in talking], 99)), 1),
        above_residue_p99=round(float(np.percentile([c.above_residue for c in talking], 99)), 1),
        cpu=round(cpu, 4),
    )


def blocks(seconds: float) -> int:
    return round(seconds * CLOCK_HZ / BLOCK_SAMPLES)


def _erle(cleaned: list[Cleaned]) -> float | None:
    """Echo return loss enhancement (ITU-T G.168): how much quieter the microphone's sound became, in dB.

    Only moments in which the echo is well above the room's noise count; None if there are none.
    """
    loud = [c for c in cleaned if c.near > NOISE_DBFS + 10]
    if not loud:
        return None
    near, left = (
        sum(10 ** (level / 10) for level in levels)
        for levels in zip(*((c.near, c.cleaned) for c in loud), strict=True)
    )
    return round(10 * float(np.log10(near / left)), 1)


def _voices(heard: Heard) -> Voices:
    voiced = [voice >= SETTINGS.vad.threshold for voice in heard.voice]
    longest = max((sum(1 for _ in run) for on, run in itertools.groupby(voiced) if on), default=0)
    return Voices(sum(voiced), longest, len(heard.onsets))


# ---------------------------------------------------------------- a person over the character


@dataclass(frozen=True)
class Clip:
    """Somebody says something. ``onset``: where the manifest says their voice begins; ``seen``: where it is confirmed
    while the character is silent."""

    name: str
    pcm: Pcm
    onset: int
    seen: int


LONGEST_CLIP_S = 5


@dataclass(frozen=True)
class Over:
    """One recording over the character's voice."""

    place: str
    echo_db: float
    clip: str
    over_echo_db: float  # the person's level above the echo's
    late_ms: float | None  # onset confirmed, against the same clip while the character is silent; None: never
    late_ms_vetoed: float | None
    kept_db: float  # energy of the person's sound that is left


WARM_S = 10
"""The character has talked for so long when the first person speaks over it."""

BETWEEN_S = 2.5


def over(speech: Pcm, place: Place, clips: list[Clip]) -> list[Over]:
    """The clips one after the other, each begun at a moment at which the character is talking."""
    assert place.acoustics.echo
    echo = echo_of(speech, place)
    person, begins = _at_the_same_time(clips, speech[: len(echo)])
    cleaned = clean(echo + person + noise(len(echo)), speech)
    plain, vetoed = hear(cleaned, veto=False), hear(cleaned, veto=True)
    ears = _in_place(cleaned)
    rows = []
    for clip, begin in zip(clips, begins, strict=False):
        talk = slice(begin + clip.onset, begin + len(clip.pcm))
        rows.append(
            Over(
                place.name,
                place.acoustics.echo.gain_db,
                clip.name,
                round(level_dbfs(person[talk]) - level_dbfs(echo[talk]), 1),
                _late(plain, clip, begin),
                _late(vetoed, clip, begin),
                _kept(person[talk], ears[talk]),
            )
        )
    return rows


def _at_the_same_time(clips: list[Clip], speech: Pcm) -> tuple[Pcm, list[int]]:
    """The clips on the character's time line, and where each begins."""
    person, begins, at = np.zeros_like(speech), [], WARM_S * CLOCK_HZ
    for clip in clips:
        while at + len(clip.pcm) < len(speech) and level_dbfs(speech[at + clip.onset :][: samples(200)]) < -35:
            at += samples(100)
        if at + len(clip.pcm) >= len(speech):
            break
        at -= at % BLOCK_SAMPLES  # where the clip was cut into blocks when it was heard alone
        person[at : at + len(clip.pcm)] = clip.pcm
        begins.append(at)
        at += len(clip.pcm) + samples(BETWEEN_S * 1000)
    return person, begins


def _in_place(cleaned: list[Cleaned]) -> Pcm:
    """What the ears get, each block where its sound belongs."""
    ears = np.zeros(len(cleaned) * BLOCK_SAMPLES, dtype=np.float32)
    for one in cleaned:
        at = max(0, one.block.at - one.delay)
        ears[at : at + BLOCK_SAMPLES] = one.block.pcm
    return ears


def _late(heard: Heard, clip: Clip, begin: int) -> float | None:
    """How much later than alone its voice was confirmed, in ms; None if it never was."""
    within = (at for at in heard.onsets if begin + clip.onset < at <= begin + len(clip.pcm) + BLOCK_SAMPLES)
    onset = next(within, None)
    return None if onset is None else round(milliseconds(onset - begin - clip.seen))


def _kept(person: Pcm, ears: Pcm) -> float:
    """Energy of the person's sound in what the ears get, relative to what they said, while they speak (dB).

    In each 32 ms what the ears get is projected on what the person said: echo and noise do not count as theirs.
    """
    n = len(person) // BLOCK_SAMPLES
    said, got = (x[: n * BLOCK_SAMPLES].reshape(n, -1).astype(np.float64) for x in (person, ears))
    power, shared = np.sum(said**2, axis=1), np.sum(said * got, axis=1)
    speaking = power > BLOCK_SAMPLES * 10 ** (-50 / 10)
    left = np.sum(np.maximum(0, shared[speaking]) ** 2 / power[speaking])
    return round(10 * float(np.log10(max(left, 1e-9) / max(float(np.sum(power[speaking])), 1e-9))), 1)


def people(count: int) -> list[Clip]:
    """Clips from just before their first word on, faded in."""
    speakers = [r for r in recordings() if r.kind == "speech"]
    chosen = np.random.default_rng(3).permutation(len(speakers))
    clips = (_from_first_word(speakers[i]) for i in chosen)
    return list(itertools.islice((clip for clip in clips if clip), count))


def _from_first_word(recorded: Recorded) -> Clip | None:
    """None if its voice is not heard even while the character is silent, or before its first word."""
    begin = max(0, samples((recorded.speech_start_s - 0.15) * 1000))
    pcm = recorded.pcm()[begin : begin + samples(LONGEST_CLIP_S * 1000)].copy()
    ramp = samples(50)
    pcm[:ramp] *= np.linspace(0, 1, ramp, dtype=np.float32)
    onset = samples(recorded.speech_start_s * 1000) - begin
    quiet = silence(1.0 - 1.0 % (BLOCK_SAMPLES / CLOCK_HZ))
    alone = np.concatenate([quiet, pcm, silence(0.3)])
    heard = hear(clean(alone + noise(len(alone)), np.zeros_like(alone)), veto=False)
    seen = [at - len(quiet) for at in heard.onsets if at - len(quiet) > onset]
    return Clip(recorded.name, pcm, onset, seen[0]) if seen and len(seen) == len(heard.onsets) else None


def silence(seconds: float) -> Pcm:
    return np.zeros(round(seconds * CLOCK_HZ), dtype=np.float32)


def _cut(pcm: Pcm, begin: int, end: int) -> Pcm:
    """``pcm[begin:end]``, with zeros where there is nothing."""
    out = np.zeros(end - begin, dtype=np.float32)
    first, last = max(begin, 0), min(end, len(pcm))
    if first < last:
        out[first - begin : last - begin] = pcm[first:last]
    return out
