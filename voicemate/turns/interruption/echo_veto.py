"""Whose voice is it? Holds back the onset of a voice for as long as the character's own echo explains it."""


class EchoVeto:
    """Pure; one step a block while the character may be heard.

    Only the onset waits, for the first block that stands out while the voice is on; if none does, the voice was the
    character's. The ears go on hearing everything: silence in place of what is explained would cut into a person's
    syllables, and its edges make Silero hear voices in what is left (1 to 3 in ten minutes where there were none).
    """

    def __init__(self) -> None:
        self._held = False

    def step(self, onset: bool, voice_on: bool, explained_by_echo: bool) -> bool:
        """Whether somebody else's voice begins to count now.

        Args:
            onset: a voice was confirmed in this block.
            voice_on: a voice is there, or may be.
            explained: ``Cleaned.explained`` of this block.
        """
        self._held = (self._held or onset) and voice_on
        counts = self._held and not explained_by_echo
        self._held = self._held and not counts
        return counts
