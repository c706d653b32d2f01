"""The character's own voice taken out of the microphone.

::

    for each block of the microphone:
        far = loudspeaker.far(block.at + echo.lead, block.end + echo.lead)
        cleaned = echo.process(block, far)
        ears.push(cleaned.block)

The echo is cancelled by WebRTC's AEC3. While the loudspeaker is silent, and where there is no echo path, the
microphone's blocks are passed on as they are: that costs nothing and delays nothing.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from voicemate.audio.aec.delay_estimator import EchoDelayEstimator
from voicemate.audio.aec.delay_jump import DelayJumpDetector
from voicemate.audio.aec.level_model import MEMORY_BLOCKS, EchoLevelModel, EchoLevels
from voicemate.audio.devices.headphones import is_headphones
from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.core.pcm import CLOCK_HZ, Pcm, level_dbfs, to_samples

FRAME_SAMPLES = to_samples(10)
"""What AEC3 works in."""

FRAMING_DELAY = 128
"""A block is 3.2 frames, so up to 128 samples of it wait for the next block (512 n mod 160)."""

AEC3_DELAY = 128
"""Samples that AEC3 itself takes (measured with 0.2.0 at 16 kHz): its frames of 64 and its overlapping windows."""

HISTORY = 4
"""Blocks that AEC3 is shown from before the loudspeaker began: whole frames and ``FRAMING_DELAY``."""

TAIL = to_samples(1_000)
"""An echo may ring on for so long after the loudspeaker has fallen silent."""

SEAM = 64
"""Samples in which what is passed on goes over from raw to cleaned sound, and back."""

SILENCE_AMPLITUDE = 1e-5
"""Far samples below this (-100 dBFS) make no echo that anybody hears."""


LOUDER_DB = 3.0
"""Sound that is so much above the expected echo and noise is somebody else's. In ten minutes of the character's own
speech in a living room, 1% of all moments are 2 dB above (``benchmarks/echo.py``)."""

LEFT_OVER_DB = 10.0
"""So is sound of which so much more is left than cancelling leaves of an echo,"""
CANCELLED_DB = 6.0
"""as long as that is so much less than the echo itself: else cancelling has just failed, and the delay jumped."""


@dataclass(frozen=True, slots=True)
class CleanedBlock:
    """A block without the character's voice, and what a veto needs to know about it.

    All levels are in dBFS over the last 128 ms; while ``delay`` is 0, of the block, and there is no echo.

    Attributes:
        block: for the ears. Its position is the microphone's; its sound is ``delay`` samples older.
        delay: samples.
        near: level of what the microphone heard.
        cleaned: level of what is left of it.
        echo: level of the character's echo that is to be expected in ``near``; -120 without any.
        expected: level of that echo and the room's noise.
        residue: level of what cancelling leaves of those, to be expected in ``cleaned``.
        jumping: it sounds like the echo at another delay than before.
    """

    block: Block
    delay: int
    input_dbfs: float
    output_dbfs: float
    echo_dbfs: float = -120.0
    expected_dbfs: float = -120.0
    residue_dbfs: float = -120.0
    delay_jumping: bool = False

    @property
    def above_expected_db(self) -> float:
        """How far the microphone's sound is above the echo and noise expected in it (dB)."""
        return self.input_dbfs - self.expected_dbfs

    @property
    def above_residue_db(self) -> float:
        """How far the cleaned sound is above what cancelling leaves of them (dB)."""
        return self.output_dbfs - self.residue_dbfs

    @property
    def explained_by_echo(self) -> bool:
        """The character's echo and the room's noise explain the sound: a voice in it is the character's own."""
        if self.delay_jumping:
            return True
        if self.delay == 0 or self.above_expected_db > LOUDER_DB:
            return False
        return self.above_residue_db <= LEFT_OVER_DB or self.output_dbfs > self.echo_dbfs - CANCELLED_DB


class EchoCanceller(Protocol):
    """Belongs to the conversation's thread. Gets every block of the microphone, in order."""

    @property
    def reference_lead(self) -> int:
        """How much further on than the block the far signal is to be asked for, in samples; may be negative.

        Not 0 where a device is mistaken about its latency.
        """
        ...

    def process(self, block: Block, far: Pcm) -> CleanedBlock:
        """Take the echo of ``far`` out of ``block``.

        Args:
            block: the microphone's next one.
            far: ``Loudspeaker.far`` for the same positions, shifted by ``lead``.
        """
        ...


def create_canceller(setting: Literal["auto", "on", "off"], speaker_name: Callable[[], str]) -> EchoCanceller:
    """The canceller for ``audio.echo``.

    Args:
        loudspeaker: the name of the loudspeaker that is in use, asked again and again, since it may change.
    """
    if setting == "off":
        return PassThroughCanceller()
    return Aec3Canceller(speaker_name, always=setting == "on")


class PassThroughCanceller:
    """Passes everything on."""

    reference_lead = 0

    def process(self, block: Block, far: Pcm) -> CleanedBlock:
        return _as_it_is(block)


