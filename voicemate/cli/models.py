"""``models``, ``personas`` and ``voices``: list what can be chosen, and download models."""

from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from voicemate.cli.render.output import (
    JsonOption,
    print_error,
    print_json,
    print_note,
    stderr_console,
    stdout_console,
)
from voicemate.core.errors import ModelError

models_app = typer.Typer(no_args_is_help=True, help="List, download and verify models.")


_WIDE_COLUMNS = 110
"""Width of a terminal that has room for licences and descriptions."""


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.command(rich_help_panel="Library")(personas)
    app.command(rich_help_panel="Library")(voices)
    app.add_typer(models_app, name="models", rich_help_panel="Library")


@models_app.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """List the models of the catalog: which are installed, which suit this machine, their licences and languages."""
    from voicemate.models.listing import list_models
    from voicemate.models.resolve import FileState
    from voicemate.models.storage import as_size

    models = list_models()
    if as_json:
        for listed in models:
            model = listed.model
            print_json(
                {
                    "name": model.name,
                    "role": model.role,
                    "state": listed.state,
                    "fit": listed.fit,
                    "size": model.size,
                    "memory": listed.required_bytes,
                    "licence": model.licence,
                    "languages": list(model.languages),
                    "about": model.about,
                    "file": str(listed.path),
                }
            )
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("name", "role", "installed", "size", "memory"):
        table.add_column(column, justify="right" if column in ("size", "memory") else "left", no_wrap=True)
    wide = stdout_console().width >= _WIDE_COLUMNS
    for column in ("on this machine", "licence", "about") if wide else ("on this machine",):
        table.add_column(column)
    for listed in models:
        model = listed.model
        installed = {FileState.PRESENT: "yes", FileState.MISSING: ""}.get(listed.state, str(listed.state))
        cells = (
            model.name,
            str(model.role),
            installed,
            as_size(model.size),
            as_size(listed.required_bytes),
            str(listed.fit),
        )
        more = (model.licence, model.about) if wide else ()
        table.add_row(*cells, *more, style="" if installed == "yes" else "dim")
    stdout_console().print(table)


@models_app.command()
def pull(
    names: Annotated[list[str], typer.Argument(help="Names from `voicemate models list`, or starter.")],
    only_missing: Annotated[
        bool,
        typer.Option("--only-missing", help="Download only missing models, without verifying the installed ones."),
    ] = False,
) -> None:
    """Download, verify and install models.

    An interrupted download resumes. This is the only command that uses the network.

    [bold]Examples[/]: voicemate models pull starter · voicemate models pull whisper-small
    """
    from voicemate.models.listing import list_models
    from voicemate.models.resolve import FileState
    from voicemate.models.sources.pull import pull as pull_models

    if only_missing:
        from voicemate.models.catalog import load_catalog

        absent = {listed.model.name for listed in list_models() if listed.state is not FileState.PRESENT}
        names = [model.name for model in load_catalog().expand(names) if model.name in absent]
        if not names:
            return
    with _ProgressBars() as bars:
        pulled = pull_models(names, bars)
    for model in pulled:
        print_note(f"{model.model.name}: {'installed' if model.fetched else 'already installed'} ({model.path})")


@models_app.command()
def better(as_json: JsonOption = False) -> None:
    """Name the best language model for this machine, and whether it can be downloaded now."""
    from voicemate.models.listing import better_llm, hub_reachable
    from voicemate.models.storage import as_size

    model, reachable = better_llm(), hub_reachable()
    if as_json:
        name, size = (model.name, model.size) if model else (None, 0)
        print_json({"name": name, "size": size, "reachable": reachable})
    elif model is None:
        print_note("No model of the catalog suits this machine better than the starter model.")
    else:
        unreachable = "" if reachable else " The model hub cannot be reached now."
        stdout_console().print(Text(f"{model.name} ({as_size(model.size)}): voicemate models pull {model.name}"))
        print_note(f"{model.about}{unreachable}")


@models_app.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Models; all installed ones if left out.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Read models completely and compare their hashes."""
    from voicemate.models.verify import VerifyResult
    from voicemate.models.verify import verify as verify_models

    with _ProgressBars() as bars:
        checked = verify_models(names or (), bars)
    for one in checked:
        if as_json:
            print_json({"name": one.model.name, "result": one.result, "file": str(one.path)})
        else:
            style = "green" if one.result is VerifyResult.OK else "red"
            stdout_console().print(Text.assemble(f"{one.model.name}: ", (str(one.result), style), f"  {one.path}"))
    bad = [one for one in checked if one.result not in (VerifyResult.OK, VerifyResult.UNKNOWN)]
    if bad:
        one = bad[0]
        raise ModelError(
            f"{len(bad)} of {len(checked)} models cannot be used ({one.model.name}: {one.result})", one.hint
        )


def personas(as_json: JsonOption = False) -> None:
    """List the characters: those of voicemate and your own."""
    from voicemate.core.paths import config_folder
    from voicemate.personas.library import load_library

    found = load_library()
    if as_json:
        for entry in found.personas:
            print_json(
                {
                    "key": entry.key,
                    "name": entry.persona.name,
                    "language": entry.persona.language,
                    "source": entry.source,
                    "file": str(entry.file),
                    "description": entry.persona.description,
                }
            )
    else:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column in ("key", "name", "language", "source", "description"):
            table.add_column(column)
        for entry in found.personas:
            description = Text(entry.persona.description.split("\n")[0], overflow="ellipsis", no_wrap=True)
            table.add_row(entry.key, entry.persona.name, entry.persona.language, entry.source, description)
        stdout_console().print(table)
        print_note(
            f"Talk to one with `voicemate talk --persona KEY`. Your own go into {config_folder() / 'personas'}."
        )
    for error in found.broken:
        print_error(str(error))


def voices(
    language: Annotated[str, typer.Option(help="Only voices of this language, such as en.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List the voices of this machine. A persona names one; the setting tts.voice overrides it.

    [bold]Example[/]: voicemate voices --language en
    """
    import asyncio

    from voicemate.app import oneshot
    from voicemate.config.loader import load

    found = asyncio.run(oneshot.voices(load()))
    shown = [voice for voice in found if not language or language in voice.languages]
    if as_json:
        for voice in shown:
            print_json({"id": voice.id, "name": voice.name, "languages": list(voice.languages)})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("name", "languages", "id"):
        table.add_column(column)
    for voice in shown:
        table.add_row(Text(voice.name), " ".join(voice.languages), Text(voice.id))
    stdout_console().print(table)
    print_note("Choose one for all characters of its language with `voicemate config set tts.voice NAME`.")


class _ProgressBars:
    """One progress bar for each stage on standard error, or one line if that is not a terminal."""

    def __init__(self) -> None:
        self._console = stderr_console()
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._bars = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "_ProgressBars":
        self._bars.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bars.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        task = self._tasks.get(stage)
        if task is None:
            task = self._tasks[stage] = self._bars.add_task(stage, total=total or None)
            if not self._console.is_terminal:
                print_note(stage)
        self._bars.update(task, completed=done, total=total or None)
