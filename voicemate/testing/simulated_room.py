"""The simulated room: a microphone and a speaker without any hardware.

People and the character's speaker play into it, and both are recorded on one time line. ``Acoustics`` describes how
it carries sound; by default the microphone picks up only the person. The same code runs in real time on an ordinary
event loop, and on virtual time as fast as the machine can. The speaker is exact to the sample.
"""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import soxr

from voicemate.audio.interfaces import BLOCK_SAMPLES, Block, HealthListener, Span
from voicemate.audio.output.mixer import Mixer
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError
from voicemate.core.pcm import CLOCK_HZ, AudioClip, Pcm, to_samples
from voicemate.testing.acoustics import AcousticPath, Acoustics, SimulatedEcho

NO_ECHO = Acoustics()

FILL_SAMPLES = to_samples(10)
"""Samples that the speaker plays at once. A clip after ``stop`` begins with the first piece after the fade."""

POLL_S = 0.032
"""How often a person who waits for the character checks whether it is done (s)."""


class SimulatedRoom:
    """A room with a person, a character and other people. Everything belongs to the loop's thread.

    Args:
        clock: the conversation's.
        noise_dbfs: level of the microphone's own noise (white); None for digital silence.
        seed: of that noise.
        acoustics: how the room carries sound.

    Attributes:
        acoustics: how the room carries sound now.
        microphone, speaker: what the conversation uses.
    """

    def __init__(
        self, clock: SampleClock, noise_dbfs: float | None = None, seed: int = 0, acoustics: Acoustics = NO_ECHO
    ) -> None:
        self._clock = clock
        self._noise = 0.0 if noise_dbfs is None else 10 ** (noise_dbfs / 20)
        self._random = np.random.default_rng(seed)
        self._speech: list[tuple[int, Pcm]] = []  # not yet picked up to its end
        self._recorded: list[tuple[int, Pcm]] = []
        self._speech_end = 0
        self.microphone = SimulatedMicrophone(self, clock)
        self.speaker = SimulatedSpeaker(clock)
        self.set_acoustics(acoustics)

    def set_acoustics(self, acoustics: Acoustics) -> None:
        """Change how the room carries sound, as when headphones are unplugged."""
        self.acoustics = acoustics
        self._echo = SimulatedEcho(acoustics) if acoustics.echo else None

    # ------------------------------------------------------------ people

    async def say(self, clip: AudioClip, path: AcousticPath | None = None) -> int:
        """Say ``clip`` now; return the clock position of its end when that is reached."""
        end = self.say_at(clip, self._clock.now(), path)
        await self._wait_until(end)
        return end

    def say_at(self, clip: AudioClip, at: int, path: AcousticPath | None = None) -> int:
        """Say ``clip`` from clock position ``at`` on, or from the next sample if that has passed.

        Args:
            clip: what to say.
            at: clock position.
            path: to the microphone; by default the person's, for another person ``acoustics.other`` or any other.

        Returns:
            The clock position at which its end reaches the microphone, without reverberation.
        """
        path = path or self.acoustics.person
        pcm = clip.pcm if clip.rate == CLOCK_HZ else soxr.resample(clip.pcm, clip.rate, CLOCK_HZ)
        at = max(at + path.delay, self.microphone.at)
        self._speech.append((at, path.apply(np.asarray(pcm, dtype=np.float32))))
        end = at + len(pcm)
        self._speech_end = max(self._speech_end, end)
        return end

    async def wait_until_quiet(self, quiet_s: float = 1.0) -> None:
        """Wait until the character has been silent for ``quiet_s``."""
        await self._wait_until_silent_for(to_samples(quiet_s * 1000))

    async def wait_until_answered(self, quiet_s: float = 1.0, timeout_s: float = 30.0) -> bool:
        """Wait until the character has spoken from now on, and been silent for ``quiet_s`` again.

        Returns:
            False if it has not begun within ``timeout_s``.
        """
        deadline = self._clock.now() + to_samples(timeout_s * 1000)
        while self.speaker.idle():
            if self._clock.now() >= deadline:
                return False
            await asyncio.sleep(POLL_S)
        await self._wait_until_silent_for(to_samples(quiet_s * 1000))
        return True

    def end_input(self) -> None:
        """End the microphone after what has been said."""
        self.microphone.end_at(self._speech_end)

    async def _wait_until_silent_for(self, quiet: int) -> None:
        silent_since = self._clock.now()
        while self._clock.now() < silent_since + quiet:
            await asyncio.sleep(POLL_S)
            if not self.speaker.idle():
                silent_since = self._clock.now()

    async def _wait_until(self, sample: int) -> None:
        await asyncio.sleep(max(0.0, self._clock.time_of(sample) - self._clock.time()))

    # ------------------------------------------------------------ the air

    def microphone_audio(self, begin: int, end: int) -> Pcm:
        """Return what reaches the microphone from clock position ``begin`` to ``end``. Call it in order."""
        air = self._random.standard_normal(end - begin, dtype=np.float32) * np.float32(self._noise)
        for sound in self.acoustics.background:
            air += sound.between(begin, end)
        _mix(air, begin, self._speech)
        self._speech = [(at, pcm) for at, pcm in self._speech if at + len(pcm) > end]
        self._recorded.append((begin, air))
        if self._echo is None:
            return air
        return air + self._echo.between(begin, end, self.speaker.aec_reference)

    def recording(self) -> Pcm:
        """Return all audio since the clock began, 16 kHz, shape ``[n, 2]``.

        Left is what the microphone picked up, without echo; right is the character.
        """
        now = self._clock.now()
        both = np.zeros((now, 2), dtype=np.float32)
        _mix(both[:, 0], 0, self._recorded)
        _mix(both[:, 1], 0, self.speaker.played())
        return both


