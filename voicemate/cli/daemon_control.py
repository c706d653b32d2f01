"""What a running daemon is told: mute, push-to-talk, another character; and what it tells."""

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
"""The longest reply, spoken."""

_CHANGE_TIMEOUT_S = 180.0
"""Until nobody speaks, and a change is made."""

persona_app = typer.Typer(no_args_is_help=True, help="Choose whom to talk to.")


class OnOff(StrEnum):
    ON = "on"
    OFF = "off"


class PttAction(StrEnum):
    PRESS = "press"
    RELEASE = "release"
    TOGGLE = "toggle"


def add_to(app: typer.Typer) -> None:
    for command in (listen, mute, unmute, ptt, interrupt, events):
        app.command(rich_help_panel=_PANEL)(command)
    app.add_typer(persona_app, name="persona", rich_help_panel=_PANEL)


def listen(switch: Annotated[OnOff, typer.Argument(help="on or off")]) -> None:
    """Listen, or close the microphone until told to listen again. Typed turns work all the same."""
    _call("listen", on=switch is OnOff.ON)


def mute() -> None:
    """Hear nothing for now; the microphone stays open and ready."""
    _call("mute", on=True)


def unmute() -> None:
    """Hear again."""
    _call("mute", on=False)


def ptt(action: Annotated[PttAction, typer.Argument(help="press, release or toggle")]) -> None:
    """Be the push-to-talk key, for a key that something else watches.

    [bold]Example[/]: bind a key of your desktop to `voicemate ptt toggle`.
    """
    _call("ptt", action=action.value)


def interrupt() -> None:
    """Make the character fall silent."""
    _call("interrupt")


@persona_app.command("use")
def use_persona(
    name: Annotated[str, typer.Argument(help="A key from `voicemate personas`, or a file.")],
    for_now: Annotated[
        bool, typer.Option("--for-now", help="Until voicemate ends, and not in the settings.")
    ] = False,
) -> None:
    """Talk to this character from now on.

    A running voicemate changes at once; the settings keep it for the next start.
    """
    from voicemate.personas.library import find

    shelved = find(name)
    named = str(shelved.file.resolve()) if shelved.source == "file" else shelved.key
    try:
        with ControlClient() as client:
            done = client.call("persona", timeout_s=_CHANGE_TIMEOUT_S, name=named, keep=not for_now)
    except NotRunningError:
        if for_now:
            raise
        from voicemate.config.editor import set_setting

        set_setting("persona", named)
        print_note(f"{shelved.persona.name}, from the next start on.")
        return
    print_note(f"You talk to {done['character']} now.")
    if done["reason"]:
        print_error(f"It is not kept for the next start: {done['why_not']}")


def events(
    words: Annotated[bool, typer.Option("--words", help="Also what is said, by you and by the character.")] = False,
    levels: Annotated[
        bool, typer.Option("--levels", help="Also the microphone's level, ten times a second.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show everything that happens, as it happens; Ctrl-C ends it.

    [bold]Example[/]: voicemate events --json --words | jq -r 'select(.event == "Heard") | .text'
    """
    with ControlClient() as client:
        for told in client.watch(words, levels):
            if as_json:
                print_json({"event": told.name, **told.data})
            else:
                fields = " ".join(f"{name}={value}" for name, value in told.data.items() if name != "at")
                seconds = told.data.get("at", 0) / 16_000
                sys.stdout.write(f"{seconds:9.2f} s  {told.name:<14} {fields}\n")
                sys.stdout.flush()


def say_with_daemon(text: str) -> bool:
    """Have a running daemon say ``text``; False when there is none."""
    try:
        with ControlClient() as client:
            client.call("say", timeout_s=_REPLY_TIMEOUT_S, text=text)
    except NotRunningError:
        return False
    return True


def ask_daemon(text: str) -> bool:
    """Ask a running daemon ``text`` and print the reply as it is spoken; False when there is none."""
    try:
        with ControlClient() as client:
            client.call("events", words=True)
            for piece in _reply_phrases(client, client.send("ask", text=text)):
                sys.stdout.write(piece)
                sys.stdout.flush()
    except NotRunningError:
        return False
    sys.stdout.write("\n")
    return True


def reload_daemon() -> None:
    """Tell a running daemon that the settings were changed, and the person what comes of it."""
    try:
        with ControlClient() as client:
            done = client.call("reload", timeout_s=_CHANGE_TIMEOUT_S)
    except NotRunningError:
        return
    for change in done["changed"]:
        print_note(f"{change['key']}: {change['effect']}")


def _call(command: str, **arguments: Any) -> dict[str, Any]:
    with ControlClient() as client:
        return client.call(command, **arguments)


def _reply_phrases(client: ControlClient, request_id: str) -> Iterator[str]:
    """The phrases of the reply to a typed turn as they are spoken."""
    typed, turn = False, None
    while True:
        message = client.receive(_REPLY_TIMEOUT_S)
        match message:
            case Response(id=answered) if answered == request_id:
                if message.error:
                    raise message.error
                return
            case EventMessage(name="TurnEnded") if not typed:
                typed, turn = True, message.data["turn"]
            case EventMessage(name="PhraseStarted") if typed and message.data["turn"] == turn:
                yield message.data["text"]
