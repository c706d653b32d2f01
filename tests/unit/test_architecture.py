"""Keeps the structure of the code as docs/architecture.md describes it.

``tests/unit/test_docs.py`` checks what the documentation names.
"""

import ast
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "voicemate"

MAX_MODULES = 12
"""Modules in a folder, ``__init__.py`` not counted."""

LARGE_FOLDERS: dict[str, str] = {}
"""Folders that may have more modules, each with its reason."""

REPEATED_CLASSES: dict[str, str] = {}
"""Public classes whose name occurs more than once, each with its reason."""

UNUSED: dict[str, str] = {}
"""Public functions and classes that no code names, each with its reason."""


@cache
def source(path: Path) -> str:
    """The text of ``path``."""
    return path.read_text(encoding="utf-8")


@cache
def modules() -> tuple[Path, ...]:
    """All modules of the package."""
    return tuple(sorted(PACKAGE.rglob("*.py")))


@cache
def public_definitions() -> tuple[tuple[Path, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef], ...]:
    """Public classes and functions at the top level of each module."""
    return tuple(
        (path, node)
        for path in modules()
        for node in ast.parse(source(path)).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
    )


def test_no_folder_has_too_many_modules() -> None:
    sizes = Counter(path.parent for path in modules() if path.name != "__init__.py")
    large = {str(folder.relative_to(ROOT)): size for folder, size in sizes.items() if size > MAX_MODULES}
    assert large.keys() <= LARGE_FOLDERS.keys(), large


def test_no_public_class_name_occurs_twice() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path, node in public_definitions():
        if isinstance(node, ast.ClassDef):
            places[node.name].append(str(path.relative_to(ROOT)))
    repeated = {name: paths for name, paths in places.items() if len(paths) > 1}
    assert repeated.keys() == REPEATED_CLASSES.keys(), repeated


def test_every_public_function_and_class_has_a_user() -> None:
    users = [*modules(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    words = Counter(word for path in users for word in re.findall(r"\w+", source(path)))
    unused = {
        f"{path.relative_to(ROOT)}:{node.name}"
        for path, node in public_definitions()
        if words[node.name] < 2 and not node.decorator_list
    }
    assert unused == UNUSED.keys(), sorted(unused ^ UNUSED.keys())


def test_tests_and_benchmarks_do_not_import_each_other() -> None:
    for folder, other in (("tests", "benchmarks"), ("benchmarks", "tests"), ("voicemate", "(?:tests|benchmarks)")):
        for path in (ROOT / folder).rglob("*.py"):
            found = re.search(rf"^\s*(?:from|import) {other}\b", source(path), re.MULTILINE)
            assert found is None, f"{path} has {found and found[0]}"
