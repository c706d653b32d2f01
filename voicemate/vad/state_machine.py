"""When a voice starts, pauses and resumes: a pure state machine over probabilities and the sample clock.

The four states are those of pipecat's voice activity analyzer. It reports three events::

    quiet --voice--> starting -- for onset_ms --> speaking -- fades --> pausing -- for pause_ms --> (paused)
      ^                 |         VoiceStarted       ^                 |          VoicePaused
      +---- silence ----+                            +----- voice -----+
                                                           VoiceResumed, if VoicePaused was reported

Only ``reset`` leads from pausing back to quiet: whether the person's turn is over is decided elsewhere. A voice that
fades is reported at once, because work on a reply begins then; ``voice_on`` stays true while the voice may still be
faintly present.
"""

from dataclasses import dataclass
from enum import StrEnum

from voicemate.config.schema import VadSettings
from voicemate.core.pcm import to_samples

_ONSET_LAG = to_samples(64)
"""Samples by which Silero crosses the threshold after a voice begins. See docs/measurements/voice-activity.md."""

_OFFSET_LAG = to_samples(32)
"""Samples by which a voice ends before Silero's probability fades. See docs/measurements/voice-activity.md."""

_FADED_DB = 12.0
"""By how many dB a block must end below the voice for it to have faded: otherwise the soft end of a word may follow.
See docs/measurements/voice-activity.md."""

_CLEAR = 0.85
"""Mean probability of a voice's blocks from which it is clearly a voice. See docs/measurements/voice-activity.md."""

_UNCLEAR_PAUSE = to_samples(64)
"""Samples of silence that are a pause after an unclear voice, which is also not reported where it fades.
See docs/measurements/voice-activity.md."""


class VoiceState(StrEnum):
    """Whether a voice is present."""

    """Whether a voice is present."""

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
    """The voice has been silent for ``pause_ms`` since ``ended``, its last sample; for 64 ms if it was unclear."""

    ended: int


@dataclass(frozen=True, slots=True)
class VoiceResumed:
    """The voice continues from ``began``, after the pause reported at ``paused``."""

    paused: int
    began: int


VoiceEvent = VoiceStarted | VoicePaused | VoiceResumed


class VadStateMachine:
    """Follows one microphone. Deterministic; blocks must arrive in order and without gaps."""

    def __init__(self, settings: VadSettings) -> None:
        self._threshold = settings.threshold
        self._fading = min(settings.fading, settings.threshold)
        self._release = min(settings.release, self._fading)
        self._onset = to_samples(settings.onset_ms)
        self._pause = to_samples(settings.pause_ms)
        self._reported_until = 0  # no event lies before this
        self.reset()

    def reset(self) -> None:
        """Return to QUIET at the end of an utterance: the next voice starts a new one."""
        self.state = VoiceState.QUIET
        self._candidate: int | None = None  # where an unconfirmed voice began
        self._voice_ended = 0
        self._paused: int | None = None  # the pause that was reported
        self._may_be_voice = False  # the last block may contain a voice
        self._probabilities, self._blocks = 0.0, 0  # of the voice so far

    @property
    def voice_on(self) -> bool:
        """Whether a voice is present or may be: starting, speaking, fading, or resuming after a pause."""
        if self.state is VoiceState.PAUSING and self._may_be_voice:
            return True
        return self.state is VoiceState.SPEAKING or self._candidate is not None

    def push(self, began: int, ended: int, probability: float, fallen_db: float = 0.0) -> VoiceEvent | None:
        """Process the next block; return the event it causes, if any.

        Args:
            began, ended: clock positions of its first sample and after its last.
            probability: that it contains a voice, 0 to 1.
            fallen_db: by how many dB its end is below the voice's peak.
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
        """Report a pause of the voice at ``at``; None if there is no voice, or it has paused already."""
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
        """Whether it has clearly been a voice so far."""
        return self._probabilities >= _CLEAR * self._blocks

    @property
    def _pause_length(self) -> int:
        """Samples of silence that are a pause."""
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
        """Return where the voice began, once it has lasted ``onset_ms`` without falling below the release."""
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
