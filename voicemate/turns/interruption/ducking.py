"""The character's voice while somebody may talk over it: quieter at first suspicion, then silent, then on again."""

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
    """Belongs to one floor; pure but for its own state.

    Args:
        barge_in: how much quieter, and how soon silent.
    """

    def __init__(self, barge_in: BargeInSettings):
        self._settings = barge_in
        self._suspected_since: int | None = None  # since when a voice may be over the character's
        self._paused = False

    def on_tick(self, tick: Tick) -> list[FloorAction]:
        """The next block, while the character speaks."""
        if not tick.voice:
            return self.resume("it was nothing")
        if self._suspected_since is None:
            self._suspected_since = tick.at
            return [DuckPlayback(self._settings.duck_db)]
        return self.pause() if tick.at - self._suspected_since >= to_samples(self._settings.pause_after_ms) else []

    def pause(self) -> list[FloorAction]:
        """Somebody talks."""
        held, self._paused = self._paused, True
        return [] if held else [PausePlayback()]

    def resume(self, reason: str) -> list[FloorAction]:
        """Nobody does: speak on as before."""
        suspected, held = self._suspected_since is not None, self._paused
        self.reset()
        if held:
            return [ResumePlayback(reason)]
        return [UnduckPlayback()] if suspected else []

    def reset(self) -> None:
        """What was in the air is over, or goes on by another's doing."""
        self._suspected_since, self._paused = None, False
