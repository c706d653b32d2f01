"""The commands of the control socket: what each takes, and what it does.

``parse_arguments`` is pure; ``execute`` is the only way from the socket into the daemon.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal, Protocol, assert_never

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voicemate.config.validation import describe_first_error
from voicemate.control.protocol import MAX_TEXT_LENGTH, ControlRequest, ErrorCode, Refusal, RequestId
from voicemate.control.status import Choices, DaemonStatus, RecentExchange, TypedReply
from voicemate.core.errors import ControlError, VoicemateError
from voicemate.core.events import Subscriber

MAX_EXCHANGES = 50
"""Exchanges that a client may ask for at once."""


class Controllable(Protocol):
    """What the control server controls. Everything is called on its own loop.

    Every command may raise a ``VoicemateError``, which the client gets; the code of a ``ControlError`` says why
    something cannot be done now.
    """

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call ``subscriber`` with every event; returns a function that ends it."""
        ...

    def status(self) -> DaemonStatus:
        """The daemon as it is now."""
        ...

    async def recent_exchanges(self, count: int) -> tuple[RecentExchange, ...]:
        """The last ``count`` exchanges of the history, oldest first."""
        ...

    async def choices(self) -> Choices:
        """Collect what there is to choose from on this machine; takes a second or so."""
        ...

    async def listen(self, on: bool) -> None:
        """Listen, or close the microphone. The character stops speaking."""

    async def mute(self, on: bool) -> None:
        """Ignore the microphone, which stays open, or hear it again."""

    async def press(self, owner: object | None = None) -> None:
        """Press the push-to-talk key.

        Args:
            owner: the key comes up in ``release_owned`` of it.
        """

    async def release(self) -> None:
        """Release the push-to-talk key."""

    async def release_owned(self, owner: object) -> None:
        """Release the push-to-talk key if ``owner`` pressed it and has not released it."""

    async def toggle(self) -> None:
        """Press the push-to-talk key if it is up, release it if it is down."""

    async def interrupt(self) -> None:
        """Stop the character; what it has not said is dropped."""

    async def say(self, text: str) -> str:
        """Say ``text`` as the character, even while asleep; return the part that was heard, when it is over."""
        ...

    async def ask(self, text: str, request_id: str) -> TypedReply:
        """Take ``text`` as a typed turn, even while asleep; return when the reply is over.

        Args:
            request_id: is in the ``TurnEnded`` of this turn.
        """
        ...

    async def set_persona(self, name: str, keep: bool) -> dict[str, Any]:
        """Talk as another persona from now on; ``keep`` writes it to the settings too."""
        ...

    async def reload(self) -> dict[str, Any]:
        """Read the settings again; returns what has changed and the effect of each change."""
        ...

    def stop(self) -> None:
        """Begin an orderly end; returns at once."""


class Arguments(BaseModel):
    """A command's arguments: strict, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NoArguments(Arguments):
    """None."""


class SwitchArguments(Arguments):
    """On or off."""

    on: bool


class TextArguments(Arguments):
    """A text to say or to ask."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT_LENGTH, description="what is said")]


class KeyArguments(Arguments):
    """What the push-to-talk key does.

    Attributes:
        while_connected: of a press: the key comes up when this client disconnects or crashes.
    """

    action: Literal["press", "release", "toggle"]
    while_connected: bool = False


class EventsArguments(Arguments):
    """Which events are sent.

    Attributes:
        words: with what was said.
        levels: also the microphone's level, ten times a second.
    """

    words: bool = False
    levels: bool = False


class ExchangesArguments(Arguments):
    """How many of the last exchanges."""

    count: Annotated[int, Field(ge=1, le=MAX_EXCHANGES, description="how many of the last exchanges")]


class PersonaArguments(Arguments):
    """A persona, and whether the settings keep it."""

    name: Annotated[str, Field(min_length=1, max_length=1_000, description="a name from `voicemate personas`")]
    keep: bool = True


COMMANDS: dict[str, type[Arguments]] = {
    "status": NoArguments,
    "events": EventsArguments,
    "exchanges": ExchangesArguments,
    "choices": NoArguments,
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
"""After these, also if they failed half-way, a client that shows the status has to ask for it again."""


def parse_arguments(request: ControlRequest) -> Arguments | Refusal:
    """The validated arguments of ``request``, or why it is refused. Pure; never raises."""
    expected = COMMANDS.get(request.command)
    if expected is None:
        known = ", ".join(sorted(COMMANDS))
        message = f"There is no command `{request.command[:40]}`"
        return Refusal(request.id, ErrorCode.UNKNOWN_COMMAND, message, f"There are {known}")
    try:
        return expected.model_validate(request.arguments)
    except ValidationError as error:
        message, hint = describe_first_error(error, expected, "argument")
        return Refusal(request.id, ErrorCode.BAD_ARGUMENTS, f"{message[0].upper()}{message[1:]}", hint)


async def execute(
    target: Controllable, request: ControlRequest, arguments: Arguments, connection: object
) -> dict[str, Any]:
    """Carry out ``request``; returns its result. The server itself carries out ``events``.

    Args:
        connection: of the client.

    Raises:
        VoicemateError: it failed.
    """
    match request.command, arguments:
        case "status" | "exchanges" | "choices", _:
            return await _query(target, arguments, request.command)
        case "listen", SwitchArguments(on=on):
            await target.listen(on)
        case "mute", SwitchArguments(on=on):
            await target.mute(on)
        case "ptt", KeyArguments():
            await _use_key(target, arguments, connection)
        case "interrupt", _:
            await target.interrupt()
        case "say", TextArguments(text=text):
            return {"heard_prefix": await target.say(text)}
        case "ask", TextArguments(text=text):
            return asdict(await target.ask(text, str(request.id)))
        case "persona", PersonaArguments(name=name, keep=keep):
            return await target.set_persona(name, keep)
        case "reload", _:
            return await target.reload()
        case "stop", _:
            target.stop()
        case _:
            raise TypeError(f"nothing executes {request.command}")
    return {}


async def _query(target: Controllable, arguments: Arguments, command: str) -> dict[str, Any]:
    if isinstance(arguments, ExchangesArguments):
        return {"exchanges": [asdict(exchange) for exchange in await target.recent_exchanges(arguments.count)]}
    return asdict(await target.choices()) if command == "choices" else target.status().model_dump(mode="json")


async def _use_key(target: Controllable, arguments: KeyArguments, connection: object) -> None:
    match arguments.action:
        case "press":
            await target.press(connection if arguments.while_connected else None)
        case "release":
            await target.release()
        case "toggle":
            await target.toggle()
        case _:
            assert_never(arguments.action)


def refusal_for(request_id: RequestId, error: VoicemateError) -> Refusal:
    """What a client gets of ``error``."""
    code = error.code if isinstance(error, ControlError) else ErrorCode.FAILED
    return Refusal(request_id, ErrorCode(code), error.message, error.hint)
