"""``voicemate doctor --loop``: what the microphone hears of the loudspeaker."""

import asyncio

from rich.text import Text

from voicemate.audio.loop import LoopResult
from voicemate.cli.output import note, print_json, results
from voicemate.config import Settings


def show_loop(settings: Settings, as_json: bool) -> bool:
    """Play a short sound, listen, and print what was found; whether the microphone works."""
    if not as_json:
        note("Three short chirps will be played. Please be quiet for six seconds.")
    result = asyncio.run(_measure(settings))
    if as_json:
        print_json(
            {
                "microphone": result.microphone,
                "loudspeaker": result.loudspeaker,
                "heard": result.echo.heard,
                "delay_ms": round(result.delay_ms, 1) if result.echo.heard else None,
                "echo_db": round(result.echo.gain_db, 1) if result.echo.heard else None,
                "certainty": round(result.echo.certainty, 1),
                "noise_dbfs": round(result.noise_dbfs, 1),
                "peak": round(result.peak, 4),
                "advice": result.advice(),
            }
        )
    else:
        results().print(Text(_in_words(result)), soft_wrap=True)
    return result.works


def _in_words(result: LoopResult) -> str:
    lines = [("microphone", result.microphone), ("loudspeaker", result.loudspeaker)]
    lines.append(("loudspeaker is heard", "yes" if result.echo.heard else "no"))
    if result.echo.heard:
        lines.append(("delay", f"{result.delay_ms:.0f} ms beyond what the devices say"))
        lines.append(("echo", f"{result.echo.gain_db:.0f} dB of what is played"))
    lines.append(("room noise", f"{result.noise_dbfs:.0f} dBFS"))
    return "\n".join([f"{name:22}{value}" for name, value in lines] + ["", *result.advice()])


async def _measure(settings: Settings) -> LoopResult:
    from voicemate.audio.clock import SampleClock
    from voicemate.audio.loop import measure_loop
    from voicemate.audio.loudspeaker import DeviceLoudspeaker
    from voicemate.audio.microphone import DeviceMicrophone
    from voicemate.audio.stream_host import StreamHost

    host, clock = StreamHost(), SampleClock()
    microphone = DeviceMicrophone(host, clock, settings.audio.input)
    return await measure_loop(microphone, DeviceLoudspeaker(host, clock, settings.audio.output))
