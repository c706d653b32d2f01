"""One persona file: read, parsed and checked."""

import tomllib
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from voicemate.config.validation import describe_first_error
from voicemate.core.errors import PersonaError
from voicemate.personas.persona import Persona

LARGEST_BYTES = 64 * 1024
"""A persona has to fit into a language model's context: 64 KiB are about 16,000 tokens."""
YAML_SUFFIXES = (".yaml", ".yml")
SUFFIXES = (".toml", *YAML_SUFFIXES)


def read_persona(file: Path) -> Persona:
    """The persona in ``file``.

    Raises:
        PersonaError: the file cannot be read, is too large or no TOML or YAML, or a key or value is not allowed.
    """
    if file.suffix.lower() not in SUFFIXES:
        raise PersonaError(
            f"The persona file {file} is neither TOML nor YAML", f"Its name must end in {_written(SUFFIXES)}"
        )
    text = _text(file)
    table = _yaml_table(text, file) if file.suffix.lower() in YAML_SUFFIXES else _toml_table(text, file)
    try:
        return Persona.model_validate(table)
    except ValidationError as error:
        wrong, remedy = describe_first_error(error, Persona, "key")
        raise PersonaError(f"In the persona file {file} {wrong}", remedy + _yaml_hint(error, file)) from None


def _text(file: Path) -> str:
    try:
        if file.exists() and not file.is_file():
            raise PersonaError(f"{file} is not a file", "Give a persona file, or a key from `voicemate personas`")
        with file.open("rb") as stream:
            content = stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise PersonaError(
            f"The persona file {file} cannot be read: {error.strerror}", "Correct its name, or make it yours to read"
        ) from None
    if len(content) > LARGEST_BYTES:
        raise PersonaError(
            f"The persona file {file} is larger than {LARGEST_BYTES // 1024} KiB",
            "Shorten it: the whole persona has to fit into the model's context",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise PersonaError(f"The persona file {file} is not UTF-8 text (line {line})", "Save it as UTF-8") from None


def _toml_table(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise PersonaError(f"The persona file {file} is not TOML: {error}", "Correct that place") from None


def _yaml_table(text: str, file: Path) -> dict[str, Any]:
    try:
        table = yaml.load(text, Loader=_PlainYaml)  # a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise PersonaError(
            f"The persona file {file} is not YAML: {error.problem}{line}", "Correct that place"
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise PersonaError(f"The persona file {file} is not YAML: {reason}", "Correct that place") from None
    if not isinstance(table, dict):
        raise PersonaError(
            f"The persona file {file} holds no keys", "It needs `name: …` and `description: …` at least"
        )
    return table


def _yaml_hint(error: ValidationError, file: Path) -> str:
    """YAML reads an unquoted ``no`` as false and ``12`` as a number."""
    problem = error.errors(include_url=False)[0]
    if problem["type"] == "string_type" and not isinstance(problem["input"], dict | list):
        return "; put it in quotes" if file.suffix.lower() in YAML_SUFFIXES else ""
    return ""


def _written(suffixes: tuple[str, ...]) -> str:
    return f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"


class _PlainYaml(yaml.SafeLoader):
    """YAML without the parts that hide mistakes: keys given twice, keys that are no text, and references."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.constructor.ConstructorError(None, None, "references (*name) are not supported", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, str):
                raise yaml.constructor.ConstructorError(None, None, f"the key {name} is not text", key.start_mark)
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {name} is there twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep=deep)
