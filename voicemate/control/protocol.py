"""What goes over the control socket: JSON objects, one a line, in UTF-8. Pure.

docs/reference/control-protocol.md describes it for those who write a client.

::

    client   {"v": 1, "id": 7, "command": "say", "arguments": {"text": "Good morning."}}
    daemon   {"v": 1, "id": 7, "result": {"heard": "Good morning."}}
    daemon   {"v": 1, "id": 8, "error": {"code": "bad-arguments", "wrong": "…", "remedy": "…"}}
    daemon   {"v": 1, "event": "FloorChanged", "data": {"at": 51200, "state": "listening", "reason": ""}}
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic_core import from_json

VERSION = 1

MAX_LINE_BYTES = 65_536
"""Bytes of a request with its line end. The longest text, all of it escaped, still fits."""

MAX_TEXT_LENGTH = 4_000
"""Characters that can be said or asked at once: some minutes of speech."""

_MAX_ID_LENGTH = 64
_MAX_ID = 2**53  # the whole numbers that every JSON reader can tell apart

RequestId = int | str | None


class ErrorCode(StrEnum):
    """Why a request was refused, for programs."""

    NOT_JSON = "not-json"  # the line is no JSON object
    LINE_TOO_LONG = "line-too-long"  # the connection ends with this
    LINE_TOO_SLOW = "line-too-slow"  # half a line, and then nothing: the connection ends with this
    VERSION = "version"  # another version of the protocol is spoken here
    BAD_REQUEST = "bad-request"  # a member is missing or of the wrong kind
    UNKNOWN_COMMAND = "unknown-command"
    BAD_ARGUMENTS = "bad-arguments"
    TOO_MANY_CLIENTS = "too-many-clients"  # the connection ends with this
    TOO_MANY_REQUESTS = "too-many-requests"  # wait for a reply first
    UNAVAILABLE = "unavailable"  # not possible now; the sentence says why
    FAILED = "failed"  # it was tried
    STOPPING = "stopping"  # the daemon ends


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """Something that a client wants done."""

    id: RequestId
    command: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not done; ``id`` is the request's as far as it could be read."""

    id: RequestId
    code: ErrorCode
    message: str
    hint: str = ""


def parse_request(line: bytes) -> ControlRequest | Refusal:
    """The request in ``line``, or why there is none. Never raises, whatever the bytes."""
    if len(line) > MAX_LINE_BYTES:
        return Refusal(None, ErrorCode.LINE_TOO_LONG, f"A line may have {MAX_LINE_BYTES} bytes at most")
    try:
        found = from_json(line, allow_inf_nan=False)
    except ValueError as error:
        return Refusal(
            None, ErrorCode.NOT_JSON, f"The line is not JSON: {error}", "Send one JSON object a line, in UTF-8"
        )
    if not isinstance(found, dict):
        return Refusal(None, ErrorCode.NOT_JSON, "The line is JSON, and no object", "Send one JSON object a line")
    return _request(found)


def _request(found: dict[str, Any]) -> ControlRequest | Refusal:
    version, number, command = found.get("v"), found.get("id"), found.get("command")
    arguments = found.get("arguments", {})
    known_id = number if _is_id(number) else None
    if not _is_whole(version) or version != VERSION:
        return Refusal(known_id, ErrorCode.VERSION, f"Version {VERSION} is spoken here", f'Send `"v": {VERSION}`')
    strange = sorted(found.keys() - {"v", "id", "command", "arguments"})
    if strange:
        return Refusal(known_id, ErrorCode.BAD_REQUEST, f"There is no member `{_shortened(strange[0])}` in a request")
    if known_id is None:
        return Refusal(
            None,
            ErrorCode.BAD_REQUEST,
            "The request has no `id`",
            f"Give a whole number or at most {_MAX_ID_LENGTH} letters",
        )
    if not isinstance(command, str):
        return Refusal(known_id, ErrorCode.BAD_REQUEST, "The request has no `command`", "Give the name of one")
    if not isinstance(arguments, dict):
        return Refusal(known_id, ErrorCode.BAD_REQUEST, "The `arguments` are no object", "Give them by name")
    return ControlRequest(known_id, command, arguments)


def _is_id(value: object) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= _MAX_ID_LENGTH
    return _is_whole(value) and abs(int(value)) <= _MAX_ID  # type: ignore[call-overload]


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"


def request_line(request: ControlRequest) -> bytes:
    """What a client sends."""
    return _line({"v": VERSION, "id": request.id, "command": request.command, "arguments": request.arguments})


def result_line(request_id: RequestId, result: dict[str, Any]) -> bytes:
    """What the daemon answers when it was done."""
    return _line({"v": VERSION, "id": request_id, "result": result})


def refusal_line(refusal: Refusal) -> bytes:
    """What the daemon answers when it was not."""
    error = {"code": refusal.code, "wrong": refusal.message, "remedy": refusal.hint}
    return _line({"v": VERSION, "id": refusal.id, "error": error})


def event_line(name: str, data: dict[str, Any]) -> bytes:
    """What the daemon tells those who watch."""
    return _line({"v": VERSION, "event": name, "data": data})


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
