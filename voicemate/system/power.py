"""The machine's power source and battery."""

from typing import Any

import psutil


def on_battery() -> bool:
    """Return whether the machine runs on battery; False where unknown. Fast; any thread."""
    battery = _battery()
    return battery is not None and battery.power_plugged is False


def battery_percent() -> float | None:
    """Return the percent left while on battery; None on mains power or where unknown."""
    battery = _battery()
    return battery.percent if battery is not None and battery.power_plugged is False else None


def _battery() -> Any:
    sensors = getattr(psutil, "sensors_battery", None)  # not on every platform
    try:
        return sensors() if sensors else None
    except (OSError, ValueError):  # a battery that reports nonsense
        return None
