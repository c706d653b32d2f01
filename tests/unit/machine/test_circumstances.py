import pytest

from voicemate.config.schema import SuspendSettings
from voicemate.system.circumstances import Circumstances, Told, reason_to_pause

NEVER = SuspendSettings()
ALWAYS = SuspendSettings(when_locked=True, battery_below=20)


@pytest.mark.parametrize(
    ("now", "settings", "reason"),
    [
        (Circumstances(), ALWAYS, ""),
        (Circumstances(locked=True), ALWAYS, "the screen is locked"),
        (Circumstances(locked=True), NEVER, ""),
        (Circumstances(battery=19.9), ALWAYS, "the battery is below 20%"),
        (Circumstances(battery=20.0), ALWAYS, ""),
        (Circumstances(battery=1.0), NEVER, ""),
        (Circumstances(asleep=True), NEVER, "the computer sleeps"),
    ],
)
def test_what_is_a_reason_to_pause(now: Circumstances, settings: SuspendSettings, reason: str) -> None:
    assert reason_to_pause(now, settings) == reason


def test_what_is_told_last_counts() -> None:
    now = Circumstances(battery=50)
    for told in (Told.LOCKED, Told.SLEEPS, Told.WOKE):
        now = now.after(told)
    assert now == Circumstances(locked=True, battery=50)
    assert now.after(Told.UNLOCKED) == Circumstances(battery=50)
