"""The settings file as a person and ``voicemate config`` see it: documented, shown, changed and left in order.

Everything is made from the models of ``config/schema.py``: their docstrings, descriptions, defaults and bounds.
"""

import os
import tempfile
import textwrap
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from tomlkit.exceptions import TOMLKitError

from voicemate.config.loader import load, settings_file
from voicemate.config.schema import Settings
from voicemate.config.validation import requirement
from voicemate.core.errors import SettingsError
from voicemate.core.paths import make_private_folder

_WIDTH = 110


@dataclass(frozen=True, slots=True)
class SettingKey:
    """Something that can be set.

    Attributes:
        name: dotted, such as ``stt.model``.
        default: what it is when nobody sets it.
        about: what it does.
        must_be: the type and bounds in words, such as ``a whole number, at least 0 and at most 60000``.
    """

    name: str
    default: Any
    description: str
    must_be: str


def setting_keys() -> list[SettingKey]:
    """Everything that can be set, in the order of the settings' models."""
    return [_key(name, field, owner) for name, field, owner in _fields(Settings)]


def find_setting(name: str) -> SettingKey:
    """The key called ``name``.

    Raises:
        SettingsError: there is none; those that are nearly called so are named.
    """
    known = {key.name: key for key in setting_keys()}
    if name in known:
        return known[name]
    raise SettingsError(f"There is no setting `{name}`", _suggestion(name, list(known)))


def _suggestion(name: str, known: list[str]) -> str:
    below = [key for key in known if key.startswith(f"{name}.")]
    same_end = [key for key in known if key.rpartition(".")[2] == name.rpartition(".")[2]]
    near = below or get_close_matches(name, known, n=3) or same_end
    if near:
        return f"Did you mean {_either([f'`{key}`' for key in near])}?"
    return "See all of them with `voicemate config show`"


def _either(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


# ---------------------------------------------------------------- reading


def value_of(settings: Settings, name: str) -> Any:
    """The value of the key ``name`` in ``settings``."""
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value


def keys_in_file(path: Path | None = None) -> set[str]:
    """The keys that the file sets, also those that do not exist.

    Raises:
        SettingsError: it cannot be read, or is not TOML.
    """
    return {name for name, _ in _leaves(_document(path or settings_file()).unwrap())}


def to_toml(value: Any) -> str:
    """``value`` as it is written in the file."""
    return tomlkit.item(value).as_string()


# ---------------------------------------------------------------- the documented file


def documented_toml(settings: Settings | None = None) -> str:
    """A settings file that explains every key. What differs from its default is set, all else commented out."""
    settings = settings or Settings()
    parts = [
        "# The settings of voicemate. Every key is here with its default; take the # off to change one, or use\n"
        "# `voicemate config set KEY VALUE`. `voicemate config show` tells what is in use.\n",
        *_top_level(settings),
    ]
    for name, field in Settings.model_fields.items():
        if _is_section(field):
            parts += _section(name, field.annotation, settings)
    return "\n".join(parts)


def _top_level(settings: Settings) -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        if not _is_section(field):
            yield _explained(_key(name, field, Settings), value_of(settings, name))


def _section(prefix: str, model: Any, settings: Settings) -> Iterator[str]:
    about = textwrap.dedent(model.__doc__ or "").strip().split("\n\n")[0]
    yield f"\n{_comment(' '.join(about.replace('``', '`').split()))}[{prefix}]\n"
    for name, field in model.model_fields.items():
        if not _is_section(field):
            key = _key(f"{prefix}.{name}", field, model)
            yield _explained(key, value_of(settings, key.name))
    for name, field in model.model_fields.items():
        if _is_section(field):
            yield from _section(f"{prefix}.{name}", field.annotation, settings)


def _explained(key: SettingKey, value: Any) -> str:
    last = key.name.rpartition(".")[2]
    changed = value != key.default
    told = (
        f"{key.description} ({key.must_be})" if key.must_be not in ("", "text", "true or false") else key.description
    )
    if changed:
        told += f"; default {to_toml(key.default)}"
    return f"{_comment(told)}{'' if changed else '# '}{last} = {to_toml(value)}\n"


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(text, _WIDTH, break_on_hyphens=False))


# ---------------------------------------------------------------- changing


def set_setting(name: str, text: str, path: Path | None = None) -> Any:
    """Set the key ``name`` in the file to what ``text`` says, keeping all else and every comment; returns the value.

    Args:
        text: a TOML value; for a key that holds text, the text itself.

    Raises:
        SettingsError: there is no such key, the value is not allowed, the file would still be wrong, or it cannot be
            written. The file is as it was then.
    """
    path = path or settings_file()
    key = find_setting(name)
    value = _parsed(text, key)
    document = _document(path)
    checked = load({name: value}, path if path.exists() else None)
    table: Any = document
    *parents, last = name.split(".")
    for parent in parents:
        if not isinstance(table.get(parent), dict):
            table[parent] = tomlkit.table()
        table = table[parent]
    table[last] = value_of(checked, name)
    write(tomlkit.dumps(document), path)
    return value_of(checked, name)


def unset_setting(name: str, path: Path | None = None) -> bool:
    """Take the key ``name`` out of the file, also one that should not be there; False when it was not in it.

    Raises:
        SettingsError: there never was such a key, or the file cannot be read or written.
    """
    path = path or settings_file()
    document = _document(path)
    table: Any = document
    *parents, last = name.split(".")
    for parent in parents:
        table = table.get(parent) if isinstance(table, dict) else None
    if not isinstance(table, dict) or last not in table:
        find_setting(name)
        return False
    del table[last]
    write(tomlkit.dumps(document), path)
    return True


def write(text: str, path: Path) -> None:
    """Replace the file by ``text`` in one step, readable by nobody else.

    Raises:
        SettingsError: it cannot be written; what was there is there still.
    """
    target = path.resolve() if path.is_symlink() else path  # a link into a person's dotfiles stays one
    temporary = None
    try:
        make_private_folder(target.parent) if not target.parent.exists() else None
        descriptor, temporary = tempfile.mkstemp(prefix=".settings-", dir=target.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)
        raise SettingsError(
            f"The settings file {path} cannot be written: {error.strerror}",
            "Make room, or make it and its folder yours to write",
        ) from None


def _parsed(text: str, key: SettingKey) -> Any:
    """The value that ``text`` means for ``key``: text itself where the key holds text, or else a TOML value."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        value = text
    if isinstance(key.default, str):
        return value if isinstance(value, str) and text[:1] in "\"'" else text
    if isinstance(key.default, list | tuple) and isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _document(path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return tomlkit.document()
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} cannot be read: {error.strerror}", "Make it yours to read"
        ) from None
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings file {path} is not TOML: {error}", "Correct that place with `voicemate config edit`"
        ) from None


# ---------------------------------------------------------------- the models


def _fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        if _is_section(field):
            yield from _fields(field.annotation, f"{prefix}{name}.")  # type: ignore[arg-type]
        else:
            yield f"{prefix}{name}", field, model


def _key(name: str, field: FieldInfo, owner: type[BaseModel]) -> SettingKey:
    must_be = requirement(owner, name.rpartition(".")[2])
    return SettingKey(name, field.get_default(call_default_factory=True), field.description or "", must_be)


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _leaves(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
