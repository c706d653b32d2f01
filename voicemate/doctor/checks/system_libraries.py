"""System libraries and tools that voicemate cannot bundle."""

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
"""PortAudio uses ALSA, which reaches a sound server through one of these plugins."""

_PACKAGES = {
    "apt-get": ("sudo apt install", "libportaudio2", "espeak-ng", "libasound2-plugins"),
    "dnf": ("sudo dnf install", "portaudio", "espeak-ng", "alsa-plugins-pulseaudio"),
    "pacman": ("sudo pacman -S", "portaudio", "espeak-ng", "alsa-plugins"),
    "zypper": ("sudo zypper install", "libportaudio2", "espeak-ng", "alsa-plugins-pulse"),
}
"""By package manager: its command, and the packages of PortAudio, espeak-ng and the ALSA plugin."""

_XCODE_HINT = "`xcode-select --install`"


@dataclass(frozen=True, slots=True)
class LinuxFacts:
    """A Linux system.

    Attributes:
        portaudio: the PortAudio library is installed.
        espeak: the espeak-ng library is installed.
        sound_server: PulseAudio or PipeWire is running.
        plugin: ALSA's plugin for the sound server is installed.
        installer: the package manager, a key of ``_PACKAGES``; empty if it is another one.
    """

    portaudio: bool
    espeak: bool
    sound_server: bool
    plugin: bool
    installer: str = ""


@dataclass(frozen=True, slots=True)
class MacFacts:
    """A Mac.

    Attributes:
        machine: the processor that this Python was built for.
        translated: the Mac has another processor and runs Python under Rosetta.
        tools: folder of the command line tools; empty if they are not installed.
    """

    machine: str
    translated: bool
    tools: str


def check_system_libraries(context: CheckContext) -> Sequence[Finding]:
    """Check the libraries and tools that this system needs."""
    if context.platform == "darwin":
        return assess_macos(_gather_macos_facts())
    return assess_linux(_gather_linux_facts())


def assess_linux(facts: LinuxFacts) -> list[Finding]:
    """Report missing libraries, with the command that installs them."""
    _, portaudio, espeak, plugin = _PACKAGES.get(facts.installer, ("", "PortAudio", "espeak-ng", "ALSA's plugins"))
    found: list[Finding] = []
    if not facts.portaudio:
        found.append(problem("The PortAudio library is missing: there is no sound", _install_hint(facts, portaudio)))
    if not facts.espeak:
        found.append(problem("espeak-ng is missing: there is no voice", _install_hint(facts, espeak)))
    if facts.sound_server and not facts.plugin:
        message = "A sound server is running, but the ALSA plugin that PortAudio needs to reach it is missing"
        found.append(problem(message, _install_hint(facts, plugin)))
    return found or [ok("PortAudio and espeak-ng are installed")]


def _install_hint(facts: LinuxFacts, package: str) -> str:
    command = _PACKAGES.get(facts.installer, ("",))[0]
    return f"`{command} {package}`" if command else f"Install {package} with the system's package manager"


def assess_macos(facts: MacFacts) -> list[Finding]:
    """Report a Python for the wrong processor, and missing tools."""
    found: list[Finding] = []
    if facts.translated:
        message = f"This Python was built for {facts.machine}, not for this Mac's processor: Metal cannot be used"
        found.append(problem(message, "Set voicemate up again with an arm64 Python (`make talk` in a checkout)"))
    if not facts.tools:
        message = "The Xcode command line tools are missing: Voicemate.app and updates cannot be built"
        found.append(warning(message, _XCODE_HINT))
    return found or [ok(f"The Xcode command line tools are installed ({facts.tools})")]


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
    """Whether PulseAudio or PipeWire can be reached (Linux)."""
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
    """What a command prints; empty if it fails or does not exist."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
