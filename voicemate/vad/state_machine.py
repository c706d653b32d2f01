"""When a voice starts, pauses and goes on: a pure state machine over probabilities and the sample clock.

The four states are those of pipecat's voice activity analyser. Three events leave it::

    quiet --voice--> starting --onset_ms of it--> speaking --it fades--> pausing --pause_ms of it--> (paused)
      ^                 |           Started          ^                     |            Paused
      +---- silence ----+                            +------- voice -------+
                                                              Resumed, if Paused was told

Nothing leads from pausing back to quiet but ``close``: whether the person's turn is over is for others to decide.
A voice that fades is told at once, since work on a reply begins then; but as long as it may still be there, faintly,
``voice_on`` says so.
"""

from dataclasses import dataclass
from enum import StrEnum

from voicemate.config.schema import VadSettings
from voicemate.core.pcm import to_samples

_ONSET_LAG = to_samples(64)
"""Silero rises over the threshold late: by 32 ms in the median and 74 ms at the 90th percentile of the recordings
whose background is quiet enough to see where the sound itself begins."""

_OFFSET_LAG = to_samples(32)
"""Where Silero fades, the voice ended about this long before: where it is taken to have ended is off by -4 ms in the
median of 70 recordings (-25 and 29 at the 10th and 90th percentile). By where Silero falls under the release it was
off by 0, -25 and 71: it falls up to 0.1 s later."""

_FADED_DB = 12.0
"""How much quieter than the voice a block must end for the voice to have faded: else the soft end of a word may come.
Without this base invented words in one recording of a crowd. Pauses are told as early as without: after 36 ms in the
median and 56 in nine of ten, instead of 64 and 142 under the release."""

_CLEAR = 0.85
"""Mean probability of a voice's blocks from which it is clearly one. Nine of ten pauses of people follow on such a
voice; none of nine in the recordings of coughs, singing and noise does."""

_UNCLEAR_PAUSE = to_samples(64)
"""Less silence tells no pause after an unclear voice. What such sounds are transcribed to hangs on where they are
cut: with 32 ms tiny.en took two turns in ten minutes of noises, and with 64 none. Nor is such a voice told where it
fades: what the character's own echo left was cut there, and "here." was made of it."""


class VoiceState(StrEnum):
    QUIET = "quiet"
    STARTING = "starting"
    SPEAKING = "speaking"
    PAUSING = "pausing"


@dataclass(frozen=True, slots=True)
class VoiceStarted:
    """A voice was confirmed; ``began`` is before its first syllable."""

    began: int


@dataclass(frozen=True, slots=True)
class VoicePaused:
    """The voice has been silent for ``pause_ms`` since ``ended``, its last sample; for 64 ms if it is hardly one."""

    ended: int


@dataclass(frozen=True, slots=True)
class VoiceResumed:
    """The voice goes on since ``began``, after the pause that was told at ``paused``."""

    paused: int
    began: int


VoiceEvent = VoiceStarted | VoicePaused | VoiceResumed


