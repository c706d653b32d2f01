"""When work on a reply begins: at the first short pause, or only when the pause lasts."""

import pytest

from voicemate.config.schema import SpeculationSettings
from voicemate.turns.speculation import SpeculationPolicy

SETTINGS = SpeculationSettings()


def policy(outcomes: list[bool], settings: SpeculationSettings = SETTINGS) -> SpeculationPolicy:
    created = SpeculationPolicy(settings)
    for used in outcomes:
        created.record_outcome(used)
    return created


def test_work_begins_at_once_before_anything_is_known() -> None:
    assert policy([]).pause_ms == 0


def test_on_battery_work_begins_only_after_a_longer_pause() -> None:
    created = policy([])
    created.on_battery = True
    assert created.careful
    assert created.pause_ms == SETTINGS.careful_pause_ms > 0
    created.on_battery = False
    assert created.pause_ms == 0


@pytest.mark.parametrize(
    ("outcomes", "careful"),
    [
        ([False] * 7, False),  # too few to conclude from
        ([False] * 8, True),
        ([True, True, *[False] * 6], True),  # a quarter was used
        ([True, True, True, *[False] * 5], False),
        ([False] * 20 + [True] * 20, False),  # only the latest 20 count
        ([True] * 20 + [False] * 15, True),
    ],
)
def test_a_policy_whose_work_is_mostly_discarded_becomes_careful(outcomes: list[bool], careful: bool) -> None:
    assert policy(outcomes).careful is careful


def test_always_speculating_is_a_setting_that_overrides_everything() -> None:
    created = policy([False] * 20, SpeculationSettings(when="always"))
    created.on_battery = True
    assert created.pause_ms == 0
