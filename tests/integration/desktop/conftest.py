"""A keyboard and a screen."""

from collections.abc import Iterator

import pytest

from voicemate.testing.x11_display import Display, available, display


@pytest.fixture
def screen() -> Iterator[Display]:
    if not available():
        pytest.skip("Xvfb, xdotool or setxkbmap is missing (scripts/setup.sh test installs them)")
    with display() as found:
        yield found
