"""The command line: one thin tree over all of it.

Commands only read their arguments, call a room, and show what it gives. Heavy rooms are imported inside the
commands that need them, so that ``voicemate --help`` answers at once.
"""

import os
import sys
from typing import Annotated

import typer

from voicemate import __version__
from voicemate.cli import audio, config, daemon, daemon_control, doctor, history, menu, models, replay, talk
from voicemate.cli import service as serving
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
    help="Talk, hands-free, to a character of your own on your own machine. Nothing is ever sent anywhere.",
    epilog="Exit codes: 0 done · 1 a check found something wrong · 2 wrong usage · 3 settings · 4 persona · "
    "5 model · 6 audio · 7 history · 8 already running · 9 download · 10 speech · 11 not running · 12 control · "
    "14 recording · 15 service · 17 hotkey · 18 menu · 19 no hotkey here · 130 interrupted · 143 terminated.",
)
talk.add_to(app)
audio.add_to(app)
models.add_to(app)
history.add_to(app)
replay.add_to(app)
daemon.add_to(app)
daemon_control.add_to(app)
config.add_to(app)
serving.add_to(app)
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
    """Run the command line; every failure ends in one clear sentence and an exit code of its own."""
    service, failure, status = running_as_service(), None, 0
    try:
        app()
    except SystemExit as done:
        status = done.code if isinstance(done.code, int) else 1
    except VoicemateError as error:
        print_error(f"voicemate: {error}")
        failure, status = error, error.exit_code
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        # The reader of our output went away (`voicemate history | head`): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    exit_process(record_exit(service, status, failure))


def exit_process(status: int) -> None:
    """End the process with ``status``.

    On macOS, ggml's Metal backend may abort in its static destructors although every engine has been closed
    (llama.cpp issue 22593), and launchd would take that for a crash: there the process leaves without them.
    """
    if sys.platform == "darwin" and "llama_cpp.llama_cpp" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
