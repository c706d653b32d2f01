"""The messages between the speech worker process and its parent.

One JSON object a line, in ASCII: the worker sends ``WorkerHello`` once, then one ``WorkerReply`` to each
``WorkerRequest``. Only the standard library is imported here, so that the worker starts quickly.
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
    """List the voices."""

    do: Literal["list"]


class RenderRequest(TypedDict):
    """Render ``text`` to the file ``path``. ``rate`` is in the driver's own unit of speed."""

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
    """Encode ``message`` as one line of ASCII; texts and names may hold any character."""
    return json.dumps(message).encode("ascii") + b"\n"


def from_line(line: bytes) -> Any:
    """Decode the message of one line.

    Raises:
        ValueError: the line is not JSON.
    """
    return json.loads(line)
