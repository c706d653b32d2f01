"""Where the machine's power comes from."""

from typing import Any

import psutil


def on_battery() -> bool:
    """True on battery; False on the wall, and where nobody knows. A fraction of a millisecond, any thread."""
    battery = _battery()
    return battery is not None and battery.power_plugged is False


def battery_percent() -> float | None:
    """Percent that are left of the battery, while nothing charges it; None on the wall, and where nobody knows."""
    battery = _battery()
    return battery.percent if battery is not None and battery.power_plugged is False else None


def _battery() -> Any:
    sensors = getattr(psutil, "sensors_battery", None)  # not on every platform
    try:
        return sensors() if sensors else None
    except (OSError, ValueError):  # a battery that reports nonsense
        return None
