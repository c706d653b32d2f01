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

from voicemate.cli.daemon_control import reload_daemon
from voicemate.cli.render.output import JsonOption, print_error, print_json, print_note, stdout_console
from voicemate.config.editor import (
    documented_toml,
    find_setting,
    keys_in_file,
    set_setting,
    setting_keys,
    to_toml,
    unset_setting,
    value_of,
    write,
)
from voicemate.config.schema import Settings, load, settings_file
from voicemate.core.errors import SettingsError

config_app = typer.Typer(no_args_is_help=True, help="Show and change the settings.")

KeyName = Annotated[
    str, typer.Argument(metavar="KEY", help="Such as endpoint.silence_ms; see `voicemate config show`.")
]


def add_to(app: typer.Typer) -> None:
    app.add_typer(config_app, name="config", rich_help_panel="Library")


@config_app.command()
def show(as_json: JsonOption = False) -> None:
    """Every setting with its value; those that your file sets are marked."""
    settings, yours = load(), keys_in_file()
    if as_json:
        print_json({key.name: value_of(settings, key.name) for key in setting_keys()})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("setting", "value", "what it does"):
        table.add_column(column)
    for key in setting_keys():
        mine = key.name in yours
        value = Text(to_toml(value_of(settings, key.name)), style="bold green" if mine else "")
        table.add_row(key.name, value, Text(key.description, style="dim"))
    stdout_console().print(table)
    print_note(f"{len(yours)} of them are set in {settings_file()}; the others have their defaults.")


@config_app.command()
def get(key: KeyName, as_json: JsonOption = False) -> None:
    """The value of one setting."""
    find_setting(key)
    value = value_of(load(), key)
    if as_json:
        print_json(value)
    else:
        stdout_console().print(value if isinstance(value, str) else to_toml(value), soft_wrap=True)


@config_app.command("set", context_settings={"ignore_unknown_options": True})
def set_(key: KeyName, value: Annotated[str, typer.Argument(metavar="VALUE")]) -> None:
    """Change one setting. A running voicemate is told, and uses it as soon as it can.

    [bold]Examples[/]: voicemate config set turns.silence_ms 400 · voicemate config set audio.input "USB"
    """
    old = value_of(load(), key) if _settings_are_valid() and key in {one.name for one in setting_keys()} else None
    new = set_setting(key, value)
    if new == old:
        print_note(f"{key} is {to_toml(new)} already.")
        return
    print_note(f"{key} = {to_toml(new)}")
    reload_daemon()


@config_app.command("unset")
def unset_(key: KeyName) -> None:
    """Take a setting out of the file, so that it has its default again."""
    if not unset_setting(key):
        print_note(f"{key} is not set: it has its default.")
        return
    known = {one.name: one for one in setting_keys()}
    print_note(f"{key} has its default again: {to_toml(known[key].default)}" if key in known else f"{key} is gone.")
    _reload_if_valid()


@config_app.command()
def path() -> None:
    """Where the settings file is, or would be."""
    stdout_console().print(str(settings_file()), soft_wrap=True)


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
    write(documented_toml(load() if file.exists() else Settings()), file)
    print_note(f"written: {file}")


@config_app.command()
def edit() -> None:
    """Open the settings file in your editor; what is wrong is told before it is used."""
    file = settings_file()
    text = file.read_text(encoding="utf-8-sig") if file.exists() else documented_toml()
    while True:
        text = _edit_text(text)
        wrong = _validation_error(text, file)
        if wrong is None:
            break
        print_error(str(wrong))
        if not typer.confirm("Edit it again? (No drops what you wrote)", default=True, err=True):
            raise SettingsError("Nothing was changed")
    write(text, file)
    print_note(f"written: {file}")
    reload_daemon()


def _edit_text(text: str) -> str:
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


def _validation_error(text: str, file: Path) -> SettingsError | None:
    """What is wrong with ``text`` as a settings file, told as if it were in ``file``."""
    with tempfile.TemporaryDirectory(prefix="voicemate-") as folder:
        draft = Path(folder) / "settings.toml"
        draft.write_text(text, encoding="utf-8")
        try:
            load(path=draft)
        except SettingsError as error:
            return SettingsError(error.message.replace(str(draft), str(file)), error.hint)
    return None


def _settings_are_valid() -> bool:
    try:
        load()
    except SettingsError:
        return False
    return True


def _reload_if_valid() -> None:
    """Tell a daemon of the change; a file that is wrong in another place still is told to the person."""
    try:
        load()
    except SettingsError as error:
        print_error(str(error))
    else:
        reload_daemon()
