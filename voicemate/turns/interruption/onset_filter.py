"""Whose voice begins, while the character speaks: onsets that its own echo explains are held back."""

from voicemate.turns.interruption.echo_veto import EchoVeto
from voicemate.vad.state_machine import VoiceEvent, VoiceResumed, VoiceStarted


class OnsetFilter:
    """One block after the other while the character speaks. Pure.

    The ears may have heard a voice that is the character's: it is over when the ears find it so, and whoever owns
    them is told to forget it.
    """

    def __init__(self) -> None:
        self._veto = EchoVeto()
        self._held: VoiceEvent | None = None

    def filter(
        self, events: list[VoiceEvent], voice_on: bool, explained_by_echo: bool
    ) -> tuple[list[VoiceEvent], bool]:
        """What of ``told`` counts now, and whether the ears' voice was only the echo and is to be forgotten.

        Args:
            told: by the ears about this block.
            voice_on: a voice is there, or may be.
            explained: the character's echo explains this block.
        """
        onset = next((event for event in events if isinstance(event, VoiceStarted | VoiceResumed)), None)
        self._held = onset or self._held
        if self._veto.step(onset is not None, voice_on, explained_by_echo):
            counts, self._held = self._held, None
            return ([counts] if counts else []), False
        over = self._held is not None and not voice_on
        if over:
            self._held = None
        return [], over
