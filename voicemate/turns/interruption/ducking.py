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
        self._suspected: int | None = None  # since when a voice may be over the character's
        self._held = False

    def listen(self, got: Tick) -> list[FloorAction]:
        """The next block, while the character speaks."""
        if not got.voice:
            return self.stop("it was nothing")
        if self._suspected is None:
            self._suspected = got.at
            return [DuckPlayback(self._settings.duck_db)]
        return self.hold() if got.at - self._suspected >= to_samples(self._settings.pause_after_ms) else []

    def hold(self) -> list[FloorAction]:
        """Somebody talks."""
        held, self._held = self._held, True
        return [] if held else [PausePlayback()]

    def stop(self, why: str) -> list[FloorAction]:
        """Nobody does: speak on as before."""
        suspected, held = self._suspected is not None, self._held
        self.forget()
        if held:
            return [ResumePlayback(why)]
        return [UnduckPlayback()] if suspected else []

    def forget(self) -> None:
        """What was in the air is over, or goes on by another's doing."""
        self._suspected, self._held = None, False
