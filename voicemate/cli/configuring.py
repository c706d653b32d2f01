"""``voicemate config``: the settings file, key by key."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from voicemate.cli.controlling import settings_changed
from voicemate.cli.output import JsonOption, complain, note, print_json, results
from voicemate.config import Settings, load, settings_file
from voicemate.errors import SettingsError
from voicemate.settings_file import (
    as_toml,
    documented,
    find_key,
    keys,
    set_keys,
    set_value,
    unset,
    value_of,
    write,
)

config_app = typer.Typer(no_args_is_help=True, help="Show and change the settings.")

KeyName = Annotated[
    str, typer.Argument(metavar="KEY", help="Such as endpoint.silence_ms; see `voicemate config show`.")
]


def add_to(app: typer.Typer) -> None:
    app.add_typer(config_app, name="config", rich_help_panel="Library")


@config_app.command()
def show(as_json: JsonOption = False) -> None:
    """Every setting with its value; those that your file sets are marked."""
    settings, yours = load(), set_keys()
    if as_json:
        print_json({key.name: value_of(settings, key.name) for key in keys()})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("setting", "value", "what it does"):
        table.add_column(column)
    for key in keys():
        mine = key.name in yours
        value = Text(as_toml(value_of(settings, key.name)), style="bold green" if mine else "")
        table.add_row(key.name, value, Text(key.about, style="dim"))
    results().print(table)
    note(f"{len(yours)} of them are set in {settings_file()}; the others have their defaults.")


@config_app.command()
def get(key: KeyName, as_json: JsonOption = False) -> None:
    """The value of one setting."""
    find_key(key)
    value = value_of(load(), key)
    if as_json:
        print_json(value)
    else:
        results().print(value if isinstance(value, str) else as_toml(value), soft_wrap=True)


@config_app.command("set", context_settings={"ignore_unknown_options": True})
def set_(key: KeyName, value: Annotated[str, typer.Argument(metavar="VALUE")]) -> None:
    """Change one setting. A running voicemate is told, and uses it as soon as it can.

    [bold]Examples[/]: voicemate config set endpoint.silence_ms 400 · voicemate config set audio.input "USB"
    """
    old = value_of(load(), key) if _loads() and key in {one.name for one in keys()} else None
    new = set_value(key, value)
    if new == old:
        note(f"{key} is {as_toml(new)} already.")
        return
    note(f"{key} = {as_toml(new)}")
    settings_changed()


@config_app.command("unset")
def unset_(key: KeyName) -> None:
    """Take a setting out of the file, so that it has its default again."""
    if not unset(key):
        note(f"{key} is not set: it has its default.")
        return
    known = {one.name: one for one in keys()}
    note(f"{key} has its default again: {as_toml(known[key].default)}" if key in known else f"{key} is gone.")
    _checked()


@config_app.command()
def path() -> None:
    """Where the settings file is, or would be."""
    results().print(str(settings_file()), soft_wrap=True)


@config_app.command()
def init(
    force: Annotated[bool, typer.Option("--force", help="Also where there is a file; your values stay.")] = False,
) -> None:
    """Write a settings file in which every setting is explained, with its default commented out."""
    file = settings_file()
    if file.exists() and not force:
        raise SettingsError(
            f"There is a settings file already: {file}",
            "Use --force to have it explained anew; your values stay, your own comments do not",
        )
    write(documented(load() if file.exists() else Settings()), file)
    note(f"written: {file}")


@config_app.command()
def edit() -> None:
    """Open the settings file in your editor; what is wrong is told before it is used."""
    file = settings_file()
    text = file.read_text(encoding="utf-8-sig") if file.exists() else documented()
    while True:
        text = _edited(text)
        wrong = _wrong_with(text, file)
        if wrong is None:
            break
        complain(str(wrong))
        if not typer.confirm("Edit it again? (No drops what you wrote)", default=True, err=True):
            raise SettingsError("Nothing was changed")
    write(text, file)
    note(f"written: {file}")
    settings_changed()


def _edited(text: str) -> str:
    """``text`` as the person's editor leaves it."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "nano"
    with tempfile.TemporaryDirectory(prefix="voicemate-") as folder:
        draft = Path(folder) / "settings.toml"
        draft.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run([*shlex.split(editor), str(draft)], check=False)
        except (OSError, ValueError):
            raise SettingsError(f"The editor `{editor}` cannot be started", "Set EDITOR to one that can") from None
        if done.returncode:
            raise SettingsError(f"The editor `{editor}` failed", "Nothing was changed")
        return draft.read_text(encoding="utf-8-sig")


def _wrong_with(text: str, file: Path) -> SettingsError | None:
    """What is wrong with ``text`` as a settings file, told as if it were in ``file``."""
    with tempfile.TemporaryDirectory(prefix="voicemate-") as folder:
        draft = Path(folder) / "settings.toml"
        draft.write_text(text, encoding="utf-8")
        try:
            load(path=draft)
        except SettingsError as error:
            return SettingsError(error.wrong.replace(str(draft), str(file)), error.remedy)
    return None


def _loads() -> bool:
    try:
        load()
    except SettingsError:
        return False
    return True


def _checked() -> None:
    """Tell a daemon of the change; a file that is wrong in another place still is told to the person."""
    try:
        load()
    except SettingsError as error:
        complain(str(error))
    else:
        settings_changed()