class VadStateMachine:
    """Follows one microphone. Deterministic; blocks must come in order and without gaps."""

    def __init__(self, settings: VadSettings) -> None:
        self._threshold = settings.threshold
        self._fading = min(settings.fading, settings.threshold)
        self._release = min(settings.release, self._fading)
        self._onset = to_samples(settings.onset_ms)
        self._pause = to_samples(settings.pause_ms)
        self._reported_until = 0  # nothing is told of what lies before this
        self.reset()

    def reset(self) -> None:
        """The utterance is over: whatever voice comes next starts a new one."""
        self.state = VoiceState.QUIET
        self._candidate: int | None = None  # where a voice began that is not confirmed yet
        self._voice_ended = 0
        self._paused: int | None = None  # the pause that was told
        self._may_be_voice = False  # a voice may be in the latest block
        self._probabilities, self._blocks = 0.0, 0  # of the voice so far

    @property
    def voice_on(self) -> bool:
        """A voice is there now, or may be: it is starting, speaking, fading, or coming back after a pause."""
        if self.state is VoiceState.PAUSING and self._may_be_voice:
            return True
        return self.state is VoiceState.SPEAKING or self._candidate is not None

    def push(self, began: int, ended: int, probability: float, fallen_db: float = 0.0) -> VoiceEvent | None:
        """Take the next block.

        Args:
            began, ended: clock positions of its first sample and of the one after its last.
            probability: of a voice in it, 0 to 1.
            fallen_db: how much quieter than the voice it ends.
        """
        self._may_be_voice = probability >= self._release
        if self._may_be_voice:
            self._probabilities, self._blocks = self._probabilities + probability, self._blocks + 1
        match self.state:
            case VoiceState.QUIET | VoiceState.STARTING:
                return self._await_start(began, ended, probability)
            case VoiceState.SPEAKING:
                return self._await_silence(ended, probability, fallen_db)
            case VoiceState.PAUSING if self._paused is None:
                return self._await_pause(ended, probability)
            case VoiceState.PAUSING:
                return self._await_resume(began, ended, probability)

    def end_speech(self, at: int) -> VoicePaused | None:
        """Take the voice for paused at ``at``; None when there is none, or it pauses already."""
        if self.state is VoiceState.SPEAKING or (self.state is VoiceState.PAUSING and self._paused is None):
            self.state, self._candidate = VoiceState.PAUSING, None
            self._paused = self._reported_until = max(self._reported_until, min(self._voice_ended, at))
            return VoicePaused(self._paused)
        return None

    def _await_start(self, began: int, ended: int, probability: float) -> VoiceStarted | None:
        onset = self._confirm(began, ended, probability)
        if onset is None:
            self.state = VoiceState.QUIET if self._candidate is None else VoiceState.STARTING
            if self.state is VoiceState.QUIET:
                self._probabilities, self._blocks = 0.0, 0
            return None
        self._enter_speaking(ended)
        self._reported_until = onset
        return VoiceStarted(onset)

    def _await_silence(self, ended: int, probability: float, fallen_db: float) -> VoicePaused | None:
        faded = self._is_clear and probability < self._fading and fallen_db >= _FADED_DB
        if probability >= self._release and not faded:
            self._voice_ended = ended
            return None
        self.state = VoiceState.PAUSING
        return self._await_pause(ended, probability)

    def _await_pause(self, ended: int, probability: float) -> VoicePaused | None:
        if probability >= self._threshold:
            self._enter_speaking(ended)
        elif ended - self._voice_ended >= self._pause_length:
            self._paused = self._reported_until = max(self._reported_until, self._voice_ended - _OFFSET_LAG)
            return VoicePaused(self._paused)
        return None

    @property
    def _is_clear(self) -> bool:
        """It has clearly been a voice so far."""
        return self._probabilities >= _CLEAR * self._blocks

    @property
    def _pause_length(self) -> int:
        """Samples of it that are a pause."""
        return self._pause if self._is_clear else max(self._pause, _UNCLEAR_PAUSE)

    def _await_resume(self, began: int, ended: int, probability: float) -> VoiceResumed | None:
        onset = self._confirm(began, ended, probability)
        if onset is None or self._paused is None:
            return None
        resumed = VoiceResumed(self._paused, onset)
        self._enter_speaking(ended)
        self._paused = None
        self._reported_until = onset
        return resumed

    def _confirm(self, began: int, ended: int, probability: float) -> int | None:
        """Where the voice began, once it has lasted for the onset without falling under the release."""
        if self._candidate is None and probability >= self._threshold:
            self._candidate = began
        elif probability < self._release:
            self._candidate = None
        if self._candidate is None or ended - self._candidate < self._onset:
            return None
        return max(self._reported_until, self._candidate - _ONSET_LAG)

    def _enter_speaking(self, ended: int) -> None:
        self.state = VoiceState.SPEAKING
        self._voice_ended = ended
        self._candidate = None
