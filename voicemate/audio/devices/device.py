"""Which microphones and loudspeakers there are, and which one a person means by part of its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from voicemate.core.errors import AudioError


class Direction(StrEnum):
    """What a device is used as; the value is the word for it in messages."""

    INPUT = "microphone"
    OUTPUT = "loudspeaker"


@dataclass(frozen=True, slots=True)
class Device:
    """A device as PortAudio lists it.

    Attributes:
        index: PortAudio's number for it, until the list is made anew.
        name: as the system calls it.
        host_api: the sound system it belongs to, such as ``Core Audio`` or ``ALSA``.
        inputs, outputs: channels it can record and play.
        rate: the rate it runs at by itself (Hz).
        default_input, default_output: what is used when nothing is chosen.
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
        return self.inputs if direction is Direction.INPUT else self.outputs

    def is_default(self, direction: Direction) -> bool:
        return self.default_input if direction is Direction.INPUT else self.default_output


def find_device(devices: Sequence[Device], direction: Direction, name_part: str = "") -> Device:
    """The device whose name contains ``part`` (case does not count), or the default one.

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
