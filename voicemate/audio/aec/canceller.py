"""The acoustic echo canceller: takes the character's own voice out of the microphone's signal.

::

    for each block of the microphone:
        reference = speaker.aec_reference(block.at + echo.reference_lead, block.end + echo.reference_lead)
        cleaned = echo.process(block, reference)
        segmenter.push(cleaned.block)

The echo is cancelled by WebRTC's AEC3. While the speaker is silent, and where there is no echo path, the microphone's
blocks are passed on unchanged: that costs nothing and delays nothing.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from voicemate.audio.aec.delay_estimator import EchoDelayEstimator
from voicemate.audio.aec.delay_jump import DelayJumpDetector
from voicemate.audio.aec.level_model import MEMORY_BLOCKS, EchoLevelModel, EchoLevels
from voicemate.audio.devices.device import is_headphones
from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.core.pcm import CLOCK_HZ, Pcm, level_dbfs, to_samples

FRAME_SAMPLES = to_samples(10)
"""What AEC3 works in."""

FRAMING_DELAY = 128
"""A block is 3.2 frames, so up to 128 samples of it wait for the next block (512 n mod 160)."""

AEC3_DELAY = 128
"""Samples that AEC3 itself takes, for its frames of 64 and its overlapping windows; see docs/measurements/echo.md."""

HISTORY_BLOCKS = 4
"""Blocks that AEC3 is shown from before the speaker began: whole frames and ``FRAMING_DELAY``."""

TAIL_SAMPLES = to_samples(1_000)
"""For this long after the speaker has fallen silent an echo may ring on."""

CROSSFADE_SAMPLES = 64
"""From raw to cleaned audio, and back."""

SILENCE_AMPLITUDE = 1e-5
"""Reference samples below this (-100 dBFS) make no audible echo."""


OTHER_VOICE_DB = 3.0
"""Audio this much above the expected echo and noise (dB) is not the character's; see docs/measurements/echo.md."""

MAX_RESIDUE_DB = 10.0
"""Nor is audio of which this much more is left (dB) than cancelling leaves of an echo,"""
MIN_CANCELLATION_DB = 6.0
"""as long as that is this much below the echo itself (dB): else cancelling has just failed, and the delay jumped."""


@dataclass(frozen=True, slots=True)
class CleanedBlock:
    """A block without the character's voice, and what an echo veto needs to know about it.

    All levels are in dBFS over the last 128 ms; while ``delay`` is 0, of the block, and there is no echo.

    Attributes:
        block: what goes on to voice activity detection. Its position is the microphone's; its audio is ``delay``
            samples older.
        delay: samples.
        input_dbfs: level of what the microphone delivered.
        output_dbfs: level of what is left of it.
        echo_dbfs: level of the character's echo that is to be expected in the input; -120 without any.
        expected_dbfs: level of that echo and the room's noise.
        residue_dbfs: level of what cancelling leaves of those, to be expected in the output.
        delay_jumping: it is like the echo at another delay than before.
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
        """How far the input is above the echo and noise expected in it (dB)."""
        return self.input_dbfs - self.expected_dbfs

    @property
    def above_residue_db(self) -> float:
        """How far the output is above what cancelling leaves of them (dB)."""
        return self.output_dbfs - self.residue_dbfs

    @property
    def explained_by_echo(self) -> bool:
        """The character's echo and the room's noise explain the input: a voice in it is the character's own."""
        if self.delay_jumping:
            return True
        if self.delay == 0 or self.above_expected_db > OTHER_VOICE_DB:
            return False
        return self.above_residue_db <= MAX_RESIDUE_DB or self.output_dbfs > self.echo_dbfs - MIN_CANCELLATION_DB


class EchoCanceller(Protocol):
    """Belongs to the conversation's thread. Gets every block of the microphone, in order."""

    @property
    def reference_lead(self) -> int:
        """By how many samples later than the block the reference is to be asked for; may be negative.

        Not 0 where a device reports a wrong latency.
        """
        ...

    def process(self, block: Block, reference: Pcm) -> CleanedBlock:
        """Take the echo of ``reference`` out of ``block``.

        Args:
            block: the microphone's next one.
            reference: ``Speaker.aec_reference`` for the same positions, shifted by ``reference_lead``.
        """
        ...


def create_canceller(setting: Literal["auto", "on", "off"], speaker_name: Callable[[], str]) -> EchoCanceller:
    """The canceller for the setting ``audio.echo``.

    Args:
        setting: its value.
        speaker_name: the name of the speaker in use, asked again and again, since it may change.
    """
    if setting == "off":
        return PassThroughCanceller()
    return Aec3Canceller(speaker_name, always=setting == "on")


class PassThroughCanceller:
    """Passes every block on unchanged."""

    reference_lead = 0

    def process(self, block: Block, reference: Pcm) -> CleanedBlock:
        """See ``EchoCanceller.process``."""
        return _unchanged(block)