def _mix(air: Pcm, begin: int, clips: list[tuple[int, Pcm]]) -> None:
    """Add to ``air``, which begins at clock position ``begin``, the parts of ``clips`` that overlap it."""
    for at, pcm in clips:
        first, last = max(at, begin), min(at + len(pcm), begin + len(air))
        if first < last:
            air[first - begin : last - begin] += pcm[first - at : last - at]


class _SimulatedDevice:
    """What the room's two devices share."""

    def __init__(self, clock: SampleClock) -> None:
        self._clock = clock
        self._listeners: list[HealthListener] = []

    @property
    def name(self) -> str:
        """See ``Microphone.name``."""
        return "simulated room"

    def add_health_listener(self, listener: HealthListener) -> None:
        """See ``Microphone.add_health_listener``."""
        self._listeners.append(listener)

    def report_fault(self, error: AudioError | None) -> None:
        """Report to the conversation that the device is faulty, or with None that it works again."""
        for listener in self._listeners:
            listener(error)


class SimulatedMicrophone(_SimulatedDevice):
    """The room's microphone: each block comes at the time of its last sample.

    Attributes:
        at: clock position of the next block.
    """

    def __init__(self, room: SimulatedRoom, clock: SampleClock) -> None:
        super().__init__(clock)
        self._room = room
        self._open = False
        self._end: int | None = None
        self.at = 0

    def end_at(self, sample: int) -> None:
        """Deliver nothing from ``sample`` on, except the rest of its block."""
        self._end = sample

    async def open(self) -> None:
        """See ``Microphone.open``."""
        self._open = True
        self.at = max(self.at, self._clock.now())

    async def blocks(self) -> AsyncIterator[Block]:
        """See ``Microphone.blocks``."""
        while self._open and (self._end is None or self.at < self._end):
            time = self._clock.time_of(self.at + BLOCK_SAMPLES)
            await asyncio.sleep(max(0.0, time - self._clock.time()))
            if self._open:
                block = Block(self.at, self._room.microphone_audio(self.at, self.at + BLOCK_SAMPLES))
                self.at = block.end
                yield block

    def set_grouping(self, grouped: bool) -> None:
        """Do nothing: groups would save nothing here."""

    async def close(self) -> None:
        """See ``Microphone.close``."""
        self._open = False


class SimulatedSpeaker(_SimulatedDevice):
    """The room's speaker. It has no delay; every call first lets it play up to now."""

    def __init__(self, clock: SampleClock) -> None:
        super().__init__(clock)
        self._mixer = Mixer(CLOCK_HZ)
        self._filled_to = 0
        self._played: list[tuple[int, Pcm]] = []

    @property
    def rate(self) -> int:
        """See ``Speaker.rate``."""
        return CLOCK_HZ

    async def open(self) -> None:
        """See ``Speaker.open``."""

    async def close(self) -> None:
        """See ``Speaker.close``."""
        self.stop(0)

    def wake(self) -> None:
        """See ``Speaker.wake``."""

    def play(self, clip: AudioClip) -> Span:
        """See ``Speaker.play``."""
        pcm = clip.pcm if clip.rate == CLOCK_HZ else soxr.resample(clip.pcm, clip.rate, CLOCK_HZ)
        return self._advance().queue(np.asarray(pcm, dtype=np.float32))

    def position(self) -> int:
        """See ``Speaker.position``."""
        return self._advance().position

    def idle(self) -> bool:
        """See ``Speaker.idle``."""
        return self._advance().drained()

    def stop(self, fade_ms: float = 20) -> None:
        """See ``Speaker.stop``."""
        self._advance().stop(fade_ms)

    def pause(self, fade_ms: float = 20) -> None:
        """See ``Speaker.pause``."""
        self._advance().pause(fade_ms)

    def resume(self, fade_ms: float = 20) -> None:
        """See ``Speaker.resume``."""
        self._advance().resume(fade_ms)

    def duck(self, db: float, ramp_ms: float = 30) -> None:
        """See ``Speaker.duck``."""
        self._advance().duck(db, ramp_ms)

    def aec_reference(self, begin: int, end: int) -> Pcm:
        """See ``Speaker.aec_reference``."""
        self._advance()
        reference = np.zeros(end - begin, dtype=np.float32)
        for at, pcm in reversed(self._played):
            if at + len(pcm) <= begin:
                break
            _mix(reference, begin, [(at, pcm)])
        return reference

    def played(self) -> list[tuple[int, Pcm]]:
        """Return what was played so far, as clock positions and samples."""
        self._advance()
        return self._played

    def _advance(self) -> Mixer:
        """Let the speaker play up to now; return the mixer."""
        now = self._clock.now()
        while self._filled_to < now:
            air = np.zeros(min(FILL_SAMPLES, now - self._filled_to), dtype=np.float32)
            _, played = self._mixer.fill(air)
            if played:
                self._played.append((self._filled_to, air))
            self._filled_to += len(air)
        self._mixer.discard_played(self._mixer.position)
        return self._mixer
