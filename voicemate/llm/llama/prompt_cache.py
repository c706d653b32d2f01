"""Keeps evaluated personas on disk, so that they need not be evaluated again at each start.

A model of 4 B parameters evaluates a persona of 1,500 tokens in seconds and loads its state in 0.1 s. Only a
persona's own messages are stored, never the conversation.
"""

import contextlib
import hashlib
import os
import struct
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from voicemate.core.paths import make_private_folder

_MAGIC = b"voicemate-kv-1\n\0"
_HEAD = struct.Struct("<16sII")  # magic, CRC-32 of the rest, count of tokens
MAX_FILES = 4
"""Files that stay; the least recently used ones are deleted."""


def state_key(model: Path, build: str) -> str:
    """Return the key of all states of this model file and this ``build``; others cannot use them."""
    about = model.stat()
    return f"{model.resolve()} {about.st_size} {about.st_mtime_ns} {build}"


class PromptCache:
    """A folder of KV cache states of one model. Belongs to the engine's thread.

    Every file is checked: a state that does not match the tokens, the model or its checksum counts as missing, since
    llama.cpp aborts the process on some malformed states. A state that cannot be written is not kept.

    Args:
        folder: created with mode 0700, its files with 0600.
        model: the GGUF file; another or a changed file never gets these states.
        build: everything else that changes the values, such as the version of llama.cpp.
    """

    def __init__(self, folder: Path, model: Path, build: str) -> None:
        self._folder = folder
        self._model = state_key(model, build)

    def load(self, tokens: Sequence[int]) -> memoryview | None:
        """Return the state of a KV cache that holds ``tokens``; None without a valid one."""
        path, named = self._path(tokens), _pack(tokens)
        try:
            data = path.read_bytes()
            magic, checksum, count = _HEAD.unpack_from(data)
            os.utime(path)
        except (OSError, struct.error):
            return None
        body = memoryview(data)[_HEAD.size :]
        sound = magic == _MAGIC and count == len(tokens) and bytes(body[: len(named)]) == named
        return body[len(named) :] if sound and zlib.crc32(body) == checksum else None

    def save(self, tokens: Sequence[int], state: bytes) -> None:
        """Store the ``state`` of a KV cache that holds ``tokens``; on a disk error nothing is stored."""
        named = _pack(tokens)
        head = _HEAD.pack(_MAGIC, zlib.crc32(state, zlib.crc32(named)), len(tokens))
        with contextlib.suppress(OSError):
            folder = make_private_folder(self._folder)
            handle, unfinished = tempfile.mkstemp(dir=folder, suffix=".part")  # 0600
            try:
                with os.fdopen(handle, "wb") as file:
                    file.writelines((head, named, state))
                os.replace(unfinished, self._path(tokens))
            except OSError:
                os.unlink(unfinished)
                raise
            self._delete_oldest()

    def _path(self, tokens: Sequence[int]) -> Path:
        name = hashlib.sha256(self._model.encode() + _pack(tokens)).hexdigest()[:32]
        return self._folder / f"{name}.kv"

    def _delete_oldest(self) -> None:
        kept = sorted(self._folder.glob("*.kv"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in kept[MAX_FILES:]:
            path.unlink()


def _pack(tokens: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(tokens)}i", *tokens)
