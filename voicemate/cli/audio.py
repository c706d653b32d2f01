"""``transcribe`` and ``devices``."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from voicemate.cli.offline import go_offline, offline_session
from voicemate.cli.render.output import JsonOption, print_error, print_json, stderr_console, stdout_console
from voicemate.config.loader import load
from voicemate.core.errors import AudioError


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.command(rich_help_panel="Sound")(transcribe)
    app.command(rich_help_panel="Sound")(devices)


def transcribe(
    files: Annotated[list[Path], typer.Argument(help="Audio files: WAV, FLAC, MP3, Ogg, AIFF.")],
    stt: Annotated[str | None, typer.Option(help="Speech recognition model: a name, or a ggml file.")] = None,
    language: Annotated[str | None, typer.Option("--language", "-l", help="Two letters, or auto.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line, in order.")] = False,
) -> None:
    """Transcribe audio files.

    A file that cannot be read does not stop the others; the exit code is then 6.

    [bold]Examples[/]: voicemate transcribe memo.wav · voicemate transcribe --json *.flac
    """
    settings = load({"stt.model": stt, "stt.language": language})
    go_offline(settings)
    from voicemate.app.engines import load_recognizer
    from voicemate.app.oneshot import Transcription
    from voicemate.app.oneshot import transcribe as transcribe_file

    recognizer, whisper = load_recognizer(settings)
    failed, console = list[AudioError](), stderr_console()

    def show(transcription: Transcription) -> None:
        if as_json:
            utterances = [
                {
                    "began": round(utterance.began, 3),
                    "ended": round(utterance.ended, 3),
                    "text": utterance.text,
                    "language": utterance.language,
                }
                for utterance in transcription.utterances
            ]
            print_json(
                {
                    "file": str(transcription.file),
                    "text": transcription.text,
                    "seconds": transcription.seconds,
                    "utterances": utterances,
                }
            )
        else:
            prefix = f"{transcription.file}: " if len(files) > 1 else ""
            stdout_console().print(Text(f"{prefix}{transcription.text}"), soft_wrap=True)

    async def work() -> None:
        with Progress(console=console, transient=True, disable=not console.is_terminal or len(files) < 2) as bar:
            for file in bar.track(files, description="transcribing"):
                try:
                    show(await transcribe_file(recognizer, file))
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
    """List the microphones and speakers. Any part of a name chooses one."""
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
        raise AudioError("There is no microphone and no speaker", "Connect one, or try `voicemate demo`")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("name", "microphone", "speaker", "Hz", "system"):
        table.add_column(column)
    for device in found:
        uses = ((device.inputs, device.default_input), (device.outputs, device.default_output))
        cells = ["default" if default else "yes" if channels else "" for channels, default in uses]
        table.add_row(Text(device.name), *cells, str(device.rate), device.host_api)
    stdout_console().print(table)
