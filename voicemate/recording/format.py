r"""The file format of recordings: a magic line and a chain of checked records.

::

    "voicemate recording 2\n"
    kind (4 bytes) · length (uint32) · payload · CRC-32 of all three, seeded with the previous record's CRC
    ...

Little-endian. Each checksum continues the previous one, so a record that was changed, removed, repeated or moved ends
the usable part. A killed process leaves at most half a record at the end.
"""

import os
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from voicemate.core.errors import RecordingError

FORMAT = 2
"""Increased whenever a reader of the old format would misread the new one."""

_MAGIC = "voicemate recording {}\n"
_MAGIC_PATTERN = re.compile(rb"voicemate recording (\d{1,9})\n")
_LONGEST_MAGIC = 64

_HEAD = struct.Struct("<4sI")
_CHECKSUM = struct.Struct("<I")

MAX_PAYLOAD_BYTES = 16 * 1024 * 1024
"""A greater length is damage."""

END = b"end "
"""The kind of the last record of a recording that was closed properly."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its kind (4 bytes) and its payload."""

    kind: bytes
    payload: bytes


class RecordingEnd(StrEnum):
    """How a recording's readable part ends."""

    CLOSED = "closed"
    TRUNCATED = "broken off"  # the process was killed, or the file was cut short
    DAMAGED = "damaged"


def check_path_is_free(path: Path) -> None:
    """Check early that a recording can be made at ``path``.

    Raises:
        RecordingError: the file exists, or its folder does not.
    """
    if path.exists():
        raise _already_exists(path)
    if not path.parent.is_dir():
        raise RecordingError(f"There is no folder {path.parent} for the recording", "Make it, or name another file")


def _already_exists(path: Path) -> RecordingError:
    return RecordingError(f"{path} exists already", "Name another file: recordings are never written over")


class RecordFile:
    """A new recording file with mode 0600. For one thread.

    Args:
        path: must not exist.

    Raises:
        RecordingError: the file exists, or cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except FileExistsError:
            raise _already_exists(path) from None
        except OSError as error:
            raise RecordingError(
                f"The recording {path} cannot be made: {error.strerror}", "Name another file"
            ) from None
        os.fchmod(self._descriptor, 0o600)
        magic = _MAGIC.format(FORMAT).encode()
        self._checksum = zlib.crc32(magic)
        _write_all(self._descriptor, magic)

    def append(self, kind: bytes, payload: bytes) -> None:
        """Append one record, which survives the end of this process.

        Raises:
            OSError: the disk is full or gone.
        """
        body = _HEAD.pack(kind, len(payload)) + payload
        checksum = zlib.crc32(body, self._checksum)
        _write_all(self._descriptor, body + _CHECKSUM.pack(checksum))
        self._checksum = checksum

    def close(self) -> None:
        """Close the file. Raises OSError when the disk reports only now that it is full."""
        os.close(self._descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


class RecordReader:
    """Iterates over a recording's records, as far as they are whole.

    Attributes:
        end: how the recording ends; known when the iteration is over.

    Raises:
        RecordingError: the file cannot be read, is no recording, or has another format.
    """

    def __init__(self, path: Path) -> None:
        self.end = RecordingEnd.TRUNCATED
        self._path = path

    def __iter__(self) -> Iterator[Record]:
        try:
            with self._path.open("rb") as file:
                checksum = self._begin(file)
                yield from self._records(file, checksum)
        except OSError as error:
            message = f"The recording {self._path} cannot be read: {error.strerror}"
            raise RecordingError(message, "Check its name and permissions") from None

    def _begin(self, file: BinaryIO) -> int:
        found = _MAGIC_PATTERN.match(file.read(_LONGEST_MAGIC))
        if found is None:
            raise RecordingError(f"{self._path} is not a recording", "`voicemate talk --record FILE` makes one")
        if int(found[1]) != FORMAT:
            raise RecordingError(
                f"{self._path} has format {int(found[1])} of recordings, and this version reads format {FORMAT}",
                "Replay it with the version of voicemate that made it",
            )
        file.seek(found.end())
        return zlib.crc32(found[0])

    def _records(self, file: BinaryIO, checksum: int) -> Iterator[Record]:
        while head := file.read(_HEAD.size):
            if self.end is RecordingEnd.CLOSED or (
                len(head) == _HEAD.size and _HEAD.unpack(head)[1] > MAX_PAYLOAD_BYTES
            ):
                self.end = RecordingEnd.DAMAGED
                return
            if len(head) < _HEAD.size:
                return
            kind, length = _HEAD.unpack(head)
            rest = file.read(length + _CHECKSUM.size)
            if len(rest) < length + _CHECKSUM.size:
                return
            payload, expected = rest[:length], _CHECKSUM.unpack(rest[length:])[0]
            checksum = zlib.crc32(head + payload, checksum)
            if checksum != expected:
                self.end = RecordingEnd.DAMAGED
                return
            if kind == END:
                self.end = RecordingEnd.CLOSED
            yield Record(kind, payload)
