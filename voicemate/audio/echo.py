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

from voicemate.audio.echo_level import EchoLevel
from voicemate.audio.headphones import is_headphones
from voicemate.audio.ports import BLOCK_SAMPLES, Block
from voicemate.sound import Pcm, level_dbfs, samples

FRAME = samples(10)
"""What AEC3 works in."""

FRAMING_DELAY = 128
"""A block is 3.2 frames, so up to 128 samples of it wait for the next block (512 n mod 160)."""

AEC3_DELAY = 128
"""Samples that AEC3 itself takes (measured with 0.2.0 at 16 kHz): its frames of 64 and its overlapping windows."""

HISTORY = 4
"""Blocks that AEC3 is shown from before the loudspeaker began: whole frames and ``FRAMING_DELAY``."""

TAIL = samples(1_000)
"""An echo may ring on for so long after the loudspeaker has fallen silent."""

SEAM = 64
"""Samples in which what is passed on goes over from raw to cleaned sound, and back."""

SILENCE = 1e-5
"""Far samples below this (-100 dBFS) make no echo that anybody hears."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A block without the character's voice, and what a veto needs to know about it. All levels in dBFS.

    Attributes:
        block: for the ears. Its position is the microphone's; while ``delay`` is not 0 its sound is that much older.
        delay: samples.
        far: level of what left the loudspeaker.
        near: level of what the microphone heard.
        cleaned: level of what is left of it.
        echo: the level that the character's echo in ``near`` is expected not to exceed; -120 without a far signal.
        residue: the level that what cancelling leaves of that echo in ``cleaned`` is expected not to exceed.
    """

    block: Block
    delay: int
    far: float
    near: float
    cleaned: float
    echo: float
    residue: float

    @property
    def above_echo(self) -> float:
        """How far the microphone's sound is above the echo expected in it (dB); small or negative: only echo."""
        return self.near - self.echo

    @property
    def above_residue(self) -> float:
        """How far the cleaned sound is above what cancelling leaves of the echo (dB)."""
        return self.cleaned - self.residue


class EchoCanceller(Protocol):
    """Belongs to the conversation's thread. Gets every block of the microphone, in order."""

    @property
    def lead(self) -> int:
        """How much further on than the block the far signal is to be asked for, in samples; may be negative.

        Not 0 where a device is mistaken about its latency.
        """
        ...

    def process(self, block: Block, far: Pcm) -> Cleaned:
        """Take the echo of ``far`` out of ``block``.

        Args:
            block: the microphone's next one.
            far: ``Loudspeaker.far`` for the same positions, shifted by ``lead``.
        """
        ...


def echo_canceller(setting: Literal["auto", "on", "off"], loudspeaker: Callable[[], str]) -> EchoCanceller:
    """The canceller for ``audio.echo``.

    Args:
        loudspeaker: the name of the loudspeaker that is in use, asked again and again, since it may change.
    """
    if setting == "off":
        return NoCanceller()
    return Aec3Canceller(headphones=lambda: setting == "auto" and is_headphones(loudspeaker()))


class NoCanceller:
    """Passes everything on."""

    lead = 0

    def process(self, block: Block, far: Pcm) -> Cleaned:
        near = level_dbfs(block.pcm)
        return Cleaned(block, 0, level_dbfs(far), near, near, -120.0, -120.0)


class Aec3Canceller:
    """AEC3, asleep while there is nothing to cancel.

    Args:
        headphones: nothing that is played gets to the microphone.
    """

    def __init__(self, headphones: Callable[[], bool] = lambda: False):
        from pywebrtc_audio import EchoCanceller as Aec3

        self._aec3 = Aec3(sample_rate=16_000, num_channels=1)
        self._headphones = headphones
        self._past: deque[Pcm] = deque([_silence()] * HISTORY, maxlen=HISTORY)
        self._quiet = TAIL  # samples for which the loudspeaker has been silent
        self._awake = False
        self._waiting: tuple[Pcm, Pcm] = (_silence(0), _silence(0))  # near and far that make no whole frame yet
        self._ready = _silence(0)
        self._echo, self._residue = EchoLevel(), EchoLevel()
        self.lead = 0

    def process(self, block: Block, far: Pcm) -> Cleaned:
        audible = bool(np.any(np.abs(far) > SILENCE))
        self._quiet = 0 if audible else self._quiet + len(far)
        wanted = self._quiet < TAIL and not self._headphones()
        pcm = self._pass_on(block.pcm, far, wanted)
        self._past.append(block.pcm)
        return self._judged(block, pcm, far)

    def _judged(self, block: Block, pcm: Pcm, far: Pcm) -> Cleaned:
        loud = level_dbfs(far)
        near, cleaned = level_dbfs(block.pcm), level_dbfs(pcm)
        echo, residue = self._echo.predict(loud, len(far)), self._residue.predict(loud, len(far))
        if self._awake:
            self._echo.learn(near)
            self._residue.learn(cleaned)
        delay = FRAMING_DELAY + AEC3_DELAY if self._awake else 0
        return Cleaned(replace(block, pcm=pcm), delay, loud, near, cleaned, echo, residue)

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
        past = np.concatenate(self._past)
        self._cancel(past, np.zeros_like(past))
        self._ready = _silence(0)

    def _cancel(self, near: Pcm, far: Pcm) -> Pcm:
        """The next samples from AEC3, as many as ``near`` has, ``FRAMING_DELAY`` late."""
        near, far = np.concatenate([self._waiting[0], near]), np.concatenate([self._waiting[1], far])
        whole = len(near) - len(near) % FRAME
        self._waiting = near[whole:], far[whole:]
        self._ready = np.concatenate([self._ready, self._aec3.process(near[:whole], far[:whole])])
        out, self._ready = self._ready[:BLOCK_SAMPLES], self._ready[BLOCK_SAMPLES:]
        return out


def _silence(n: int = BLOCK_SAMPLES) -> Pcm:
    return np.zeros(n, dtype=np.float32)
