"""The menu in a process of its own, as a person at the screen sees and uses it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integration.desktop.tray.tray_screen import Desktop, ended, wait_until

_CHECKOUT = Path(__file__).parents[4]


@contextmanager
def shown_menu(
    desktop: Desktop, home: Path, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator["ShownMenu"]:
    """The menu for the block's time.

    Args:
        home: where its settings and its daemon's socket are.
        options: of ``menu_process``.
        environment: more variables.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.desktop.tray.menu_process", *options],
        env={**desktop.environment, "VOICEMATE_HOME": str(home), **(environment or {})},
        cwd=_CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with ended(process):
        yield ShownMenu(desktop, process)


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
