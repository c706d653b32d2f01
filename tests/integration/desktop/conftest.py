"""A keyboard and a screen."""

from collections.abc import Iterator

import pytest

from voicemate.testing.x11_display import X11Display, available, x11_display


@pytest.fixture
def screen() -> Iterator[X11Display]:
    if not available():
        pytest.skip("Xvfb, xdotool or setxkbmap is missing (scripts/setup.sh test installs them)")
    with x11_display() as found:
        yield found