class Aec3Canceller:
    """AEC3, inactive while there is nothing to cancel.

    Args:
        speaker_name: the name of the speaker in use.
        always: cancel even if no echo was found.

    Attributes:
        delay_estimator: what is known about the echo path from the speaker to the microphone.
    """

    def __init__(self, speaker_name: Callable[[], str] = lambda: "", always: bool = False) -> None:
        from pywebrtc_audio import EchoCanceller as Aec3

        self._aec3 = Aec3(sample_rate=CLOCK_HZ, num_channels=1)
        self._speaker_name = speaker_name
        self._last_speaker_name = speaker_name()
        self._always = always
        self.delay_estimator = EchoDelayEstimator(echo_present=not is_headphones(self._last_speaker_name))
        self._level_model = EchoLevelModel()
        self._jump_detector = DelayJumpDetector()
        self._history: deque[Pcm] = deque([_silence()] * HISTORY_BLOCKS, maxlen=HISTORY_BLOCKS)
        self._silent_samples = TAIL_SAMPLES  # for which the speaker has been silent
        self._active = False
        self._incomplete_frame: tuple[Pcm, Pcm] = (_silence(0), _silence(0))  # of input and reference
        self._ready = _silence(0)

    @property
    def reference_lead(self) -> int:
        """See ``EchoCanceller.reference_lead``."""
        return self.delay_estimator.lead

    def process(self, block: Block, reference: Pcm) -> CleanedBlock:
        """See ``EchoCanceller.process``."""
        audible = bool(np.any(np.abs(reference) > SILENCE_AMPLITUDE))
        self._silent_samples = 0 if audible else self._silent_samples + len(reference)
        playing = self._silent_samples < TAIL_SAMPLES
        if playing:
            self._estimate_delay(block.pcm, reference, audible)
        wanted = playing and (self._always or self.delay_estimator.echo_present)
        pcm = self._output(block.pcm, reference, wanted)
        self._history.append(block.pcm)
        if not self._active:
            return _unchanged(replace(block, pcm=pcm))
        levels = self._level_model.update(block.pcm, reference, pcm)
        self._detect_jump(block.pcm, reference, levels)
        return CleanedBlock(
            replace(block, pcm=pcm),
            FRAMING_DELAY + AEC3_DELAY,
            levels.near,
            levels.cleaned,
            levels.echo,
            levels.expected,
            levels.residue,
            self._jump_detector.suspected,
        )

    def _detect_jump(self, near: Pcm, reference: Pcm, levels: EchoLevels) -> None:
        failing = levels.cleaned > levels.near - MIN_CANCELLATION_DB or levels.near > levels.expected + OTHER_VOICE_DB
        by = self._jump_detector.push(near, reference, self.delay_estimator.delay, failing)
        if by:
            moved = self.delay_estimator.apply_jump(by)
            realigned = self._jump_detector.realigned_reference(moved, MEMORY_BLOCKS + 1)
            self._level_model.realign(realigned, by + moved)

    def _estimate_delay(self, near: Pcm, reference: Pcm, audible: bool) -> None:
        name = self._speaker_name()
        if name != self._last_speaker_name:
            self._last_speaker_name = name
            self.delay_estimator.reset(echo_present=not is_headphones(name))
        lead = self.delay_estimator.lead
        self.delay_estimator.push(near, reference, audible)
        if self.delay_estimator.lead != lead:
            self._jump_detector = DelayJumpDetector()  # it knows the reference as it was asked for before

    def _output(self, near: Pcm, reference: Pcm, wanted: bool) -> Pcm:
        """The cleaned audio if it is wanted, else the raw one; cross-faded where they meet."""
        if not wanted and not self._active:
            return near
        if not self._active:
            self._activate()
            before, after = near, self._cancel(near, reference)
        elif not wanted:
            before, after = self._cancel(near, reference), near
        else:
            return self._cancel(near, reference)
        self._active = wanted
        after = after.copy()
        rising = np.linspace(0, 1, CROSSFADE_SAMPLES, dtype=np.float32)
        after[:CROSSFADE_SAMPLES] = rising * after[:CROSSFADE_SAMPLES] + (1 - rising) * before[:CROSSFADE_SAMPLES]
        return after

    def _activate(self) -> None:
        """Show AEC3 what came right before, so that its first output belongs there."""
        self._incomplete_frame, self._ready = (_silence(0), _silence(0)), _silence(0)
        self._jump_detector = DelayJumpDetector()
        history = np.concatenate(self._history)
        self._level_model.reset(list(self._history))
        self._cancel(history, np.zeros_like(history))
        self._ready = _silence(0)

    def _cancel(self, near: Pcm, reference: Pcm) -> Pcm:
        """The next samples from AEC3, as many as ``near`` has, ``FRAMING_DELAY`` late."""
        near = np.concatenate([self._incomplete_frame[0], near])
        reference = np.concatenate([self._incomplete_frame[1], reference])
        whole = len(near) - len(near) % FRAME_SAMPLES
        self._incomplete_frame = near[whole:], reference[whole:]
        self._ready = np.concatenate([self._ready, self._aec3.process(near[:whole], reference[:whole])])
        out, self._ready = self._ready[:BLOCK_SAMPLES], self._ready[BLOCK_SAMPLES:]
        return out


def _unchanged(block: Block) -> CleanedBlock:
    level = level_dbfs(block.pcm)
    return CleanedBlock(block, 0, level, level)


def _silence(n: int = BLOCK_SAMPLES) -> Pcm:
    return np.zeros(n, dtype=np.float32)
