"""Whose voice begins while the character speaks? Holds back onsets that the character's own echo explains."""

from voicemate.vad.state_machine import VoiceEvent, VoiceResumed, VoiceStarted


class OnsetFilter:
    """Filters voice events block by block while the character speaks. Pure.

    Only the onset waits, until the first block that the echo does not explain while the voice is on. If no such block
    comes, the voice was the character's. The segmenter still receives all audio: silence in place of the explained
    part would cut into a person's syllables, and its edges would make Silero detect voices
    (docs/measurements/interruption.md).
    """

    def __init__(self) -> None:
        self._held: VoiceEvent | None = None

    def filter(
        self, events: list[VoiceEvent], voice_on: bool, explained_by_echo: bool
    ) -> tuple[list[VoiceEvent], bool]:
        """Return the events that count now, and whether the voice was only echo and must be discarded.

        Args:
            events: the segmenter's events for this block.
            voice_on: a voice is present, or may be.
            explained_by_echo: the character's echo explains this block.
        """
        onset = next((event for event in events if isinstance(event, VoiceStarted | VoiceResumed)), None)
        held, self._held = onset or self._held, None
        if held is None:
            return [], False
        if not voice_on:
            return [], True
        if not explained_by_echo:
            return [held], False
        self._held = held
        return [], False
