import pytest

from voicemate.audio.devices.device import Device, Direction, find_device
from voicemate.core.errors import AudioError

BUILT_IN = Device(0, "MacBook Pro Microphone", "Core Audio", 1, 0, 48_000, default_input=True)
SPEAKERS = Device(1, "MacBook Pro Speakers", "Core Audio", 0, 2, 48_000, default_output=True)
AIRPODS_IN = Device(2, "Ada's AirPods", "Core Audio", 1, 0, 24_000)
AIRPODS_OUT = Device(3, "Ada's AirPods", "Core Audio", 0, 2, 48_000)
STUDIO = Device(4, "Studio Display Microphone", "Core Audio", 1, 0, 48_000)
ALL = [BUILT_IN, SPEAKERS, AIRPODS_IN, AIRPODS_OUT, STUDIO]


def test_without_a_name_the_default_is_selected():
    assert find_device(ALL, Direction.INPUT) is BUILT_IN
    assert find_device(ALL, Direction.OUTPUT) is SPEAKERS


def test_without_a_default_the_first_is_selected():
    assert find_device([STUDIO, AIRPODS_IN], Direction.INPUT) is STUDIO


def test_any_part_of_the_name_selects_a_device():
    assert find_device(ALL, Direction.INPUT, "airpods") is AIRPODS_IN
    assert find_device(ALL, Direction.OUTPUT, "AirPods") is AIRPODS_OUT


def test_a_whole_name_wins_over_a_part_of_another():
    monitor = Device(5, "Studio Display Microphone (2)", "Core Audio", 1, 0, 48_000)
    assert find_device([monitor, *ALL], Direction.INPUT, "studio display microphone") is STUDIO


def test_of_several_with_one_name_the_first_is_selected():
    twin = Device(6, "Ada's AirPods", "Core Audio", 1, 0, 24_000)
    assert find_device([*ALL, twin], Direction.INPUT, "airpods") is AIRPODS_IN


def test_a_part_of_several_names_is_an_error():
    with pytest.raises(AudioError, match=r"fits several microphones.*MacBook Pro.*Studio Display"):
        find_device(ALL, Direction.INPUT, "microphone")


def test_an_unknown_name_is_an_error_that_lists_the_devices():
    with pytest.raises(AudioError, match=r"No loudspeaker has “kazoo”.*AirPods"):
        find_device(ALL, Direction.OUTPUT, "kazoo")


def test_a_machine_without_a_microphone_is_an_error():
    with pytest.raises(AudioError, match="There is no microphone"):
        find_device([SPEAKERS], Direction.INPUT)
