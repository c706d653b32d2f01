"""Imports one module of a package without all that the package itself would import: memory that nobody uses."""

import importlib
import importlib.util
import sys
from types import ModuleType


def import_without_package(name: str) -> ModuleType:
    """The module ``name`` of a package, without the package's ``__init__``, which is run when somebody asks for that.

    Args:
        name: with dots, such as ``num2words.lang_EN``.

    Raises:
        ModuleNotFoundError: there is no such package or module.
    """
    package, _, _ = name.partition(".")
    if package in sys.modules:
        return importlib.import_module(name)
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    sys.modules[package] = importlib.util.module_from_spec(spec)  # made, and not run: its modules find their way
    try:
        return importlib.import_module(name)
    finally:
        del sys.modules[package]
