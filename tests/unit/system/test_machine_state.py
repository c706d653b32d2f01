import pytest

from voicemate.config.schema import SuspendSettings
from voicemate.system.machine_state import MachineState, SystemEvent, reason_to_suspend

NEVER = SuspendSettings()
ALWAYS = SuspendSettings(when_locked=True, battery_below=20)


@pytest.mark.parametrize(
    ("now", "settings", "reason"),
    [
        (MachineState(), ALWAYS, ""),
        (MachineState(locked=True), ALWAYS, "the screen is locked"),
        (MachineState(locked=True), NEVER, ""),
        (MachineState(battery_percent=19.9), ALWAYS, "the battery is below 20%"),
        (MachineState(battery_percent=20.0), ALWAYS, ""),
        (MachineState(battery_percent=1.0), NEVER, ""),
        (MachineState(asleep=True), NEVER, "the computer sleeps"),
    ],
)
def test_reasons_to_suspend(now: MachineState, settings: SuspendSettings, reason: str) -> None:
    assert reason_to_suspend(now, settings) == reason


def test_the_last_event_counts() -> None:
    now = MachineState(battery_percent=50)
    for told in (SystemEvent.LOCKED, SystemEvent.SLEEPING, SystemEvent.WOKE):
        now = now.after(told)
    assert now == MachineState(locked=True, battery_percent=50)
    assert now.after(SystemEvent.UNLOCKED) == MachineState(battery_percent=50)
