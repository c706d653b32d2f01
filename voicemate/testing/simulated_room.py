"""The simulated room: a microphone and a loudspeaker without any hardware.

People say sounds into it when told, the character's loudspeaker plays into it, and both are recorded on one time
line. How it carries sound is told by ``Acoustics``; by default one hears the person and nothing else. It runs on
whatever loop it finds: in real time on the ordinary one, as fast as the machine goes on virtual time, with the same
code. The loudspeaker is exact: what is asked at some moment happens at that very sample.
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

FILL = to_samples(10)
"""The loudspeaker plays in pieces of at most this many samples: what is played right after ``stop`` waits for the
end of the piece in which the fade ends."""

POLL_S = 0.032
"""How often someone who waits for the character looks whether it is done."""


class SimulatedRoom:
    """A place for a person, a character, and whoever else is there. Everything belongs to the loop's thread.

    Args:
        clock: the conversation's.
        noise_dbfs: level of the microphone's own noise (white); None for digital silence.
        seed: of that noise.
        acoustics: how the room carries sound.

    Attributes:
        microphone, loudspeaker: what the conversation uses.
    """

    def __init__(
        self, clock: SampleClock, noise_dbfs: float | None = None, seed: int = 0, acoustics: Acoustics = NO_ECHO
    ):
        self._clock = clock
        self._noise = 0.0 if noise_dbfs is None else 10 ** (noise_dbfs / 20)
        self._random = np.random.default_rng(seed)
        self._said: list[tuple[int, Pcm]] = []  # what has not been heard to its end yet
        self._heard: list[tuple[int, Pcm]] = []
        self._last_word = 0
        self.microphone = RoomMicrophone(self, clock)
        self.speaker = RoomLoudspeaker(clock)
        self.set_acoustics(acoustics)

    def set_acoustics(self, acoustics: Acoustics) -> None:
        """From now on the room carries sound like this: somebody unplugs the headphones, or moves the microphone."""
        self.acoustics = acoustics
        self._echo = SimulatedEcho(acoustics) if acoustics.echo else None

    # ------------------------------------------------------------ people

    async def say(self, clip: AudioClip, path: AcousticPath | None = None) -> int:
        """Say ``sound`` now; returns when it is said, with the clock position of its end."""
        end = self.say_at(clip, self._clock.now(), path)
        await self._until(end)
        return end

    def say_at(self, clip: AudioClip, at: int, path: AcousticPath | None = None) -> int:
        """Say ``sound`` from clock position ``at`` on, or from the first sample that is still to come.

        Args:
            where: from where; by default the person's place, for somebody else ``acoustics.other`` or any other.

        Returns:
            The clock position at which its end reaches the microphone, without the reverberation.
        """
        path = path or self.acoustics.person
        pcm = clip.pcm if clip.rate == CLOCK_HZ else soxr.resample(clip.pcm, clip.rate, CLOCK_HZ)
        at = max(at + path.delay, self.microphone.at)
        self._said.append((at, path.apply(np.asarray(pcm, dtype=np.float32))))
        end = at + len(pcm)
        self._last_word = max(self._last_word, end)
        return end

    async def wait_until_quiet(self, quiet_s: float = 1.0) -> None:
        """Wait until the character has been silent for ``quiet_s``."""
        await self._until_silent_for(to_samples(quiet_s * 1000))

    async def wait_until_answered(self, quiet_s: float = 1.0, timeout_s: float = 30.0) -> bool:
        """Wait until the character has said something from now on and been silent for ``quiet_s`` again.

        Returns:
            False when it has not begun within ``patience_s``.
        """
        deadline = self._clock.now() + to_samples(timeout_s * 1000)
        while self.speaker.idle():
            if self._clock.now() >= deadline:
                return False
            await asyncio.sleep(POLL_S)
        await self._until_silent_for(to_samples(quiet_s * 1000))
        return True

    def end_input(self) -> None:
        """The person goes: the microphone ends after what has been said."""
        self.microphone.end_at(self._last_word)

    async def _until_silent_for(self, quiet: int) -> None:
        silent_since = self._clock.now()
        while self._clock.now() < silent_since + quiet:
            await asyncio.sleep(POLL_S)
            if not self.speaker.idle():
                silent_since = self._clock.now()

    async def _until(self, sample: int) -> None:
        await asyncio.sleep(max(0.0, self._clock.time_of(sample) - self._clock.time()))

    # ------------------------------------------------------------ the air

    def microphone_audio(self, begin: int, end: int) -> Pcm:
        """What reaches the microphone from clock position ``begin`` to ``end``; asked block by block, in order."""
        air = self._random.standard_normal(end - begin, dtype=np.float32) * np.float32(self._noise)
        for bed in self.acoustics.background:
            air += bed.between(begin, end)
        _mix(air, begin, self._said)
        self._said = [(at, pcm) for at, pcm in self._said if at + len(pcm) > end]
        self._heard.append((begin, air))
        if self._echo is None:
            return air
        return air + self._echo.between(begin, end, self.speaker.aec_reference)

    def recording(self) -> Pcm:
        """All there was to hear since the clock began, 16 kHz, shape ``[n, 2]``: the room left, the character right.

        The room is what the microphone heard without the character's echo.
        """
        now = self._clock.now()
        both = np.zeros((now, 2), dtype=np.float32)
        _mix(both[:, 0], 0, self._heard)
        _mix(both[:, 1], 0, self.speaker.played())
        return both


def _mix(air: Pcm, begin: int, sounds: list[tuple[int, Pcm]]) -> None:
    """Add to ``air``, which begins at clock position ``begin``, what ``sounds`` overlaps it."""
    for at, pcm in sounds:
        first, last = max(at, begin), min(at + len(pcm), begin + len(air))
        if first < last:
            air[first - begin : last - begin] += pcm[first - at : last - at]


class _RoomDevice:
    """What the room's two devices share."""

    def __init__(self, clock: SampleClock):
        self._clock = clock
        self._listeners: list[HealthListener] = []

    @property
    def name(self) -> str:
        return "simulated room"

    def add_health_listener(self, listener: HealthListener) -> None:
        self._listeners.append(listener)

    def report_fault(self, error: AudioError | None) -> None:
        """Tell the conversation that the device is faulty, or with None that it works again."""
        for listener in self._listeners:
            listener(error)


