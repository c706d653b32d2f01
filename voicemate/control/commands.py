"""The commands of the control socket: what each takes, and what it does to a conversation.

``understand`` is pure; ``perform`` is the only way from the socket into the conversation.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voicemate.config.validation import describe_first_error
from voicemate.control.protocol import MAX_TEXT_LENGTH, ControlRequest, ErrorCode, Refusal
from voicemate.control.status import DaemonStatus
from voicemate.core.errors import ControlError, VoicemateError
from voicemate.core.events import Subscriber


class Controllable(Protocol):
    """A conversation that can be told what to do. Everything is called on its own loop.

    Every command may raise a ``VoicemateError``, which the client is told; a ``ControlError`` says with its code that
    something cannot be done now.
    """

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Tell ``subscriber`` every event, until the function that is returned is called."""
        ...

    def status(self) -> DaemonStatus: ...

    async def listen(self, on: bool) -> None:
        """Listen, or close the microphone. What is being said is not said on."""
        ...

    async def mute(self, on: bool) -> None:
        """Hear nothing, with everything ready to go on at once."""
        ...

    async def press(self) -> None:
        """The push-to-talk key went down."""
        ...

    async def release(self) -> None:
        """It came up again."""
        ...

    async def toggle(self) -> None:
        """Down if it is up, up if it is down."""
        ...

    async def interrupt(self) -> None:
        """The character falls silent; what it has not said is dropped."""
        ...

    async def say(self, text: str) -> str:
        """The character says ``text``; returns what was heard of it when it is silent again."""
        ...

    async def ask(self, text: str) -> str:
        """The person types ``text``; returns what was heard of the reply when it is over."""
        ...

    async def set_persona(self, name: str, keep: bool) -> dict[str, Any]:
        """Talk to somebody else from now on; ``keep`` writes it to the settings too."""
        ...

    async def reload(self) -> dict[str, Any]:
        """Read the settings again; returns what has changed and what each change asked for."""
        ...

    def stop(self) -> None:
        """End in order; returns at once."""
        ...


class Arguments(BaseModel):
    """A command's arguments: strict, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NoArguments(Arguments):
    """None at all."""


class SwitchArguments(Arguments):
    on: bool


class TextArguments(Arguments):
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT_LENGTH, description="what is said")]


class KeyArguments(Arguments):
    """What the push-to-talk key does.

    Attributes:
        while_connected: of a press: whoever pressed and then hangs up, or crashes, lets go with it.
    """

    action: Literal["press", "release", "toggle"]
    while_connected: bool = False


class EventsArguments(Arguments):
    """Which events are sent.

    Attributes:
        words: also what was said and what is said.
        levels: also the microphone's level, ten times a second.
    """

    words: bool = False
    levels: bool = False


class PersonaArguments(Arguments):
    name: Annotated[str, Field(min_length=1, max_length=1_000, description="a name from `voicemate personas`")]
    keep: bool = True


COMMANDS: dict[str, type[Arguments]] = {
    "status": NoArguments,
    "events": EventsArguments,
    "listen": SwitchArguments,
    "mute": SwitchArguments,
    "ptt": KeyArguments,
    "interrupt": NoArguments,
    "say": TextArguments,
    "ask": TextArguments,
    "persona": PersonaArguments,
    "reload": NoArguments,
    "stop": NoArguments,
}


STATUS_CHANGING = frozenset({"listen", "mute", "persona", "reload"})
"""After these, also where they failed half-way, whoever shows the status has to ask for it anew."""


def parse_arguments(request: ControlRequest) -> Arguments | Refusal:
    """The arguments of ``request``, checked, or why it is refused. Pure; never raises."""
    wanted = COMMANDS.get(request.command)
    if wanted is None:
        known = ", ".join(sorted(COMMANDS))
        return Refusal(
            request.id,
            ErrorCode.UNKNOWN_COMMAND,
            f"There is no command `{request.command[:40]}`",
            f"There are {known}",
        )
    try:
        return wanted.model_validate(request.arguments)
    except ValidationError as error:
        wrong, remedy = describe_first_error(error, wanted, "argument")
        return Refusal(request.id, ErrorCode.BAD_ARGUMENTS, f"{wrong[0].upper()}{wrong[1:]}", remedy)


async def execute(controlled: Controllable, command: str, given: Arguments) -> dict[str, Any]:
    """Carry out a command (``events`` is the server's own affair); returns the members of its result.

    Raises:
        VoicemateError: it could not be done.
    """
    match command, given:
        case "status", _:
            return controlled.status().model_dump(mode="json")
        case "listen", SwitchArguments(on=on):
            await controlled.listen(on)
        case "mute", SwitchArguments(on=on):
            await controlled.mute(on)
        case "ptt", KeyArguments(action=action):
            await {"press": controlled.press, "release": controlled.release, "toggle": controlled.toggle}[action]()
        case "interrupt", _:
            await controlled.interrupt()
        case "say", TextArguments(text=text):
            return {"heard": await controlled.say(text)}
        case "ask", TextArguments(text=text):
            return {"heard": await controlled.ask(text)}
        case "persona", PersonaArguments(name=name, keep=keep):
            return await controlled.set_persona(name, keep)
        case "reload", _:
            return await controlled.reload()
        case "stop", _:
            controlled.stop()
        case _:
            raise TypeError(f"nobody performs {command}")
    return {}


def refusal_for(number: int | str | None, error: VoicemateError) -> Refusal:
    """What a client is told of ``error``."""
    code = error.code if isinstance(error, ControlError) else ErrorCode.FAILED
    return Refusal(number, ErrorCode(code), error.message, error.hint)
