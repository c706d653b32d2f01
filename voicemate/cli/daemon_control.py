"""``listen``, ``mute``, ``unmute``, ``ptt``, ``interrupt``, ``persona`` and ``events``: control a running daemon."""

import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

import typer

from voicemate.cli.render.output import print_error, print_json, print_note
from voicemate.control.client import ControlClient, EventMessage, Response
from voicemate.core.errors import NotRunningError

_PANEL = "Daemon"

_REPLY_TIMEOUT_S = 600.0
"""Longer than any reply takes to be spoken."""

_CHANGE_TIMEOUT_S = 180.0
"""Enough until the conversation pauses and a change is made."""

persona_app = typer.Typer(no_args_is_help=True, help="Choose the character to talk to.")


class OnOff(StrEnum):
    """The argument of ``listen``."""

    ON = "on"
    OFF = "off"


class PttAction(StrEnum):
    """The argument of ``ptt``."""

    PRESS = "press"
    RELEASE = "release"
    TOGGLE = "toggle"


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    for command in (listen, mute, unmute, ptt, interrupt, events):
        app.command(rich_help_panel=_PANEL)(command)
    app.add_typer(persona_app, name="persona", rich_help_panel=_PANEL)


def listen(switch: Annotated[OnOff, typer.Argument(help="on or off")]) -> None:
    """Listen, or close the microphone until `listen on`. Typed turns still work."""
    _call("listen", on=switch is OnOff.ON)


def mute() -> None:
    """Ignore the microphone, which stays open."""
    _call("mute", on=True)


def unmute() -> None:
    """Use the microphone again."""
    _call("mute", on=False)


def ptt(action: Annotated[PttAction, typer.Argument(help="press, release or toggle")]) -> None:
    """Press or release the push-to-talk key, for keys that your desktop handles.

    [bold]Example[/]: bind a key to `voicemate ptt toggle`.
    """
    _call("ptt", action=action.value)


def interrupt() -> None:
    """Stop the character's reply."""
    _call("interrupt")


@persona_app.command("use")
def use_persona(
    name: Annotated[str, typer.Argument(help="A key from `voicemate personas`, or a file.")],
    for_now: Annotated[
        bool, typer.Option("--for-now", help="Only until voicemate stops; do not change the settings.")
    ] = False,
) -> None:
    """Talk to this character from now on.

    A running voicemate switches at once; the settings keep it for the next start.
    """
    from voicemate.personas.library import find

    entry = find(name)
    key = str(entry.file.resolve()) if entry.source == "file" else entry.key
    try:
        with ControlClient() as client:
            result = client.call("persona", timeout_s=_CHANGE_TIMEOUT_S, name=key, keep=not for_now)
    except NotRunningError:
        if for_now:
            raise
        from voicemate.config.editor import set_setting

        set_setting("persona", key)
        print_note(f"{entry.persona.name}, from the next start on.")
        return
    print_note(f"You are talking to {result['character']} now.")
    if result["reason"]:
        print_error(f"It could not be saved for the next start: {result['reason']}")


def events(
    words: Annotated[bool, typer.Option("--words", help="Include what you and the character say.")] = False,
    levels: Annotated[
        bool, typer.Option("--levels", help="Include the microphone's level, ten times per second.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
) -> None:
    """Show events as they happen, until Ctrl-C.

    [bold]Example[/]: voicemate events --json --words | jq -r 'select(.event == "Transcribed") | .text'
    """
    with ControlClient() as client:
        for event in client.watch(words, levels):
            if as_json:
                print_json({"event": event.name, **event.data})
            else:
                fields = " ".join(f"{name}={value}" for name, value in event.data.items() if name != "at")
                seconds = event.data.get("at", 0) / 16_000
                sys.stdout.write(f"{seconds:9.2f} s  {event.name:<14} {fields}\n")
                sys.stdout.flush()


def say_with_daemon(text: str) -> bool:
    """Have the daemon say ``text``; False if it is not running."""
    try:
        with ControlClient() as client:
            client.call("say", timeout_s=_REPLY_TIMEOUT_S, text=text)
    except NotRunningError:
        return False
    return True


def ask_daemon(text: str) -> bool:
    """Ask the daemon ``text`` and print the reply while it is spoken; False if the daemon is not running."""
    try:
        with ControlClient() as client:
            client.call("events", words=True)
            for phrase in _reply_phrases(client, client.send("ask", text=text)):
                sys.stdout.write(phrase)
                sys.stdout.flush()
    except NotRunningError:
        return False
    sys.stdout.write("\n")
    return True


def reload_daemon() -> None:
    """Have a running daemon reload the settings, and print the effect of each change."""
    try:
        with ControlClient() as client:
            result = client.call("reload", timeout_s=_CHANGE_TIMEOUT_S)
    except NotRunningError:
        return
    for change in result["changed"]:
        print_note(f"{change['key']}: {change['effect']}")


def _call(command: str, **arguments: Any) -> dict[str, Any]:
    with ControlClient() as client:
        return client.call(command, **arguments)


def _reply_phrases(client: ControlClient, request_id: str) -> Iterator[str]:
    """Yield the phrases of the reply to a typed turn while they are spoken."""
    turn = None
    while True:
        message = client.receive(_REPLY_TIMEOUT_S)
        match message:
            case Response(id=answered) if answered == request_id:
                if message.error:
                    raise message.error
                return
            case EventMessage(name="TurnEnded") if message.data.get("request_id") == request_id:
                turn = message.data["turn"]
            case EventMessage(name="PhraseStarted") if message.data["turn"] == turn:
                yield message.data["text"]
            case _:
                pass
