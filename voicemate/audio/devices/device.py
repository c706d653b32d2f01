"""The devices of this machine: which there are, which one a person means, and what the system reports of them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from voicemate.core.errors import AudioError


class Direction(StrEnum):
    """What a device is used for; the value is the word for it in messages."""

    INPUT = "microphone"
    OUTPUT = "loudspeaker"


@dataclass(frozen=True, slots=True)
class Device:
    """A device as PortAudio lists it.

    Attributes:
        index: PortAudio's number for it, until the list is made anew.
        name: the system's name for it.
        host_api: the sound system it belongs to, such as ``Core Audio`` or ``ALSA``.
        inputs, outputs: channels it can record and play.
        rate: the rate it runs at by itself (Hz).
        default_input, default_output: it is used when nothing is chosen.
    """

    index: int
    name: str
    host_api: str
    inputs: int
    outputs: int
    rate: int
    default_input: bool = False
    default_output: bool = False

    def channels(self, direction: Direction) -> int:
        """Channels that it has in ``direction``."""
        return self.inputs if direction is Direction.INPUT else self.outputs

    def is_default(self, direction: Direction) -> bool:
        """Whether it is the system's default for ``direction``."""
        return self.default_input if direction is Direction.INPUT else self.default_output


@dataclass(frozen=True, slots=True)
class DevicesChanged:
    """Devices were connected or removed, or the default has changed.

    Attributes:
        default_changed: the system's default is another device now, and open streams stay on the old one. PulseAudio
            moves streams by itself; Core Audio does not.
    """

    default_changed: bool = False


class HotplugSource(Protocol):
    """A system's notifications about its devices."""

    def start(self, on_change: Callable[[DevicesChanged], None]) -> None:
        """Call ``on_change`` from any thread, from now on.

        Raises:
            OSError: the system does not notify.
        """
        ...

    def close(self) -> None:
        """Stop calling."""
        ...


def find_device(devices: Sequence[Device], direction: Direction, name_part: str = "") -> Device:
    """The device whose name contains ``name_part``, in any case; the default one if that is empty.

    A whole name wins over a part of others; of several devices with one name the first is taken.

    Raises:
        AudioError: there is none, or several different ones match.
    """
    usable = [device for device in devices if device.channels(direction) > 0]
    if not usable:
        raise AudioError(f"There is no {direction}", "Connect one, then see `voicemate devices`")
    if not name_part:
        return next((device for device in usable if device.is_default(direction)), usable[0])
    wanted = name_part.casefold()
    whole = [device for device in usable if device.name.casefold() == wanted]
    matches = whole or [device for device in usable if wanted in device.name.casefold()]
    names = _names(matches or usable)
    if not matches:
        raise AudioError(f"No {direction} has “{name_part}” in its name", f"There is {names}")
    if len({device.name for device in matches}) > 1:
        raise AudioError(f"“{name_part}” fits several {direction}s: {names}", "Use more of the name")
    return matches[0]


def _names(devices: Sequence[Device]) -> str:
    return ", ".join(dict.fromkeys(f"“{device.name}”" for device in devices))


_HEADPHONES = re.compile(
    r"head ?phone|head ?set|ear ?phone|ear ?bud|ear ?pod|air ?pod|in-ear|hörer|casque|écouteur|auricular|"
    r"cuffi|\bfones?\b|наушник|耳机|耳機|ヘッドホン|ヘッドフォン|イヤホン|헤드폰|이어폰|\bbuds\d*\b|\bWH-|\bWF-|\bQuietComfort\b",
    re.IGNORECASE,
)
"""Core Audio calls the analogue jack “External Headphones”, PulseAudio's ports say “Headphones”; Bluetooth devices
have their makers' product names. What is not recognised is found out by measuring."""


def is_headphones(name: str) -> bool:
    """Whether ``name`` is that of headphones, earphones or a headset, which no microphone picks up."""
    return _HEADPHONES.search(name) is not None
