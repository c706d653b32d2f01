"""How commands print: one console each for results and for messages, and JSON for scripts.

rich leaves colours out when the output is no terminal or ``NO_COLOR`` is set.
"""

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

JsonOption = Annotated[bool, typer.Option("--json", help="For scripts: JSON instead of a table.")]


def stdout_console() -> Console:
    """Where results go: standard output, never wrapped or marked up by accident."""
    return Console(highlight=False, markup=False, emoji=False)


def stderr_console() -> Console:
    """Where progress and messages go: standard error."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def print_note(text: str) -> None:
    """One line about what is going on."""
    stderr_console().print(Text(text, style="dim"), soft_wrap=True)


def print_error(text: str) -> None:
    """One line about what went wrong."""
    stderr_console().print(Text(text, style="red"), soft_wrap=True)


def print_json(value: Any) -> None:
    """``value`` as JSON on one line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()
