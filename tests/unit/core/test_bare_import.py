"""One module of a package, without the rest of it."""

import sys
from pathlib import Path

import pytest

from voicemate.core.bare_import import import_without_package


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "heavy_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("from heavy_package.one import VALUE\nLOADED = True\n")
    (folder / "base.py").write_text("BASE = 1\n")
    (folder / "one.py").write_text("from .base import BASE\nVALUE = BASE + 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("heavy_package", "heavy_package.base", "heavy_package.one"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return folder.name


def test_the_module_comes_without_its_package(package):
    assert import_without_package(f"{package}.one").VALUE == 2
    assert package not in sys.modules


def test_who_asks_for_the_package_then_gets_all_of_it(package):
    one = import_without_package(f"{package}.one")
    whole = __import__(package)
    assert whole.LOADED
    assert sys.modules[f"{package}.one"] is one


def test_a_package_that_is_there_already_is_used(package):
    whole = __import__(package)
    assert import_without_package(f"{package}.one") is whole.one
    assert sys.modules[package] is whole


def test_what_is_missing_is_told(package):
    with pytest.raises(ModuleNotFoundError):
        import_without_package("no_such_package.at_all")
    with pytest.raises(ModuleNotFoundError):
        import_without_package(f"{package}.nothing")
    assert package not in sys.modules