class Aec3Canceller:
    """AEC3, asleep while there is nothing to cancel.

    Args:
        loudspeaker: the name of the loudspeaker that is in use.
        always: cancel even if no echo was found.

    Attributes:
        path: what is known about the way from the loudspeaker to the microphone.
    """

    def __init__(self, speaker_name: Callable[[], str] = lambda: "", always: bool = False):
        from pywebrtc_audio import EchoCanceller as Aec3

        self._aec3 = Aec3(sample_rate=CLOCK_HZ, num_channels=1)
        self._loudspeaker = speaker_name
        self._name = speaker_name()
        self._always = always
        self.delay_estimator = EchoDelayEstimator(echo_present=not is_headphones(self._name))
        self._level = EchoLevelModel()
        self._jump = DelayJumpDetector()
        self._past: deque[Pcm] = deque([_silence()] * HISTORY, maxlen=HISTORY)
        self._quiet = TAIL  # samples for which the loudspeaker has been silent
        self._awake = False
        self._waiting: tuple[Pcm, Pcm] = (_silence(0), _silence(0))  # near and far that make no whole frame yet
        self._ready = _silence(0)

    @property
    def reference_lead(self) -> int:
        return self.delay_estimator.lead

    def process(self, block: Block, far: Pcm) -> CleanedBlock:
        audible = bool(np.any(np.abs(far) > SILENCE_AMPLITUDE))
        self._quiet = 0 if audible else self._quiet + len(far)
        playing = self._quiet < TAIL
        if playing:
            self._look_for_echo(block.pcm, far, audible)
        pcm = self._pass_on(block.pcm, far, playing and (self._always or self.delay_estimator.echo_present))
        self._past.append(block.pcm)
        if not self._awake:
            return _as_it_is(replace(block, pcm=pcm))
        levels = self._level.update(block.pcm, far, pcm)
        self._look_for_jump(block.pcm, far, levels)
        return CleanedBlock(
            replace(block, pcm=pcm),
            FRAMING_DELAY + AEC3_DELAY,
            levels.near,
            levels.cleaned,
            levels.echo,
            levels.expected,
            levels.residue,
            self._jump.suspected,
        )

    def _look_for_jump(self, near: Pcm, far: Pcm, levels: EchoLevels) -> None:
        failing = levels.cleaned > levels.near - CANCELLED_DB or levels.near > levels.expected + LOUDER_DB
        by = self._jump.push(near, far, self.delay_estimator.delay, failing)
        if by:
            moved = self.delay_estimator.apply_jump(by)
            self._level.realign(self._jump.realigned_reference(moved, MEMORY_BLOCKS + 1), by + moved)

    def _look_for_echo(self, near: Pcm, far: Pcm, audible: bool) -> None:
        name = self._loudspeaker()
        if name != self._name:
            self._name = name
            self.delay_estimator.reset(echo_present=not is_headphones(name))
        lead = self.delay_estimator.lead
        self.delay_estimator.push(near, far, audible)
        if self.delay_estimator.lead != lead:
            self._jump = DelayJumpDetector()  # it knows the far signal as it was asked for before

    def _pass_on(self, near: Pcm, far: Pcm, wanted: bool) -> Pcm:
        """The cleaned sound or the raw one, without a click where they meet."""
        if not wanted and not self._awake:
            return near
        if not self._awake:
            self._wake()
            before, after = near, self._cancel(near, far)
        elif not wanted:
            before, after = self._cancel(near, far), near
        else:
            return self._cancel(near, far)
        self._awake = wanted
        after = after.copy()
        rising = np.linspace(0, 1, SEAM, dtype=np.float32)
        after[:SEAM] = rising * after[:SEAM] + (1 - rising) * before[:SEAM]
        return after

    def _wake(self) -> None:
        """Show AEC3 what came right before, so that its first output belongs there."""
        self._waiting, self._ready = (_silence(0), _silence(0)), _silence(0)
        self._jump = DelayJumpDetector()
        past = np.concatenate(self._past)
        self._level.reset(list(self._past))
        self._cancel(past, np.zeros_like(past))
        self._ready = _silence(0)

    def _cancel(self, near: Pcm, far: Pcm) -> Pcm:
        """The next samples from AEC3, as many as ``near`` has, ``FRAMING_DELAY`` late."""
        near, far = np.concatenate([self._waiting[0], near]), np.concatenate([self._waiting[1], far])
        whole = len(near) - len(near) % FRAME_SAMPLES
        self._waiting = near[whole:], far[whole:]
        self._ready = np.concatenate([self._ready, self._aec3.process(near[:whole], far[:whole])])
        out, self._ready = self._ready[:BLOCK_SAMPLES], self._ready[BLOCK_SAMPLES:]
        return out


def _as_it_is(block: Block) -> CleanedBlock:
    level = level_dbfs(block.pcm)
    return CleanedBlock(block, 0, level, level)


def _silence(n: int = BLOCK_SAMPLES) -> Pcm:
    return np.zeros(n, dtype=np.float32)
