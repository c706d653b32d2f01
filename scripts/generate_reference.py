"""Write the generated parts of docs/reference/ from the code: settings, commands, events, exit codes.

A page is written by hand around its generated blocks; a block stands between ``<!-- generated: NAME -->`` and
``<!-- end -->``. ``make docs`` runs this script; ``tests/unit/test_docs.py`` fails when a block is out of date.

    python scripts/generate_reference.py           write the blocks
    python scripts/generate_reference.py --check   exit code 1 and a list of pages when one is out of date
"""

import ast
import dataclasses
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import typer.main
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from voicemate import cli
from voicemate.config.schema import Section, Settings
from voicemate.control import commands, protocol, status
from voicemate.core import errors, events

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"

_BLOCK = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def settings_block() -> str:
    """Every setting, one table for each table of the file."""
    top = [(name, field) for name, field in Settings.model_fields.items() if not _is_section(field)]
    parts = ["## At the top of the file\n", _settings_table("", top)]
    for name, field in Settings.model_fields.items():
        if _is_section(field):
            section: type[Section] = field.annotation  # type: ignore[assignment]
            parts.append(f"## `[{name}]`\n\n{_sentence(section)}\n")
            parts.append(_settings_table(f"{name}.", section.model_fields.items()))
    return "\n".join(parts)


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, Section)


def _settings_table(prefix: str, fields: Iterable[tuple[str, FieldInfo]]) -> str:
    rows = [
        (f"`{prefix}{name}`", f"`{_toml(field.default)}`", _allowed(field), field.description or "")
        for name, field in fields
    ]
    return _table(("key", "default", "allowed", "meaning"), rows)


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def _allowed(field: FieldInfo) -> str:
    """The type and limits of a field in words."""
    kind = field.annotation
    if get_origin(kind) is Literal:
        return ", ".join(f"`{_toml(choice)}`" for choice in get_args(kind))
    limits = {name: getattr(rule, name) for rule in field.metadata for name in ("ge", "le") if hasattr(rule, name)}
    match limits:
        case {"ge": least, "le": most}:
            return f"{least:,} to {most:,}"
        case {"ge": least}:
            return f"{least:,} or more"
    return {bool: "`true`, `false`", str: "text", int: "whole number", float: "number"}.get(kind, str(kind))  # type: ignore[call-overload]


def commands_block() -> str:
    """Every command of the command line with its arguments and options."""
    parts = []
    for path, command in _walk(typer.main.get_command(cli.app), "voicemate"):
        context = command.context_class(command)
        usage = " ".join([path, *command.collect_usage_pieces(context)])
        parts.append(f"## `{path}`\n\n```\n{usage}\n```\n\n{_help(command.help)}\n")
        shown = [found for parameter in command.params if (found := parameter.get_help_record(context))]
        rows = [(f"`{words}`", " ".join(about.split())) for words, about in shown if "--help" not in words]
        if rows:
            parts.append(_table(("", "meaning"), rows))
    return "\n".join(parts)


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """All commands below ``command`` that do something themselves, in the order of ``--help``."""
    children = getattr(command, "commands", None)
    if children is None:
        if not command.hidden:
            yield path, command
        return
    for name, child in children.items():
        yield from _walk(child, f"{path} {name}")


def _help(text: str | None) -> str:
    """A command's help with rich's markup as Markdown."""
    text = textwrap.dedent(inspect.cleandoc(text or "")).replace("[bold]", "**").replace("[/]", "**")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def events_block() -> str:
    """Every event with its fields."""
    parts = []
    for kind in _subclasses(events.Event):
        hints = get_type_hints(kind)
        about, notes = _docstring(kind)
        notes = _member_notes(kind) | notes
        rows = [
            (f"`{field.name}`", _type_name(hints[field.name]), notes.get(field.name, ""))
            for field in dataclasses.fields(kind)
            if field.name != "at"
        ]
        table = "\n" + _table(("field", "type", ""), rows) if rows else ""
        parts.append(f"### {kind.__name__}\n\n{about}\n{table}")
    return "\n".join(parts)


def enum_block(kind: type[Enum]) -> Callable[[], str]:
    """The members of an enum with the remark that the code makes on each."""

    def block() -> str:
        notes = _member_notes(kind)
        return _table(("value", "meaning"), [(f"`{one.value}`", notes.get(one.name, "")) for one in kind])

    return block


def exit_codes_block() -> str:
    """The exit code of every error that ends a command."""
    rows = [
        ("0", "", "Done."),
        ("1", "`VoicemateError`", "A check found a problem, or a failure without a code of its own."),
        ("2", "", "Wrong usage of a command."),
        ("130", "", "Interrupted by Ctrl-C."),
        ("143", "", "Ended by SIGTERM."),
    ]
    known = {kind.exit_code: kind for kind in reversed(_subclasses(errors.VoicemateError))}
    rows += [(str(code), f"`{kind.__name__}`", _sentence(kind)) for code, kind in sorted(known.items()) if code != 1]
    return _table(("code", "error", "meaning"), sorted(rows, key=lambda row: int(row[0])))


