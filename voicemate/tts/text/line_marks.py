"""Marks at the start of a line: headings, list items, quotes, tables."""

from voicemate.tts.text.lookahead import Lookahead

_BULLETS = "-+*•–"
_DIGITS = "0123456789"
_LONGEST_HEADING = 6
_LONGEST_NUMBER = 3


def line_mark(source: Lookahead) -> tuple[int, str] | None:
    """Length of the mark here at the start of a line, and what is left of it; None when there is none.

    ``1. `` is read as "1,": its full stop would end a phrase.
    """
    character = source.peek()
    if character in " \t>|":
        return 1, ""
    if character == "#":
        length = source.run_end("#", 0, _LONGEST_HEADING + 1)
        return (length, "") if length <= _LONGEST_HEADING and source.peek(length) in " \t\n" else None
    if character in _BULLETS:
        return (1, "") if source.peek(1) in (" ", "\t") else None
    if character == "[" and source.peek(1) in (" ", "x", "X") and source.peek(2) == "]":
        return 3, ""
    if character in _DIGITS:
        end = source.run_end(_DIGITS, 0, _LONGEST_NUMBER)
        if source.peek(end) in (".", ")") and source.peek(end + 1) in (" ", "\t"):
            return end + 1, source.slice(0, end) + ","
    return None
