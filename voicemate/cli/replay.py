"""``replay`` and ``tune``: repeat the decisions of recorded conversations, and tune settings with them."""

import time
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.text import Text

from voicemate.cli.render.output import JsonOption, print_note, stderr_console


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.command(rich_help_panel="Conversation")(replay)
    app.command(rich_help_panel="Conversation")(tune)


def replay(
    file: Annotated[Path, typer.Argument(help="A recording made with `voicemate talk --record FILE`.")],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Try another value of a setting, such as turns.broken_off_ms=900."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Repeat the decisions of a recorded conversation, and report whether they are the same.

    Exit code 1 if they differ. With --set it shows, turn by turn, what would have happened instead.

    [bold]Examples[/]: voicemate replay talk.tape · voicemate replay talk.tape --set turns.broken_off_ms=900
    """
    from voicemate.cli.render import replay_tables
    from voicemate.recording.recording import read
    from voicemate.replay import replayer
    from voicemate.replay.counterfactual import replay_with
    from voicemate.replay.recorded_session import RecordedSession

    tried = dict(_parse_change(text) for text in changes or ())
    recording, deciding = read(file), replayer.current_decisions()
    if recording.warning:
        print_note(recording.warning)
    if replayer.silero_differs(recording.header):
        print_note(
            "The recording was made with another file of Silero: its decisions may differ for that reason alone."
        )
    if tried:
        settings = recording.header.with_settings(tried)
        past = RecordedSession(recording, deciding)
        repeated = replay_with(past, deciding.make_floor(past.settings), past.settings)
        now = replay_with(past, deciding.make_floor(settings), settings)
        replay_tables.print_counterfactual(recording, tried, past, repeated, now, as_json)
        return
    started = time.perf_counter()
    verdict = replayer.replay(recording, deciding)
    replay_tables.print_result(recording, verdict, time.perf_counter() - started, as_json)
    if verdict.difference:
        raise typer.Exit(1)


def tune(
    files: Annotated[list[Path], typer.Argument(help="Recordings made with `voicemate talk --record FILE`.")],
    plot: Annotated[Path | None, typer.Option("--plot", help="Save a plot of the curve.", dir_okay=False)] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the proposal to the settings file.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Tune how long voicemate waits for the end of your turn, from your own recordings.

    [bold]Examples[/]: voicemate tune monday.tape tuesday.tape · voicemate tune *.tape --plot curve.png --write
    """
    from voicemate.cli.render import tuning_tables
    from voicemate.config.loader import load
    from voicemate.recording.recording import read
    from voicemate.replay import plot as plots
    from voicemate.replay import replayer, tuning
    from voicemate.replay.recorded_session import RecordedSession
    from voicemate.turns.end_of_turn.default_delays import with_defaults_resolved

    present, deciding = with_defaults_resolved(load()).turns, replayer.current_decisions()
    pasts: list[RecordedSession] = []
    with Progress(console=stderr_console(), transient=True, disable=not stderr_console().is_terminal) as bar:
        for file in bar.track(files, description="reading"):
            recording = read(file)
            if recording.warning:
                print_note(recording.warning)
            pasts.append(RecordedSession(recording, deciding))
        trying = bar.add_task("trying settings", total=tuning.MAX_TRIALS)
        curve = tuning.tune(pasts, deciding, present, lambda done: bar.update(trying, completed=done))
    tuning_tables.print_curve(curve, as_json)
    if plot:
        plots.draw_curve(curve, plot)
        print_note(f"written: {plot}")
    if write:
        _write_proposal(tuning_tables.proposed_changes(curve), yes)


def _write_proposal(changes: dict[str, Any], yes: bool) -> None:
    """Show the change of the settings file, ask for confirmation, and write it."""
    from voicemate.config import editor
    from voicemate.config.loader import settings_file as place
    from voicemate.replay.tuning import apply_to_copy, unified_diff

    path = place()
    before, after = apply_to_copy(changes, path)
    if before == after:
        print_note(f"{path} has these settings already.")
        return
    stderr_console().print(Text(unified_diff(before, after, path)), soft_wrap=True)
    if not yes:
        typer.confirm(f"Write this to {path}?", abort=True, err=True)
    editor.write(after, path)
    print_note(f"written: {path}")


def _parse_change(text: str) -> tuple[str, Any]:
    """Parse KEY=VALUE with a TOML value; a value that is not TOML is text."""
    key, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text} has no value: write KEY=VALUE", param_hint="--set")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value
