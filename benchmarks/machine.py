"""Describes the machine, for result files."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("voicemate", "pywhispercpp", "llama-cpp-python", "onnxruntime", "numpy")


def description() -> dict[str, object]:
    """Return the processor, the cores of this process, the load, and versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": cores,
        "load": [round(load, 2) for load in os.getloadavg()],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {package: version(package) for package in PACKAGES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
