"""Words of a text, also where nothing separates them."""

import re

_UNITS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]\W*|[^\s\u3040-\u30ff\u3400-\u9fff]+\s*")


def split(text: str) -> list[str]:
    """The words with what follows them (spaces, full stops); Chinese and Japanese characters one by one.

    Joined they are ``text`` again, but for spaces before its first word.
    """
    return _UNITS.findall(text)


def key(word: str) -> str:
    """The word for comparing: without case and punctuation; empty when there is nothing else."""
    return re.sub(r"[\W_]", "", word).casefold()
