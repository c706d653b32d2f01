"""Playback while a voice may be over the character's: quieter at once, then paused, then resumed."""

from voicemate.config.schema import BargeInSettings
from voicemate.core.pcm import to_samples
from voicemate.turns.messages import (
    DuckPlayback,
    FloorAction,
    PausePlayback,
    ResumePlayback,
    Tick,
    UnduckPlayback,
)


class BargeInDucking:
    """Ducks, pauses and resumes playback. A pure state machine that belongs to one floor.

    Args:
        barge_in: by how many dB playback is ducked, and when it is paused.
    """

    def __init__(self, barge_in: BargeInSettings) -> None:
        self._settings = barge_in
        self._suspected_since: int | None = None  # since when a voice may be present
        self._paused = False

    def on_tick(self, tick: Tick) -> list[FloorAction]:
        """Process the next block while the character speaks."""
        if not tick.voice:
            return self.resume("it was nothing")
        if self._suspected_since is None:
            self._suspected_since = tick.at
            return [DuckPlayback(self._settings.duck_db)]
        return self.pause() if tick.at - self._suspected_since >= to_samples(self._settings.pause_after_ms) else []

    def pause(self) -> list[FloorAction]:
        """Pause playback, if it is not paused: a voice is confirmed."""
        paused, self._paused = self._paused, True
        return [] if paused else [PausePlayback()]

    def resume(self, reason: str) -> list[FloorAction]:
        """Resume or unduck playback: there is no voice over it."""
        suspected, paused = self._suspected_since is not None, self._paused
        self.reset()
        if paused:
            return [ResumePlayback(reason)]
        return [UnduckPlayback()] if suspected else []

    def reset(self) -> None:
        """Forget the state: playback ended, or something else resumed it."""
        self._suspected_since, self._paused = None, False
