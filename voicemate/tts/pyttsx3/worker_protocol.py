"""What the speech helper process and its parent tell each other.

One JSON object a line, in UTF-8: the helper says ``Hello`` once, then gives one ``Reply`` to each ``Request``.
Nothing but the standard library is imported here, so that the helper starts quickly.
"""

import json
from typing import Any, Literal, TypedDict


class ReportedVoice(TypedDict):
    """A voice as the driver reports it."""

    id: str
    name: str
    languages: list[str]


class WorkerHello(TypedDict, total=False):
    """The first line: the driver that was loaded, or why there is none."""

    driver: str
    missing: str


class ListRequest(TypedDict):
    do: Literal["list"]


class RenderRequest(TypedDict):
    """Render ``text`` to the file ``path``. ``rate`` is the driver's own measure of speed."""

    do: Literal["render"]
    text: str
    voice: str
    rate: int
    path: str


WorkerRequest = ListRequest | RenderRequest


class WorkerReply(TypedDict, total=False):
    """One of: the voices; ``rendered``; the voice the driver kept instead of the one asked for; or why it failed."""

    voices: list[ReportedVoice]
    rendered: bool
    kept: str
    failed: str


def to_line(message: Any) -> bytes:
    """``message`` as one line, ASCII only: it holds whatever a text or a driver's name may hold."""
    return json.dumps(message).encode("ascii") + b"\n"


def from_line(line: bytes) -> Any:
    """The message of one line.

    Raises:
        ValueError: the line is no JSON.
    """
    return json.loads(line)
