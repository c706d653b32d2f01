"""How loud the character's own echo is expected to be, learned from how loud it has been.

Pure, one call a block. A room's echo is the far signal, some gain quieter and ringing on. What is learned of it is
one number, the *coupling*: the level that echo rarely exceeds, in dB relative to the far signal's ringing envelope.
"""

from voicemate.sound import milliseconds

RING_DB_PER_S = 60 / 0.5
"""The far signal's envelope falls no faster than an ordinary room does (RT60 of 0.5 s)."""

START_DB = 0.0
"""Before anything is known, the echo may be as loud as what is played."""

RISE_DB = 1.0
FALL_DB = 0.05
"""The coupling follows an upper quantile of what is seen: RISE / (RISE + FALL) of all blocks lie below it."""

FIRST_FALL_DB = 3.0
"""At first it falls quicker, since it starts from the worst."""

OUTLIER_DB = 9.0
"""What is so much louder than expected is somebody else, or a loudspeaker turned up: that is learned slowly."""

OUTLIER_RISE_DB = 0.02

SILENT_DBFS = -75.0


class EchoLevel:
    """Predicts the level of one signal's echo from the far signal."""

    def __init__(self) -> None:
        self.coupling = START_DB
        self._ring = -120.0
        self._seen = 0

    def predict(self, far_dbfs: float, n: int) -> float:
        """The level that the echo of the far signal so far will hardly exceed in the next ``n`` samples, in dBFS."""
        self._ring = max(far_dbfs, self._ring - RING_DB_PER_S * milliseconds(n) / 1000, -120.0)
        return max(self._ring + self.coupling, -120.0)

    def learn(self, dbfs: float) -> None:
        """In these samples there really was ``dbfs``, echo or not."""
        if self._ring < SILENT_DBFS:
            return
        self._seen += 1
        excess = dbfs - (self._ring + self.coupling)
        if excess > OUTLIER_DB:
            self.coupling += OUTLIER_RISE_DB
        elif excess > 0:
            self.coupling += min(excess, RISE_DB)
        else:
            self.coupling -= max(FALL_DB, min(-excess, FIRST_FALL_DB) / self._seen)
