"""The documentation names only what exists: files, modules, commands, options, settings and make targets."""

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main

from voicemate import cli
from voicemate.config.schema import Section, Settings
from voicemate.control.commands import COMMANDS
from voicemate.control.protocol import VERSION
from voicemate.doctor.registry import all_checks
from voicemate.models.catalog import load_catalog
from voicemate.personas.persona import Persona, Sampling, Voice

ROOT = Path(__file__).resolve().parents[2]
TOP_FOLDERS = ("voicemate", "tests", "benchmarks", "docs", "scripts", "launchd", "personas", "models")
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *(
            ROOT / folder / "README.md"
            for folder in ("launchd", "models", "benchmarks")
            if (ROOT / folder / "README.md").is_file()
        ),
    )
)

_CODE_BLOCK = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)?(#[^)\s]+)?\)")
_COMMAND = re.compile(r"(?<![\w/.-])(?<!from )voicemate((?: [a-z][a-z-]*)+)")
_OPTION = re.compile(r"(?<!\S)(--?[a-z][a-z-]*)")


@pytest.fixture(params=[name for name in PAGES if name != "CHANGELOG.md"])  # that one names what has gone
def page(request: pytest.FixtureRequest) -> str:
    """The text of each page of the documentation."""
    return (ROOT / request.param).read_text("utf-8")


@cache
def all_files() -> frozenset[str]:
    """Every file of the project below the top folders, and at its top."""
    below = (path for folder in TOP_FOLDERS for path in (ROOT / folder).rglob("*"))
    return frozenset(path.relative_to(ROOT).as_posix() for path in (*ROOT.iterdir(), *below) if path.is_file())


def code_of(page: str) -> str:
    """All that a page sets as code, one piece a line."""
    blocks = [found[0] for found in _CODE_BLOCK.finditer(page)]
    return "\n".join([*blocks, *(found[1] for found in _INLINE_CODE.finditer(_CODE_BLOCK.sub("", page)))])


def generator() -> ModuleType:
    """``scripts/generate_reference.py`` as a module."""
    spec = importlib.util.spec_from_file_location("generate_reference", ROOT / "scripts" / "generate_reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_generated_reference_is_up_to_date() -> None:
    outdated = [path.name for path in generator().stale()]
    assert not outdated, "run `make docs`"


def test_file_names_exist(page: str) -> None:
    named = re.findall(r"(?<![\w/.~$*-])[\w./-]+\.(?:py|md|sh)\b", code_of(page))
    missing = [
        name for name in named if not any(f"/{file}".endswith(f"/{name.removeprefix('./')}") for file in all_files())
    ]
    assert not missing


def test_paths_from_the_top_exist(page: str) -> None:
    folders = "|".join(TOP_FOLDERS)
    named = re.findall(rf"(?<![\w/.~$-])(?:{folders})/[\w./-]*", code_of(page))
    missing = [name for name in named if not (ROOT / name.rstrip(".")).exists()]
    assert not [name for name in missing if not _is_written_later(name)]


def _is_written_later(name: str) -> bool:
    """Files that are downloaded or that a command writes."""
    return name.startswith("models/") and not name.endswith((".md", ".toml"))


def test_modules_exist(page: str) -> None:
    named = re.findall(r"(?<![\w/.-])(?:voicemate|benchmarks|tests)(?:\.[a-z_0-9]+)+", code_of(page))
    assert not [name for name in named if not _is_module_or_member(name)]


def _is_module_or_member(name: str) -> bool:
    """Whether ``name`` is a module, a member of one, or a file with a name of its own such as ``voicemate.lock``."""
    path = ROOT / name.replace(".", "/")
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    if name.rpartition(".")[2] in {"service", "lock", "log", "sock", "desktop", "app"}:
        return True
    owner, _, member = name.rpartition(".")
    if not owner:
        return False
    base = ROOT / owner.replace(".", "/")
    source = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    return source.is_file() and re.search(rf"\b{member}\b", source.read_text("utf-8")) is not None


def test_links_lead_somewhere() -> None:
    broken = []
    for name in PAGES:
        text = _CODE_BLOCK.sub("", (ROOT / name).read_text("utf-8"))
        for target, anchor in _LINK.findall(text):
            path = (ROOT / name).parent / target if target else ROOT / name
            if not path.exists() or (anchor and path.suffix == ".md" and anchor[1:] not in anchors(path)):
                broken.append(f"{name}: {target}{anchor}")
    assert not broken


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as both the site and a repository's viewer make them."""
    headings = re.findall(r"^#+ (.+)$", _CODE_BLOCK.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_names_behind_files_are_defined_there(page: str) -> None:
    """``file.py`` `Class.method` promises that the file defines it."""
    wrong = []
    for file, name in re.findall(r"`(voicemate/[\w/]+\.py)`\s+`([A-Za-z_]\w*(?:\.\w+)?)`", page):
        if (ROOT / file).is_file() and name not in defined_in(ROOT / file):
            wrong.append(f"{file} {name}")
    assert not wrong


@cache
def defined_in(path: Path) -> frozenset[str]:
    """The functions, classes and methods of a file."""
    found: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}.{one.name}" for one in methods}
    return frozenset(found)


def test_python_examples_are_python(page: str) -> None:
    for example in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        compile(example, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_commands_and_their_options_exist(page: str) -> None:
    wrong = []
    for line in code_of(page).splitlines():
        for found in _COMMAND.finditer(line):
            command, path = _command(found[1].split())
            if command is None:
                wrong.append(found[0])
                continue
            rest = line[found.end() :].partition("#")[0].partition("|")[0].partition(" · ")[0].partition("   ")[0]
            known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
            wrong += [
                f"{path} {option}" for option in _OPTION.findall(rest) if option not in known | {"--help", "-h"}
            ]
    assert not wrong


@cache
def command_line() -> Any:
    """The tree of all commands."""
    return typer.main.get_command(cli.app)


def _command(words: list[str]) -> tuple[Any | None, str]:
    """The command that ``words`` begin with; None when there is none."""
    command, path = command_line(), "voicemate"
    for word in words:
        children = getattr(command, "commands", None)
        if children is None:
            break
        if word not in children:
            return None, path
        command, path = children[word], f"{path} {word}"
    return command, path


def test_settings_exist(page: str) -> None:
    known = set(_keys())
    tables = {key.partition(".")[0] for key in known if "." in key}
    named = re.findall(rf"(?<![\w./-])(?:{'|'.join(sorted(tables))})\.[a-z_]+\b(?![./(-])", code_of(page))
    assert not [key for key in named if key not in known and not key.endswith((".py", ".md", ".sock"))]


def test_settings_tables_exist(page: str) -> None:
    tables = set(re.findall(r"^\[([a-z_.]+)\]$", code_of(page), re.MULTILINE))
    assert not tables - _tables() - {"voice", "sampling", "examples", "Unreleased"}  # those of a persona


def _keys() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        yield name
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from (f"{name}.{key}" for key in field.annotation.model_fields)


def _tables() -> set[str]:
    return {key.partition(".")[0] for key in _keys() if "." in key}


def test_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert not set(re.findall(r"(?<![\w-])make ([a-z-]+)", code_of(page))) - targets


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "zensical.toml").read_text("utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert not [name for name in pages if f'"{name}"' not in navigation]


def test_examples_of_the_protocol_have_its_version() -> None:
    page = (ROOT / "docs" / "reference" / "control-protocol.md").read_text("utf-8")
    assert set(re.findall(r'"v": (\d+)', page)) == {str(VERSION)}


def test_every_command_of_the_protocol_has_its_result_described() -> None:
    page = (ROOT / "docs" / "reference" / "control-protocol.md").read_text("utf-8")
    described = page.partition("| command | result |")[2].partition("### Status")[0]
    without_result = {"listen", "mute", "interrupt"}
    assert not [name for name in COMMANDS.keys() - without_result if f"`{name}`" not in described]


def test_options_of_benchmarks_exist(page: str) -> None:
    wrong = []
    for line in code_of(page).splitlines():
        for name, rest in re.findall(r"\bbenchmarks[./](\w+)(?:\.py)?((?: [^#|]*)?)", line):
            source = ROOT / "benchmarks" / f"{name}.py"
            if source.is_file():
                text = source.read_text("utf-8")
                wrong += [f"{name} {option}" for option in _OPTION.findall(rest) if f'"{option}"' not in text]
    assert not wrong


def test_guide_names_every_model_of_the_catalog() -> None:
    guide = (ROOT / "docs" / "guide" / "models.md").read_text("utf-8")
    rows = {line.split("|")[1].strip(" ★"): line for line in guide.splitlines() if line.startswith("| ")}
    assert not [one.name for one in load_catalog().models if one.licence not in rows.get(one.name, "")]


def test_guide_names_every_key_of_a_persona() -> None:
    guide = (ROOT / "docs" / "guide" / "personas.md").read_text("utf-8")
    keys = [*Persona.model_fields, *(f"voice.{key}" for key in Voice.model_fields)]
    keys += [f"sampling.{key}" for key in Sampling.model_fields]
    assert not [key for key in keys if key not in {"voice", "sampling"} and f"| `{key}` |" not in guide]


def test_guide_names_every_check_of_the_doctor() -> None:
    guide = (ROOT / "docs" / "guide" / "doctor.md").read_text("utf-8")
    assert not [check.name for check in all_checks(loopback=False) if f"**{check.name}**" not in guide]


def test_code_names_only_pages_that_exist() -> None:
    wrong = []
    for folder in TOP_FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".sh", ".c", ".toml", ".plist"} and path.is_file():
                text = path.read_text("utf-8")
                named = re.findall(r"(?<![\w/.-])docs/[\w/.-]+\.md", text)
                wrong += [f"{path.relative_to(ROOT)}: {name}" for name in named if not (ROOT / name).is_file()]
    assert not wrong


def test_glossary_has_ten_words_at_most() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    assert len(re.findall(r"^## ", glossary, re.MULTILINE)) <= 10
