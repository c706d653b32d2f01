"""The command line.

Commands parse their arguments, call other packages and print the results. They import heavy packages when they run,
so that ``voicemate --help`` is fast.
"""

import os
import sys
from typing import Annotated

import typer

from voicemate import __version__
from voicemate.cli import audio, config, daemon, daemon_control, doctor, history, menu, models, replay, talk
from voicemate.cli import service as service_commands
from voicemate.cli.render.output import print_error
from voicemate.core.errors import VoicemateError
from voicemate.service.failure import record_exit, running_as_service

app = typer.Typer(
    name="voicemate",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Talk hands-free to a character of your own. Nothing ever leaves this machine.",
    epilog="Exit codes: 0 success · 1 a check failed · 2 wrong usage · 3 settings · 4 persona · "
    "5 model · 6 audio · 7 history · 8 already running · 9 download · 10 speech · 11 not running · 12 control · "
    "14 recording · 15 service · 17 hotkey · 18 menu · 19 hotkey unavailable · 130 interrupted · 143 terminated.",
)
talk.add_to(app)
audio.add_to(app)
models.add_to(app)
history.add_to(app)
replay.add_to(app)
daemon.add_to(app)
daemon_control.add_to(app)
config.add_to(app)
service_commands.add_to(app)
menu.add_to(app)
doctor.add_to(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"voicemate {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line. Every error prints one sentence and has its own exit code."""
    service, failure, status = running_as_service(), None, 0
    try:
        app()
    except SystemExit as exit_:
        status = exit_.code if isinstance(exit_.code, int) else 1
    except VoicemateError as error:
        print_error(f"voicemate: {error}")
        failure, status = error, error.exit_code
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        # The reader of the output has exited (`voicemate history | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    exit_process(record_exit(service, status, failure))


def exit_process(status: int) -> None:
    """End the process with ``status``.

    On macOS, ggml's Metal backend may abort in its static destructors although every engine is closed (llama.cpp
    issue 22593), and launchd would count that as a crash. There the process exits without running them.
    """
    if sys.platform == "darwin" and "llama_cpp.llama_cpp" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
