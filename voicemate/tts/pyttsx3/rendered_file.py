"""Whether a driver has finished writing a sound file.

Standard library only: the speech helper process uses it.
"""

import os
from typing import Literal

_ORDERS: dict[bytes, Literal["little", "big"]] = {b"RIFF": "little", b"FORM": "big"}
_SOUND = {b"data": 0, b"SSND": 8}
"""The chunk that holds the samples, and how many other bytes stand in it before them."""


def is_whole(path: str) -> bool:
    """The file at ``path`` holds some sound, and all that its header promises.

    It reads the chunks of a WAV (Linux) or of an AIFF or AIFC (macOS): a tag of four bytes, four bytes of length,
    then the contents, padded to an even length. A driver may report the end of a phrase before the last of it is
    on the disk.
    """
    try:
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            order = _ORDERS.get(file.read(12)[:4])
            while order and len(head := file.read(8)) == 8:
                length = int.from_bytes(head[4:], order)
                if head[:4] in _SOUND:
                    return length > _SOUND[head[:4]] and file.tell() + length <= size
                file.seek(length + length % 2, os.SEEK_CUR)
    except FileNotFoundError:
        pass
    return False
