"""A desktop for all tests of this folder, and for each of them a home, and a menu to click on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.desktop.tray.shown_menu import ShownMenu, shown_menu
from tests.integration.desktop.tray.tray_screen import Desktop, missing


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


@pytest.fixture
def menu(desktop: Desktop, home: Path) -> Iterator[ShownMenu]:
    with shown_menu(desktop, home) as found:
        yield found
