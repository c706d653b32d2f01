"""The evaluated beginnings of prompts on disk, so that a persona need not be read anew at each start.

A persona of 1,500 tokens takes a model of four billion parameters seconds to read and a tenth of one to load. Only a
persona's own messages are ever kept here, nothing that was said.
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
_HEAD = struct.Struct("<16sII")  # magic, CRC-32 of all that follows, count of tokens
MAX_FILES = 4
"""Files that stay; the least recently used ones go."""


def state_key(model: Path, build: str) -> str:
    """What a state is only good for: this very file, and whatever else changes the numbers."""
    about = model.stat()
    return f"{model.resolve()} {about.st_size} {about.st_mtime_ns} {build}"


class PromptCache:
    """A folder of states of one model's KV cache.

    Nothing in it is trusted: what does not match the tokens, the model or its own checksum counts as missing, and
    what cannot be written is not kept. llama.cpp aborts the process on some malformed states, so none is handed to
    it unchecked.

    Args:
        folder: made private (0700) with files 0600.
        model: the GGUF file; another or a changed one never sees these states.
        flavour: whatever else changes the numbers, such as the version of llama.cpp.
    """

    def __init__(self, folder: Path, model: Path, build: str) -> None:
        self._folder = folder
        self._model = state_key(model, build)

    def load(self, tokens: Sequence[int]) -> memoryview | None:
        """The state of a KV cache that holds ``tokens``, if there is a sound one."""
        path, named = self._path(tokens), _pack(tokens)
        try:
            data = path.read_bytes()
            magic, checksum, count = _HEAD.unpack_from(data)
            os.utime(path)
        except (OSError, struct.error):
            return None
        body = memoryview(data)[_HEAD.size :]
        sound = magic == _MAGIC and count == len(tokens) and body[: len(named)] == named
        return body[len(named) :] if sound and zlib.crc32(body) == checksum else None

    def save(self, tokens: Sequence[int], state: bytes) -> None:
        """Keep ``state``, that of a KV cache holding ``tokens``. A full disk costs only that it is not kept."""
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
