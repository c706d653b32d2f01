"""``talk``, ``ask``, ``say`` and ``demo``: everything in which the character speaks."""

import asyncio
import signal
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Annotated, Any

import typer

from voicemate.cli.daemon_control import ask_daemon, say_with_daemon
from voicemate.cli.first_start import offer_better_model
from voicemate.cli.offline import go_offline, offline_session
from voicemate.cli.render.live_view import choose_view
from voicemate.cli.render.output import print_note, stdout_console
from voicemate.config.schema import Settings, load
from voicemate.core.errors import AudioError, VoicemateError, first_error

Stt = Annotated[str | None, typer.Option(help="Hearing model: a name from `voicemate models list`, or a ggml file.")]
Llm = Annotated[str | None, typer.Option(help="Thinking model: a name from `voicemate models list`, or a GGUF file.")]
PersonaOption = Annotated[
    str | None, typer.Option("--persona", "-p", help="Who to talk to: a key from `voicemate personas`, or a file.")
]
Record = Annotated[
    Path | None,
    typer.Option("--record", help="Keep the whole conversation in this new file, for `voicemate replay` and `tune`."),
]
Output = Annotated[str | None, typer.Option(help="Loudspeaker: part of a name from `voicemate devices`.")]


SIGTERM_EXIT_CODE = 128 + signal.SIGTERM
"""The exit code that shells give a process which SIGTERM has ended."""


def add_to(app: typer.Typer) -> None:
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

    Where there is no usable microphone or loudspeaker, a conversation in a simulated room is held instead.

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
        print_note(f"{error.message}: talking in the simulated room instead.")
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
    silent: Annotated[bool, typer.Option("--silent", help="Print the answer only.")] = False,
) -> None:
    """Type one question; the answer is spoken and printed.

    A running voicemate answers it, as part of its conversation, unless an option asks for something else.

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
    text: Annotated[str, typer.Argument(help="What to say; - reads standard input.")],
    persona: PersonaOption = None,
    output: Output = None,
    to_file: Annotated[
        Path | None, typer.Option("--to-file", "-o", help="Write a WAV file instead of playing it.", dir_okay=False)
    ] = None,
) -> None:
    """Speak a text in a persona's voice, read out as the character would.

    A running voicemate says it when nobody else speaks, unless an option asks for something else.

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
    folder: Annotated[Path, typer.Option("--folder", help="Where the sound and the picture go.")] = Path("demo"),
    persona: PersonaOption = None,
    stt: Stt = None,
    llm: Llm = None,
    record: Record = None,
    no_view: Annotated[bool, typer.Option("--no-view", help="Plain lines instead of the live view.")] = False,
) -> None:
    """Hold a conversation in a simulated room: three spoken questions, three spoken answers.

    Writes conversation.wav (person left, character right) and timeline.png.
    """
    settings = load({"persona": persona, "stt.model": stt, "llm.model": llm})
    _run_demo(settings, folder, not no_view, record)


def _run_demo(settings: Settings, folder: Path, live: bool, record: Path | None) -> None:
    go_offline(settings)
    from voicemate.demo import demo as demonstration

    view = choose_view(stdout_console(), live, recording=record is not None)
    written = _run(settings, demonstration.hold(settings, folder, view, record))
    for path in written:
        print_note(f"written: {path}")


def _print_chunk(piece: str) -> None:
    sys.stdout.write(piece)
    sys.stdout.flush()


def _run(settings: Settings, work: Awaitable[Any]) -> Any:
    """Go offline and run the loop; of several failures the first one is told."""

    async def main() -> Any:
        return await work

    try:
        with offline_session(settings):
            return asyncio.run(main())
    except asyncio.CancelledError:  # by SIGTERM: everything was closed in order
        raise typer.Exit(SIGTERM_EXIT_CODE) from None
    except BaseExceptionGroup as group:
        known = group.subgroup(VoicemateError)
        if known is None:
            raise
        raise first_error(known) from None
