"""``transcribe`` and ``devices``: the hearing side alone."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from voicemate.cli.offline import go_offline, offline_session
from voicemate.cli.render.output import JsonOption, print_error, print_json, stderr_console, stdout_console
from voicemate.config.schema import load
from voicemate.core.errors import AudioError


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel="Sound")(transcribe)
    app.command(rich_help_panel="Sound")(devices)


def transcribe(
    files: Annotated[list[Path], typer.Argument(help="Sound files: WAV, FLAC, MP3, Ogg, AIFF.")],
    stt: Annotated[str | None, typer.Option(help="Hearing model: a name, or a ggml file.")] = None,
    language: Annotated[str | None, typer.Option("--language", "-l", help="Two letters, or auto.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, in order.")] = False,
) -> None:
    """Write down what is said in sound files.

    A file that cannot be read does not stop the others; the command then ends with exit code 6.

    [bold]Examples[/]: voicemate transcribe memo.wav · voicemate transcribe --json *.flac
    """
    settings = load({"stt.model": stt, "stt.language": language})
    go_offline(settings)
    from voicemate.app.engines import load_recognizer
    from voicemate.app.oneshot import Transcription
    from voicemate.app.oneshot import transcribe as transcribe_file

    listener, whisper = load_recognizer(settings)
    failed, console = list[AudioError](), stderr_console()

    def show(heard: Transcription) -> None:
        if as_json:
            utterances = [
                {
                    "began": round(said.began, 3),
                    "ended": round(said.ended, 3),
                    "text": said.text,
                    "language": said.language,
                }
                for said in heard.utterances
            ]
            print_json(
                {"file": str(heard.file), "text": heard.text, "seconds": heard.seconds, "utterances": utterances}
            )
        else:
            prefix = f"{heard.file}: " if len(files) > 1 else ""
            stdout_console().print(Text(f"{prefix}{heard.text}"), soft_wrap=True)

    async def work() -> None:
        with Progress(console=console, transient=True, disable=not console.is_terminal or len(files) < 2) as bar:
            for file in bar.track(files, description="transcribing"):
                try:
                    show(await transcribe_file(listener, file))
                except AudioError as error:
                    failed.append(error)
                    if as_json:
                        print_json({"file": str(file), "text": "", "error": str(error)})
                    if len(files) > 1:
                        print_error(str(error))

    try:
        with offline_session(settings):
            asyncio.run(work())
    finally:
        whisper.close()
    if failed:
        raise failed[0] if len(files) == 1 else AudioError(f"{len(failed)} of {len(files)} files could not be read")


def devices(as_json: JsonOption = False) -> None:
    """The microphones and loudspeakers; any part of a name chooses one."""
    from voicemate.audio.devices.portaudio import PortAudio

    found = PortAudio().devices()
    if as_json:
        for device in found:
            print_json(
                {
                    "name": device.name,
                    "host_api": device.host_api,
                    "inputs": device.inputs,
                    "outputs": device.outputs,
                    "rate": device.rate,
                    "default_input": device.default_input,
                    "default_output": device.default_output,
                }
            )
        return
    if not found:
        raise AudioError("There is no microphone and no loudspeaker", "Connect one, or try `voicemate demo`")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("name", "microphone", "loudspeaker", "Hz", "system"):
        table.add_column(column)
    for device in found:
        uses = ((device.inputs, device.default_input), (device.outputs, device.default_output))
        cells = ["default" if default else "yes" if channels else "" for channels, default in uses]
        table.add_row(Text(device.name), *cells, str(device.rate), device.host_api)
    stdout_console().print(table)
