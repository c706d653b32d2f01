"""``history`` and ``forget``: list, search and delete conversations."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from voicemate.cli.render.output import JsonOption, count, print_json, print_note, stdout_console
from voicemate.history import (
    HistoryReader,
    StoredSession,
    StoredTurn,
    delete_all,
    delete_before,
    delete_session,
)
from voicemate.metrics.trace_file import read_trace
from voicemate.metrics.turn_trace import SpeculationSummary

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.command(rich_help_panel="Memory")(history)
    app.command(rich_help_panel="Memory")(forget)


def history(
    query: Annotated[
        str, typer.Argument(help="Words to search for. Without it, the latest conversations are listed.")
    ] = "",
    conversation: Annotated[int, typer.Option("--conversation", "-c", help="Show one conversation.")] = 0,
    last: Annotated[int, typer.Option("--last", "-n", min=1, help="How many to show.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List and search past conversations. They stay on this machine; `voicemate forget` deletes them.

    [bold]Examples[/]: voicemate history · voicemate history "living room" · voicemate history -c 12
    """
    with HistoryReader() as reader:
        if conversation:
            _print_turns(reader.turns(conversation), as_json, headings=False)
        elif query:
            _print_turns(reader.search(query, last), as_json, headings=True)
        else:
            _print_sessions(reader.sessions(last), as_json)


def forget(
    conversation: Annotated[int, typer.Option("--conversation", "-c", help="Delete one conversation.")] = 0,
    older_than: Annotated[str, typer.Option(help="Delete what is older: 12h, 30d, 8w.", metavar="AGE")] = "",
    everything: Annotated[bool, typer.Option("--everything", help="Delete all conversations.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Delete conversations for good."""
    if sum(map(bool, (conversation, older_than, everything))) != 1:
        raise typer.BadParameter("say what to delete: --conversation N, --older-than AGE or --everything")
    age = _parse_age(older_than) if older_than else None
    if not yes:
        what = f"conversation {conversation}" if conversation else f"what is older than {older_than}"
        typer.confirm(f"Delete {'everything' if everything else what} for good?", abort=True)
    if conversation:
        deleted = delete_session(conversation)
    elif age:
        deleted = delete_before(datetime.now(UTC) - age)
    else:
        deleted = delete_all()
    print_note(f"{count(deleted, 'turn')} deleted.")


def _parse_age(text: str) -> timedelta:
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not number.isdigit() or len(number) > 4:
        raise typer.BadParameter("an age is a number with h, d or w: 12h, 30d, 8w", param_hint="--older-than")
    return int(number) * _UNITS[unit]


def _print_sessions(sessions: list[StoredSession], as_json: bool) -> None:
    if as_json:
        for session in sessions:
            print_json(_with_iso_dates(asdict(session)))
        return
    if not sessions:
        print_note("There is no conversation yet. `voicemate talk` starts one.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("no.", "when", "with", "turns", "first words"):
        table.add_column(column, justify="right" if column in ("no.", "turns") else "left")
    for session in sessions:
        when = session.started.astimezone().strftime("%Y-%m-%d %H:%M")
        first = Text(session.first_words, overflow="ellipsis", no_wrap=True)
        table.add_row(str(session.id), when, Text(session.persona), str(session.turn_count), first)
    stdout_console().print(table)
    ahead = SpeculationSummary.from_traces(line.turn for line in read_trace())
    if ahead.turns:
        print_note(f"Of late, {ahead}.")


def _print_turns(turns: list[StoredTurn], as_json: bool, headings: bool) -> None:
    if as_json:
        for turn in turns:
            print_json(_with_iso_dates(asdict(turn)))
        return
    if not turns:
        print_note("Nothing found.")
        return
    console, session = stdout_console(), None
    for turn in turns:
        if headings and turn.session != session:
            session = turn.session
            console.print(Text(f"conversation {session}, {turn.asked.astimezone():%Y-%m-%d %H:%M}", style="dim"))
        _print_turn(console, turn)


def _print_turn(console: Console, turn: StoredTurn) -> None:
    if turn.said:
        console.print(Text.assemble(("you  ", "bold cyan"), turn.said))
    if turn.reply:
        cut = " [interrupted]" if turn.interrupted else ""
        console.print(Text.assemble((f"{turn.persona}  ", "bold magenta"), turn.reply, (cut, "dim")))


def _with_iso_dates(value: dict[str, Any]) -> dict[str, Any]:
    """Convert dates to ISO 8601 text."""
    return {key: item.isoformat() if isinstance(item, datetime) else item for key, item in value.items()}
