"""``talk``, ``ask``, ``say`` and ``demo``."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Annotated, Any

import typer

from voicemate.cli.daemon_control import ask_daemon, say_with_daemon
from voicemate.cli.offline import go_offline, offline_session
from voicemate.cli.render.live_view import choose_view
from voicemate.cli.render.output import print_note, stderr_console, stdout_console
from voicemate.config.editor import set_setting
from voicemate.config.loader import load
from voicemate.config.schema import Settings
from voicemate.core.errors import AudioError, SettingsError, VoicemateError, first_error
from voicemate.core.paths import make_private_folder, state_folder
from voicemate.models.storage import as_size

Stt = Annotated[
    str | None, typer.Option(help="Speech recognition model: a name from `voicemate models list`, or a ggml file.")
]
Llm = Annotated[str | None, typer.Option(help="Language model: a name from `voicemate models list`, or a GGUF file.")]
PersonaOption = Annotated[
    str | None, typer.Option("--persona", "-p", help="Character: a key from `voicemate personas`, or a file.")
]
Record = Annotated[
    Path | None,
    typer.Option("--record", help="Record the conversation to this new file, for `voicemate replay` and `tune`."),
]
Output = Annotated[str | None, typer.Option(help="Speaker: part of a name from `voicemate devices`.")]


SIGTERM_EXIT_CODE = 128 + signal.SIGTERM
"""The exit code that shells use for a process ended by SIGTERM."""


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.command(rich_help_panel="Conversation")(talk)
    app.command(rich_help_panel="Conversation")(ask)
    app.command(rich_help_panel="Conversation")(say)
    app.command(rich_help_panel="Conversation")(demo)


def talk(
    persona: PersonaOption = None,
    stt: Stt = None,
    llm: Llm = None,
    input_: Annotated[
        str | None, typer.Option("--input", help="Microphone: part of a name from `voicemate devices`.")
    ] = None,
    output: Output = None,
    record: Record = None,
    no_view: Annotated[bool, typer.Option("--no-view", help="Plain lines instead of the live view.")] = False,
) -> None:
    """Talk to a character. Just speak; Ctrl-C ends it.

    Without a usable microphone or speaker, this holds a conversation in a simulated room instead.

    [bold]Examples[/]: voicemate talk · voicemate talk --persona xiaolan --llm qwen3-4b
    """
    settings = load(
        {
            "persona": persona,
            "stt.model": stt,
            "llm.model": llm,
            "audio.input": input_,
            "audio.output": output,
        }
    )
    from voicemate.audio.devices.portaudio import check_devices

    try:
        check_devices(settings.audio.input, settings.audio.output)
    except AudioError as error:
        if input_ or output:
            raise
        print_note(f"{error.message}: using the simulated room instead.")
        _run_demo(settings, Path("demo"), not no_view, record)
        return
    if llm is None:
        settings = offer_better_model(settings)
    go_offline(settings)
    from voicemate.daemon import talk as talking

    view = choose_view(stdout_console(), live=not no_view, recording=record is not None)
    _run(settings, talking.talk(settings, view, record))


def ask(
    text: Annotated[str, typer.Argument(help="What to ask.")],
    persona: PersonaOption = None,
    llm: Llm = None,
    output: Output = None,
    silent: Annotated[bool, typer.Option("--silent", help="Print the answer without speaking it.")] = False,
) -> None:
    """Ask one question; the answer is spoken and printed.

    A running voicemate answers it as part of its conversation, unless an option is given.

    [bold]Example[/]: voicemate ask "What is the best thing about autumn?"
    """
    if not (persona or llm or output or silent) and ask_daemon(text):
        return
    settings = load({"persona": persona, "llm.model": llm, "audio.output": output})
    go_offline(settings)
    from voicemate.app import oneshot

    _run(settings, oneshot.ask(settings, text, silent, _print_chunk))
    sys.stdout.write("\n")


def say(
    text: Annotated[str, typer.Argument(help="What to say, or - for standard input.")],
    persona: PersonaOption = None,
    output: Output = None,
    to_file: Annotated[
        Path | None, typer.Option("--to-file", "-o", help="Write a WAV file instead of playing it.", dir_okay=False)
    ] = None,
) -> None:
    """Speak a text in a character's voice.

    A running voicemate says it when the conversation pauses, unless an option is given.

    [bold]Examples[/]: voicemate say "It is 3:45 pm." · voicemate say --persona xiaolan 你好
    """
    words = sys.stdin.read() if text == "-" else text
    if not (persona or output or to_file) and say_with_daemon(words):
        return
    settings = load({"persona": persona, "audio.output": output})
    go_offline(settings)
    from voicemate.app import oneshot

    _run(settings, oneshot.say(settings, words, to_file))


def demo(
    folder: Annotated[Path, typer.Option("--folder", help="Output folder.")] = Path("demo"),
    persona: PersonaOption = None,
    stt: Stt = None,
    llm: Llm = None,
    record: Record = None,
    no_view: Annotated[bool, typer.Option("--no-view", help="Plain lines instead of the live view.")] = False,
) -> None:
    """Hold a conversation in a simulated room: three spoken questions, three spoken answers.

    Writes conversation.wav (user left, character right) and timeline.png.
    """
    settings = load({"persona": persona, "stt.model": stt, "llm.model": llm})
    _run_demo(settings, folder, not no_view, record)


def _run_demo(settings: Settings, folder: Path, live: bool, record: Path | None) -> None:
    go_offline(settings)
    from voicemate.demo import demo as demonstration

    view = choose_view(stdout_console(), live, recording=record is not None)
    written = _run(settings, demonstration.run_demo(settings, folder, view, record))
    for path in written:
        print_note(f"written: {path}")


def _print_chunk(piece: str) -> None:
    sys.stdout.write(piece)
    sys.stdout.flush()


def _run(settings: Settings, work: Awaitable[Any]) -> Any:
    """Go offline and run ``work``. Of several errors the first one is raised."""

    async def main() -> Any:
        return await work

    try:
        with offline_session(settings):
            return asyncio.run(main())
    except asyncio.CancelledError:  # by SIGTERM, after everything was closed
        raise typer.Exit(SIGTERM_EXIT_CODE) from None
    except BaseExceptionGroup as group:
        known = group.subgroup(VoicemateError)
        if known is None:
            raise
        raise first_error(known) from None


# ---------------------------------------------------------------- the first start


def offer_better_model(settings: Settings) -> Settings:
    """Offer a better language model at the first start with the starter model; returns the settings to use.

    Only other processes use the network, and only after the user has agreed.
    """
    starter = Settings().llm.model
    offered = make_private_folder(state_folder()) / "better-model-offered"
    if settings.llm.model != starter or offered.exists():
        return settings
    offered.touch()
    offer = _query_better_model()
    name = offer.get("name")
    if not name:
        return settings
    if not offer.get("reachable") or not (sys.stdin.isatty() and stderr_console().is_terminal):
        print_note(f"The starter model is small. For a better one: voicemate models pull {name}")
        return settings
    size = as_size(offer["size"])
    if not typer.confirm(
        f"The starter model is small. Download {name} ({size}), which suits this machine?", err=True
    ):
        return settings
    if subprocess.run([sys.executable, "-m", "voicemate", "models", "pull", name], check=False).returncode:
        return settings
    try:
        set_setting("llm.model", name)
    except SettingsError as error:  # the model is installed nevertheless
        print_note(f"{error} To keep {name}: voicemate config set llm.model {name}")
    return settings.model_copy(update={"llm": settings.llm.model_copy(update={"model": name})})


def _query_better_model() -> dict[str, Any]:
    command = [sys.executable, "-m", "voicemate", "models", "better", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {}
