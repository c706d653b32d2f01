"""Where the machine's power comes from."""

import psutil


def on_battery() -> bool:
    """True on battery; False on the wall, and where nobody knows. A fraction of a millisecond, any thread."""
    sensors = getattr(psutil, "sensors_battery", None)  # not on every platform
    try:
        battery = sensors() if sensors else None
    except (OSError, ValueError):  # a battery that reports nonsense
        return False
    return battery is not None and battery.power_plugged is False
