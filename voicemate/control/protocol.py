"""The control protocol: JSON objects, one a line, in UTF-8. Pure.

docs/reference/control-protocol.md describes it for authors of clients.

::

    client   {"v": 1, "id": 7, "command": "say", "arguments": {"text": "Good morning."}}
    daemon   {"v": 1, "id": 7, "result": {"heard_prefix": "Good morning."}}
    daemon   {"v": 1, "id": 8, "error": {"code": "bad-arguments", "message": "…", "hint": "…"}}
    daemon   {"v": 1, "event": "FloorChanged", "data": {"at": 51200, "state": "listening", "reason": ""}}
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from pydantic_core import from_json

VERSION = 1

MAX_LINE_BYTES = 65_536
"""Bytes of a request with its line end. The longest text fits, even if all of it is escaped."""

MAX_TEXT_LENGTH = 4_000
"""Characters that can be said or asked at once: some minutes of speech."""

_MAX_ID_LENGTH = 64
_MAX_ID = 2**53  # larger integers are not exact in every JSON reader

RequestId = int | str | None


class ErrorCode(StrEnum):
    """Why a request was refused, for programs."""

    NOT_JSON = "not-json"  # the line is no JSON object
    LINE_TOO_LONG = "line-too-long"  # the connection ends with this
    LINE_TOO_SLOW = "line-too-slow"  # half a line, and then nothing: the connection ends with this
    VERSION = "version"  # this daemon has another version of the protocol
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
    """A command for the daemon."""

    id: RequestId
    command: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused; ``id`` is None where the request's could not be read."""

    id: RequestId
    code: ErrorCode
    message: str
    hint: str = ""


def parse_request(line: bytes) -> ControlRequest | Refusal:
    """The request in ``line``, or why there is none. Never raises, whatever the bytes."""
    if len(line) > MAX_LINE_BYTES:
        return Refusal(None, ErrorCode.LINE_TOO_LONG, f"A line may have {MAX_LINE_BYTES} bytes at most")
    try:
        members = from_json(line, allow_inf_nan=False)
    except ValueError as error:
        hint = "Send one JSON object a line, in UTF-8"
        return Refusal(None, ErrorCode.NOT_JSON, f"The line is not JSON: {error}", hint)
    if not isinstance(members, dict):
        return Refusal(None, ErrorCode.NOT_JSON, "The line is JSON, but not an object", "Send one JSON object a line")
    return _parse_members(cast(dict[str, Any], members))


def _parse_members(members: dict[str, Any]) -> ControlRequest | Refusal:
    version, command, arguments = members.get("v"), members.get("command"), members.get("arguments", {})
    request_id: RequestId = members.get("id") if _is_id(members.get("id")) else None
    if not _is_integer(version) or version != VERSION:
        message = f"This daemon speaks version {VERSION} of the protocol"
        return Refusal(request_id, ErrorCode.VERSION, message, f'Send `"v": {VERSION}`')
    unknown = sorted(members.keys() - {"v", "id", "command", "arguments"})
    if unknown:
        return Refusal(request_id, ErrorCode.BAD_REQUEST, f"There is no member `{_shorten(unknown[0])}` in a request")
    if request_id is None:
        hint = f"Give an integer or at most {_MAX_ID_LENGTH} letters"
        return Refusal(None, ErrorCode.BAD_REQUEST, "The request has no `id`", hint)
    if not isinstance(command, str):
        return Refusal(request_id, ErrorCode.BAD_REQUEST, "The request has no `command`", "Give the name of one")
    if not isinstance(arguments, dict):
        return Refusal(request_id, ErrorCode.BAD_REQUEST, "The `arguments` are not an object", "Give them by name")
    return ControlRequest(request_id, command, cast(dict[str, Any], arguments))


def _is_id(value: object) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= _MAX_ID_LENGTH
    return isinstance(value, int) and _is_integer(value) and abs(value) <= _MAX_ID


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shorten(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"


def request_line(request: ControlRequest) -> bytes:
    """The line that a client sends."""
    return _line({"v": VERSION, "id": request.id, "command": request.command, "arguments": request.arguments})


def result_line(request_id: RequestId, result: dict[str, Any]) -> bytes:
    """The daemon's answer to a request that succeeded."""
    return _line({"v": VERSION, "id": request_id, "result": result})


def refusal_line(refusal: Refusal) -> bytes:
    """The daemon's answer to a request that was refused or failed."""
    error = {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}
    return _line({"v": VERSION, "id": refusal.id, "error": error})


def event_line(name: str, data: dict[str, Any]) -> bytes:
    """The line that reports an event to a client."""
    return _line({"v": VERSION, "event": name, "data": data})


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
