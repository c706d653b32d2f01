"""``voicemate doctor``: look closely at one thing on this machine."""

from typing import Annotated

import typer

from voicemate.cli.output import JsonOption
from voicemate.config import load


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel="Daemon")(doctor)


def doctor(
    offline: Annotated[
        bool, typer.Option("--offline", help="Prove that a conversation's process reaches no network.")
    ] = False,
    loop: Annotated[
        bool, typer.Option("--loop", help="Play a short sound and find out what the microphone hears of it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Look closely at one thing on this machine. Exit code 1 when it is not as it should be.

    [bold]Examples[/]: voicemate doctor --offline · voicemate doctor --loop
    """
    if offline == loop:
        raise typer.BadParameter("Say what to look at: --offline or --loop")
    if loop:
        from voicemate.cli.loop_table import show_loop

        if not show_loop(load(), as_json):
            raise typer.Exit(1)
        return
    from voicemate.cli.offline_table import show_evidence

    if not show_evidence(load().offline.sandbox, as_json):
        raise typer.Exit(1)