def requests_block() -> str:
    """Every command of the control protocol with its arguments."""
    rows = []
    for name, kind in commands.COMMANDS.items():
        hints = get_type_hints(kind)
        notes = _docstring(kind)[1]
        words = [
            f"`{field}`: {_type_name(hints[field])}"
            + _length(about)
            + ("" if about.is_required() else f" (default `{_toml(about.default)}`)")
            + (f"; {note}" if (note := about.description or notes.get(field, "")) else "")
            for field, about in kind.model_fields.items()
        ]
        rows.append((f"`{name}`", "<br>".join(words)))
    return _table(("command", "arguments"), rows)


def _length(field: FieldInfo) -> str:
    """How long a text may be, such as ``, 1 to 4,000 characters``."""
    limits = {name: getattr(rule, name) for rule in field.metadata for name in dir(rule) if name.endswith("_length")}
    match limits:
        case {"min_length": least, "max_length": most}:
            return f", {least:,} to {most:,} characters"
    return ""


def status_block() -> str:
    """The members of the result of ``status``."""
    return _members(status.DaemonStatus)


def _members(kind: type[BaseModel]) -> str:
    notes, hints = _docstring(kind)[1], get_type_hints(kind)
    rows = [(f"`{name}`", _type_name(hints[name]), notes.get(name, "")) for name in kind.model_fields]
    return _table(("member", "type", ""), rows)


BLOCKS: dict[str, Callable[[], str]] = {
    "settings": settings_block,
    "commands": commands_block,
    "events": events_block,
    "floor-states": enum_block(events.FloorState),
    "pipeline-stages": enum_block(events.PipelineStage),
    "exit-codes": exit_codes_block,
    "requests": requests_block,
    "error-codes": enum_block(protocol.ErrorCode),
    "status": status_block,
}


def _subclasses(kind: type) -> list[Any]:
    """All subclasses that the package defines, in the order of the code."""
    found = [one for one in vars(sys.modules[kind.__module__]).values() if isinstance(one, type)]
    return [one for one in found if issubclass(one, kind) and one is not kind]


def _type_name(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint.__name__
    return re.sub(r"\b\w+\.", "", str(hint)) if get_args(hint) else getattr(hint, "__name__", str(hint))


def _sentence(kind: type) -> str:
    """The first paragraph of a docstring."""
    return _markdown(" ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].split()))


def _docstring(kind: type) -> tuple[str, dict[str, str]]:
    """What a docstring says before its ``Attributes``, and what it says of each of these."""
    text = inspect.cleandoc(kind.__doc__ or "")
    if text.startswith(f"{kind.__name__}("):  # a dataclass without a docstring of its own
        text = ""
    about, _, attributes = text.partition("Attributes:\n")
    notes: dict[str, str] = {}
    for names, note in re.findall(r"^    (\w[\w, ]*): ((?:.|\n(?!    \w[\w, ]*: ))*)", attributes, re.MULTILINE):
        notes |= {name.strip(): " ".join(note.split()) for name in names.split(",")}
    return _markdown("\n\n".join(" ".join(part.split()) for part in about.strip().split("\n\n"))), {
        name: _markdown(note) for name, note in notes.items()
    }


def _member_notes(kind: type) -> dict[str, str]:
    """The comment behind each member of an enum or field of a dataclass, or the docstring below it."""
    source = textwrap.dedent(inspect.getsource(kind))
    lines, notes, last = source.splitlines(), {}, ""
    (body,) = (node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    for node in body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name):
            last = target.id
            notes[last] = lines[node.lineno - 1].partition("#")[2].strip()
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and last:
            notes[last] = " ".join(str(node.value.value).split())
    return {name: _markdown(note) for name, note in notes.items() if note}


def _markdown(text: str) -> str:
    return text.replace("``", "`")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in escaped)


def current(page: str) -> str:
    """``page`` with every generated block as the code has it now."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{BLOCKS[found[2]]()}\n{found[3]}", page)


def stale() -> list[Path]:
    """The pages that are out of date."""
    return [
        path for path in sorted(REFERENCE.glob("*.md")) if path.read_text("utf-8") != current(path.read_text("utf-8"))
    ]


def main() -> int:
    """Bring the pages up to date, or with ``--check`` only name those that are not."""
    outdated = stale()
    for path in outdated:
        print(f"out of date: {path}" if "--check" in sys.argv else f"written: {path}")
        if "--check" not in sys.argv:
            path.write_text(current(path.read_text("utf-8")), "utf-8")
    return 1 if outdated and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
