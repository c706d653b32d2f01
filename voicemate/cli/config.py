"""``voicemate config``: show and change settings."""

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
from voicemate.config.loader import OldSettingsError, load, settings_file
from voicemate.config.schema import Settings
from voicemate.core.errors import SettingsError

config_app = typer.Typer(no_args_is_help=True, help="Show and change the settings.")

KeyName = Annotated[str, typer.Argument(metavar="KEY", help="Such as turns.silence_ms; see `voicemate config show`.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.add_typer(config_app, name="config", rich_help_panel="Library")


@config_app.command()
def show(as_json: JsonOption = False) -> None:
    """List every setting with its value; those in your settings file are marked."""
    settings, in_file = load(), keys_in_file()
    if as_json:
        print_json({key.name: value_of(settings, key.name) for key in setting_keys()})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("setting", "value", "what it does"):
        table.add_column(column)
    for key in setting_keys():
        is_set = key.name in in_file
        value = Text(to_toml(value_of(settings, key.name)), style="bold green" if is_set else "")
        table.add_row(key.name, value, Text(key.description, style="dim"))
    stdout_console().print(table)
    print_note(f"{len(in_file)} of them are set in {settings_file()}; the others have their defaults.")


@config_app.command()
def get(key: KeyName, as_json: JsonOption = False) -> None:
    """Show the value of one setting."""
    find_setting(key)
    value = value_of(load(), key)
    if as_json:
        print_json(value)
    else:
        stdout_console().print(value if isinstance(value, str) else to_toml(value), soft_wrap=True)


@config_app.command("set", context_settings={"ignore_unknown_options": True})
def set_(key: KeyName, value: Annotated[str, typer.Argument(metavar="VALUE")]) -> None:
    """Change one setting. A running voicemate uses it as soon as possible.

    [bold]Examples[/]: voicemate config set turns.silence_ms 400 · voicemate config set audio.input "USB"
    """
    old = value_of(load(), key) if _settings_are_valid() and key in {one.name for one in setting_keys()} else None
    new = set_setting(key, value)
    if new == old:
        print_note(f"{key} is already {to_toml(new)}.")
        return
    print_note(f"{key} = {to_toml(new)}")
    reload_daemon()


@config_app.command("unset")
def unset_(key: KeyName) -> None:
    """Remove a setting from the file, which restores its default."""
    if not unset_setting(key):
        print_note(f"{key} is not set: it has its default.")
        return
    known = {one.name: one for one in setting_keys()}
    print_note(f"{key} has its default again: {to_toml(known[key].default)}" if key in known else f"{key} is gone.")
    _reload_if_valid()


@config_app.command()
def path() -> None:
    """Show the path of the settings file."""
    stdout_console().print(str(settings_file()), soft_wrap=True)


@config_app.command()
def init(
    force: Annotated[bool, typer.Option("--force", help="Rewrite an existing file; your values stay.")] = False,
) -> None:
    """Write a settings file with every setting explained and commented out."""
    file = settings_file()
    if file.exists() and not force:
        raise SettingsError(
            f"There is a settings file already: {file}",
            "Use --force to rewrite it: your values stay, your comments do not",
        )
    try:
        settings = load() if file.exists() else Settings()
    except OldSettingsError:
        old = file.with_name(f"{file.name}.old")
        file.replace(old)
        print_note(f"kept: {old}")
        settings = Settings()
    write(documented_toml(settings), file)
    print_note(f"written: {file}")


@config_app.command()
def edit() -> None:
    """Open the settings file in your editor, and check it before it is used."""
    file = settings_file()
    text = file.read_text(encoding="utf-8-sig") if file.exists() else documented_toml()
    while True:
        text = _edit_text(text)
        error = _validation_error(text, file)
        if error is None:
            break
        print_error(str(error))
        if not typer.confirm("Edit it again? (No discards your changes)", default=True, err=True):
            raise SettingsError("Nothing was changed")
    write(text, file)
    print_note(f"written: {file}")
    reload_daemon()


def _edit_text(text: str) -> str:
    """Open ``text`` in the user's editor and return the result."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "nano"
    with tempfile.TemporaryDirectory(prefix="voicemate-") as folder:
        draft = Path(folder) / "settings.toml"
        draft.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run([*shlex.split(editor), str(draft)], check=False)
        except (OSError, ValueError):
            raise SettingsError(f"The editor `{editor}` cannot be started", "Set EDITOR to another one") from None
        if done.returncode:
            raise SettingsError(f"The editor `{editor}` failed", "Nothing was changed")
        return draft.read_text(encoding="utf-8-sig")


def _validation_error(text: str, file: Path) -> SettingsError | None:
    """Check ``text`` as a settings file; the error names ``file``."""
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
    """Reload a running daemon, or print what is still wrong with the file."""
    try:
        load()
    except SettingsError as error:
        print_error(str(error))
    else:
        reload_daemon()