class RoomMicrophone(_RoomDevice):
    """The room's microphone: each block comes at the moment at which its last sample is in the air.

    Attributes:
        at: clock position of the next block.
    """

    def __init__(self, room: SimulatedRoom, clock: SampleClock):
        super().__init__(clock)
        self._room = room
        self._open = False
        self._end: int | None = None
        self.at = 0

    def end_at(self, sample: int) -> None:
        """Deliver nothing from ``sample`` on, except the rest of its block."""
        self._end = sample

    async def open(self) -> None:
        self._open = True
        self.at = max(self.at, self._clock.now())

    async def blocks(self) -> AsyncIterator[Block]:
        while self._open and (self._end is None or self.at < self._end):
            moment = self._clock.time_of(self.at + BLOCK_SAMPLES)
            await asyncio.sleep(max(0.0, moment - self._clock.time()))
            if self._open:
                block = Block(self.at, self._room.microphone_audio(self.at, self.at + BLOCK_SAMPLES))
                self.at = block.end
                yield block

    def set_grouping(self, relaxed: bool) -> None:
        """Nothing here costs less in groups."""

    async def close(self) -> None:
        self._open = False


class RoomLoudspeaker(_RoomDevice):
    """The room's loudspeaker: it has no delay, and is carried up to the present whenever it is asked anything."""

    def __init__(self, clock: SampleClock):
        super().__init__(clock)
        self._playout = Mixer(CLOCK_HZ)
        self._filled_to = 0
        self._played: list[tuple[int, Pcm]] = []

    @property
    def rate(self) -> int:
        return CLOCK_HZ

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        self.stop(0)

    def wake(self) -> None:
        pass

    def play(self, clip: AudioClip) -> Span:
        pcm = clip.pcm if clip.rate == CLOCK_HZ else soxr.resample(clip.pcm, clip.rate, CLOCK_HZ)
        return self._present().queue(np.asarray(pcm, dtype=np.float32))

    def position(self) -> int:
        return self._present().position

    def idle(self) -> bool:
        return self._present().drained()

    def stop(self, fade_ms: float = 20) -> None:
        self._present().stop(fade_ms)

    def pause(self, fade_ms: float = 20) -> None:
        self._present().pause(fade_ms)

    def resume(self, fade_ms: float = 20) -> None:
        self._present().resume(fade_ms)

    def duck(self, db: float, ramp_ms: float = 30) -> None:
        self._present().duck(db, ramp_ms)

    def aec_reference(self, begin: int, end: int) -> Pcm:
        self._present()
        far = np.zeros(end - begin, dtype=np.float32)
        for at, pcm in reversed(self._played):
            if at + len(pcm) <= begin:
                break
            _mix(far, begin, [(at, pcm)])
        return far

    def played(self) -> list[tuple[int, Pcm]]:
        """What was to be heard so far, as (clock position, samples)."""
        self._present()
        return self._played

    def _present(self) -> Mixer:
        """The playout after all that the loudspeaker has played until now."""
        now = self._clock.now()
        while self._filled_to < now:
            air = np.zeros(min(FILL, now - self._filled_to), dtype=np.float32)
            _, played = self._playout.fill(air)
            if played:
                self._played.append((self._filled_to, air))
            self._filled_to += len(air)
        self._playout.discard_played(self._playout.position)
        return self._playout
