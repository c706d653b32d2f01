"""Libraries and tools of the system that voicemate cannot bring along itself."""

import ctypes
import ctypes.util
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, ok, problem, warning

_ESPEAK = ("libespeak-ng.so.1", "libespeak-ng.so", "libespeak.so.1")

_ALSA_PLUGINS = ("libasound_module_pcm_pulse.so", "libasound_module_pcm_pipewire.so")
"""PortAudio knows ALSA, and reaches a sound server through one of these."""

_PACKAGES = {
    "apt-get": ("sudo apt install", "libportaudio2", "espeak-ng", "libasound2-plugins"),
    "dnf": ("sudo dnf install", "portaudio", "espeak-ng", "alsa-plugins-pulseaudio"),
    "pacman": ("sudo pacman -S", "portaudio", "espeak-ng", "alsa-plugins"),
    "zypper": ("sudo zypper install", "libportaudio2", "espeak-ng", "alsa-plugins-pulse"),
}
"""By package manager: its command, and what PortAudio, espeak-ng and the ALSA plugin are called there."""

_XCODE = "`xcode-select --install`"


@dataclass(frozen=True, slots=True)
class LinuxFacts:
    """Attributes:
    portaudio, espeak: the library is there.
    sound_server: PulseAudio or PipeWire is there to be reached.
    plugin: so is the way to it.
    installer: the package manager, one of ``_PACKAGES``, or "".
    """

    portaudio: bool
    espeak: bool
    sound_server: bool
    plugin: bool
    installer: str = ""


@dataclass(frozen=True, slots=True)
class MacFacts:
    """Attributes:
    machine: the processor that this Python was made for.
    translated: it is another one than the Mac's.
    tools: where the command line tools are; "" when they are not.
    """

    machine: str
    translated: bool
    tools: str


def check_system_libraries(ground: CheckContext) -> Sequence[Finding]:
    return assess_macos(_gather_macos_facts()) if ground.platform == "darwin" else assess_linux(_gather_linux_facts())


def assess_linux(facts: LinuxFacts) -> list[Finding]:
    _, portaudio, espeak, plugin = _PACKAGES.get(facts.installer, ("", "PortAudio", "espeak-ng", "ALSA's plugins"))
    found = []
    if not facts.portaudio:
        found.append(problem("The PortAudio library is missing: there is no sound", _install(facts, portaudio)))
    if not facts.espeak:
        found.append(problem("espeak-ng is missing: there is no voice", _install(facts, espeak)))
    if facts.sound_server and not facts.plugin:
        told = "A sound server runs, and ALSA's plugin by which PortAudio reaches it is missing"
        found.append(problem(told, _install(facts, plugin)))
    return found or [ok("PortAudio and espeak-ng are here")]


def _install(facts: LinuxFacts, package: str) -> str:
    command = _PACKAGES.get(facts.installer, ("",))[0]
    return f"`{command} {package}`" if command else f"Install {package} with the system's package manager"


def assess_macos(facts: MacFacts) -> list[Finding]:
    found = []
    if facts.translated:
        told = (
            f"This Python is made for {facts.machine}, and the Mac's processor is another one: Metal is out of reach"
        )
        found.append(problem(told, "Set voicemate up again with an arm64 Python (`make talk` in a checkout)"))
    if not facts.tools:
        told = "The Xcode command line tools are missing: Voicemate.app and updates cannot be built"
        found.append(warning(told, _XCODE))
    return found or [ok(f"The Xcode command line tools are here ({facts.tools})")]


def _gather_linux_facts() -> LinuxFacts:
    return LinuxFacts(
        portaudio=ctypes.util.find_library("portaudio") is not None,
        espeak=any(map(_can_load, _ESPEAK)),
        sound_server=has_sound_server(),
        plugin=any(True for name in _ALSA_PLUGINS for _ in _alsa_libraries(name)),
        installer=next((name for name in _PACKAGES if shutil.which(name)), ""),
    )


def _gather_macos_facts() -> MacFacts:
    translated = _command_output("sysctl", "-in", "sysctl.proc_translated") == "1"
    return MacFacts(platform.machine(), translated, _command_output("xcode-select", "-p"))


def has_sound_server() -> bool:
    """Whether PulseAudio or PipeWire is there to be reached (Linux)."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    return bool(os.environ.get("PULSE_SERVER")) or any(
        (runtime / name).exists() for name in ("pulse/native", "pipewire-0")
    )


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _alsa_libraries(name: str) -> list[Path]:
    return [
        path for pattern in ("lib*/alsa-lib", "lib*/*/alsa-lib") for path in Path("/usr").glob(f"{pattern}/{name}")
    ]


def _command_output(*command: str) -> str:
    """What a command prints; "" when it fails or is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
