"""`voicemate menu` as a person starts it, in a terminal of a desktop."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.desktop.tray.tray_screen import Desktop, ended, missing, wait_until
from voicemate.testing.x11_display import x11_display

pytestmark = pytest.mark.desktop

MENU = [sys.executable, "-m", "voicemate", "menu"]


def refused(environment: Mapping[str, str]) -> str:
    """The sentence with which it ends."""
    done = subprocess.run(MENU, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode not in (0, 1), done.stderr
    return done.stderr


def test_it_is_shown_once_and_ends_in_order(desktop: Desktop, home: Path) -> None:
    environment = {**desktop.environment, "VOICEMATE_HOME": str(home)}
    with ended(subprocess.Popen(MENU, env=environment, stderr=subprocess.PIPE, text=True)) as process:
        wait_until(lambda: desktop.has_icon(), "there is an icon in the tray")
        assert "already running" in refused(environment)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        wait_until(lambda: not desktop.has_icon(), "the icon is gone")


def test_without_a_tray_it_says_what_to_do(home: Path) -> None:
    if why := missing():
        pytest.skip(why)
    with Desktop(tray=False) as bare:
        assert "This desktop has no tray for icons" in refused(bare.environment)


def test_a_display_that_has_gone_is_said(home: Path) -> None:
    if why := missing():
        pytest.skip(why)
    with x11_display() as gone:
        environment = {**os.environ, **gone.environment}
    assert "The display cannot be reached" in refused(environment)
