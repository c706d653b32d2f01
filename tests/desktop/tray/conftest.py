"""A screen for all tests of this folder, and for each of them a home, and a menu to click on."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.desktop.tray.tray_screen import Desktop, ended, missing, wait_until


@pytest.fixture(scope="session")
def desktop() -> Iterator[Desktop]:
    if why := missing():
        pytest.skip(why)
    with Desktop() as found:
        yield found


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path_factory.mktemp("vm")
    monkeypatch.setenv("VOICEMATE_HOME", str(found))
    return found


class ShownMenu:
    """The menu on a screen, with what a person sees of it."""

    def __init__(self, desktop: Desktop, process: "subprocess.Popen[str]"):
        self._desktop = desktop
        self._process = process

    def asked(self, command: str) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the menu has ended"
        return json.loads(line)

    def seen(self) -> dict[str, Any]:
        return self.asked("where")

    def labels(self) -> list[str]:
        return [item["label"] for item in self.seen()["items"]]

    def item(self, label: str) -> dict[str, Any]:
        """The item with that label, or else with one that begins so, as soon as it can be seen."""
        found: list[dict[str, Any]] = []

        def is_seen() -> bool:
            found[:] = [item for item in self.seen()["items"] if item["label"].startswith(label)]
            found.sort(key=lambda item: len(item["label"]))
            return bool(found)

        try:
            wait_until(is_seen, f"{label} can be seen")
        except TimeoutError as error:
            raise AssertionError(f"{error}; there is {self.labels()}") from None
        return found[0]

    def open(self, button: int = 3) -> None:
        """Click on the icon."""
        wait_until(lambda: self.seen()["icon"]["width"] >= 16, "the icon is in the tray")
        icon = self.seen()["icon"]
        self._desktop.click(icon["x"], icon["y"], button)
        wait_until(lambda: bool(self.labels()), "the menu is open")

    def click(self, *labels: str) -> None:
        """Open the menu and click on each of these items, which are in each other's submenus."""
        self.open()
        for label in labels:
            self.click_item(label)
        wait_until(lambda: not self.labels(), "the menu is closed")

    def click_item(self, label: str) -> None:
        item = self.item(label)
        assert item["enabled"], label
        self._desktop.click(item["x"], item["y"])

    def close(self) -> None:
        """Click beside the menu."""
        self._desktop.click(20, 700)
        wait_until(lambda: not self.labels(), "the menu is closed")

    def has_ended(self) -> bool:
        return self._process.poll() is not None


@pytest.fixture
def menu(desktop: Desktop, home: Path) -> Iterator[ShownMenu]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.desktop.tray.menu_process"],
        env={**desktop.environment, "VOICEMATE_HOME": str(home)},
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with ended(process):
        yield ShownMenu(desktop, process)
