"""How commands print: a console for results, one for messages, and JSON for scripts.

rich leaves out colours if the output is not a terminal or ``NO_COLOR`` is set.
"""

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def stdout_console() -> Console:
    """Make a console for results on standard output, without highlighting and markup."""
    return Console(highlight=False, markup=False, emoji=False)


def stderr_console() -> Console:
    """Make a console for progress and messages on standard error."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def print_note(text: str) -> None:
    """Print a message to standard error."""
    stderr_console().print(Text(text, style="dim"), soft_wrap=True)


def print_error(text: str) -> None:
    """Print an error to standard error."""
    stderr_console().print(Text(text, style="red"), soft_wrap=True)


def print_json(value: Any) -> None:
    """Print ``value`` as JSON on one line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def count(number: int, noun: str) -> str:
    """Format a number with its noun: ``no turns``, ``1 turn``, ``2 turns``."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
