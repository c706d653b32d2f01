"""Turns the language model's text into plain words while it streams in.

Removes what is not spoken: markdown, tags, addresses of links, code blocks, emoji, stage directions. The result is
plain text in lines, and each of its characters has its position in the source. Each decision looks ahead by a bounded
number of characters and waits until they have come, so that the result does not depend on the pieces of the text.
"""

import html
import re
from collections.abc import Callable

from voicemate.tts.text.duration import is_han
from voicemate.tts.text.lookahead import Lookahead, NeedMoreError
from voicemate.tts.text.stage_directions import (
    EMOTICON_STARTS,
    MAX_EMOTICON_CHARS,
    MAX_KAOMOJI_CHARS,
    Placement,
    emoticon_length,
    is_kaomoji,
    is_narration,
    is_pictograph,
    is_stage_direction,
)

# Longest distance between two marks of a pair, in characters; a mark without a partner is dropped.
MAX_SPAN_CHARS = 160  # emphasis, a stage direction, the text of a link
MAX_ASIDE_CHARS = 60  # a stage direction in parentheses
MAX_ADDRESS_CHARS = 400
MAX_TAG_CHARS = 60
MAX_ENTITY_CHARS = 10
MAX_RULE_CHARS = 80  # a line of dashes or the like

_FOOTNOTE = re.compile(r"\^?\d+(?:, ?\d+)*")
_QUOTED = re.compile(r"\"[^\"]+\"|“[^”]+”")
_CLOSING = {"(": ")", "（": "）", "[": "]", "【": "】"}
_KAOMOJI_HANDS = frozenset("ノﾉづ۶っ")
_ENDS_A_SENTENCE = frozenset(".!?…:\"'”’)]。！？：」』）】")

_BULLETS = "-+*•–"
_DIGITS = "0123456789"
_LONGEST_HEADING = 6
_LONGEST_NUMBER = 3

Step = tuple[int, str]
"""Source characters consumed, and the plain text in their place."""


class MarkupReader:
    """Reads a stream of markup as plain text. Not thread-safe.

    Args:
        keep_narration: speak the narration between asterisks too; acting (``*smiles*``) is always dropped.
    """

    def __init__(self, keep_narration: bool = False) -> None:
        self._keep_narration = keep_narration
        self._source = Lookahead()
        self._skips: dict[int, int] = {}  # position in the source: where to continue instead
        self._in_code = False
        self._line_start = True
        self._before = ""  # the last character of the line that is not a space
        self._handlers: dict[str, Callable[[], Step]] = {
            "*": self._emphasis,
            "_": self._emphasis,
            "`": self._backticks,
            "~": self._tilde,
            "(": self._aside,
            "（": self._aside,
            "【": self._aside,
            "[": self._bracket,
            "<": self._tag,
            "!": self._exclamation,
            "&": self._entity,
            "\\": self._backslash,
            "-": self._dash,
            "=": self._equals,
            "|": lambda: (1, ", "),
        }

    def feed(self, piece: str) -> tuple[str, list[int]]:
        """Add ``piece``; return the plain text that is certain now, and the source end of each character."""
        self._source.feed(piece)
        return self._read()

    def finish(self) -> tuple[str, list[int]]:
        """Return the rest, now that the text is complete."""
        self._source.finish()
        return self._read()

    def _read(self) -> tuple[str, list[int]]:
        plain: list[str] = []
        ends: list[int] = []
        while self._source:
            try:
                consumed, characters = self._step()
            except NeedMoreError:
                break
            self._source.advance(consumed)
            plain.append(characters)
            ends.extend([self._source.position] * len(characters))
            self._track_line(characters)
        return "".join(plain), ends

    def _track_line(self, characters: str) -> None:
        for character in characters:
            if character == "\n":
                self._line_start, self._before = True, ""
            elif character != " ":
                self._line_start, self._before = False, character

    def _step(self) -> Step:
        goal = self._skips.pop(self._source.position, None)
        if goal is not None:
            return goal - self._source.position, ""
        if self._in_code:
            return self._code()
        character = self._source.peek()
        if character in EMOTICON_STARTS and (length := self._emoticon(character)):
            return length, ""
        if self._line_start and (mark := _line_mark(self._source)):
            return mark
        handler = self._handlers.get(character)
        if handler:
            return handler()
        if character in "\n\u2028\u2029":
            return 1, "\n"
        if character.isspace():
            return 1, " "
        return 1, "" if is_pictograph(character) else character

    def _skip(self, start: int, end: int) -> None:
        """At ``start``, continue at ``end`` (offsets from the reading position)."""
        self._skips[self._source.position + start] = self._source.position + end

    def _drop(self, start: int, end: int) -> Step:
        """Drop from here to ``end``, but keep quotations after ``start``: a narrator may quote speech."""
        dropped_from = 0
        for quoted in _QUOTED.finditer(self._source.slice(start, end)):
            self._skip(dropped_from, start + quoted.start())
            dropped_from = start + quoted.end()
        self._skip(dropped_from, end)
        return 0, ""

    def _emphasis(self) -> Step:
        mark = self._source.peek()
        length = self._source.run_end(mark, 0, MAX_RULE_CHARS)
        if length > 3:
            return length, ""
        before, after = self._source.previous(), self._source.peek(length)
        if before.isalnum() and not is_han(before):
            return length, self._inside_a_word(mark, after)
        if not after or after.isspace():
            return length, "×" if mark == "*" and self._before.isdecimal() else ""
        close = self._closing_run(mark, length)
        if close < 0:
            return length, ""
        content = self._source.slice(length, close)
        if self._is_narrated(content, close + length, length):
            return self._drop(length, close + length)
        self._skip(close, close + length)
        return length, ""

    def _inside_a_word(self, mark: str, after: str) -> str:
        if mark == "*":
            return "×" if self._source.previous().isdecimal() and after.isdecimal() else ""
        return mark if after.isalnum() else ""

    def _closing_run(self, mark: str, length: int) -> int:
        place = length
        while (place := self._source.find(mark * length, place, MAX_SPAN_CHARS)) >= 0:
            if not self._source.slice(place - 1, place).isspace() and self._source.peek(place + length) != mark:
                return place
            while self._source.slice(place, place + 1) == mark:
                place += 1
        return -1

    def _is_narrated(self, content: str, end: int, marks: int) -> bool:
        alone = (not self._before or self._before in _ENDS_A_SENTENCE) and self._starts_new_sentence(end)
        if not alone:
            return marks == 1 and is_stage_direction(content, Placement.INLINE)
        if is_stage_direction(content, Placement.ALONE):
            return True
        return marks == 1 and not self._keep_narration and is_narration(content)

    def _starts_new_sentence(self, offset: int) -> bool:
        """Return whether a new sentence, or nothing, follows at ``offset``."""
        if is_han(self._source.peek(offset)):
            return False
        while (following := self._source.peek(offset)) in (" ", "\t"):
            offset += 1
        return not (following.islower() or (following and following in ",;:.!?…，。！？、；："))

    def _aside(self) -> Step:
        opening = self._source.peek()
        close = self._source.find(_CLOSING[opening], 1, MAX_ASIDE_CHARS)
        if close < 0:
            return 1, opening
        content = self._source.slice(1, close)
        if close <= MAX_KAOMOJI_CHARS + 1 and is_kaomoji(content):
            end = close + 1
            return (end + 1, "") if self._source.peek(end) in _KAOMOJI_HANDS else (end, "")
        if is_stage_direction(content, Placement.ASIDE):
            return self._drop(1, close + 1)
        return 1, opening

    def _bracket(self) -> Step:
        close = self._source.find("]", 1, MAX_SPAN_CHARS)
        if close < 0:
            return 1, ""
        content, end = self._source.slice(1, close), close + 1
        if _FOOTNOTE.fullmatch(content):
            return end, ""
        if self._source.peek(end) == "(" and (address := self._source.find(")", end, MAX_ADDRESS_CHARS)) > 0:
            end = address + 1
        elif is_stage_direction(content, Placement.ASIDE):
            return end, ""
        self._skip(close, end)
        return 1, ""

    def _exclamation(self) -> Step:
        return (1, "") if self._source.peek(1) == "[" else (1, "!")

    def _backticks(self) -> Step:
        length = self._source.run_end("`", 0, 3)
        if length < 3:
            return length, ""
        self._in_code = True
        self._skips.clear()  # marks inside code have no meaning
        return length, "\n"

    def _code(self) -> Step:
        passed, over = self._source.skip_until("```")
        self._in_code = not over
        return passed, "\n" if over else ""

    def _tilde(self) -> Step:
        return (1, "~") if self._source.peek(1).isdecimal() else (1, "")

    def _tag(self) -> Step:
        following = self._source.peek(1)
        if not (following.isalpha() or (following and following in "/|!")):
            return 1, "<"
        close = self._source.find(">", 1, MAX_ADDRESS_CHARS if following == "h" else MAX_TAG_CHARS)
        content = self._source.slice(1, close)
        if close < 0 or "<" in content:
            return 1, "<"
        return (1, "") if "://" in content else (close + 1, "")

    def _entity(self) -> Step:
        following = self._source.peek(1)
        if following != "#" and not following.isalpha():
            return 1, "&"
        close = self._source.find(";", 1, MAX_ENTITY_CHARS)
        written = self._source.slice(0, close + 1)
        meant = html.unescape(written).replace("\xa0", " ")
        if close < 0 or len(meant) != 1:
            return 1, "&"
        return close + 1, "" if is_pictograph(meant) or meant in "*_`" else meant

    def _backslash(self) -> Step:
        following = self._source.peek(1)
        if following and following in "*_`#~|":
            return 2, ""
        return 1, "" if following and not following.isalnum() and not following.isspace() else " "

    def _dash(self) -> Step:
        length = self._source.run_end("-", 0, MAX_RULE_CHARS)
        between_words = (
            self._source.previous() == " " and self._source.peek(length) == " " and not self._before.isdigit()
        )
        return length, "—" if length > 1 or between_words else "-"

    def _equals(self) -> Step:
        length = self._source.run_end("=", 0, MAX_RULE_CHARS)
        return length, "" if length > 2 else "=" * length

    def _emoticon(self, character: str) -> int:
        """Return the length of the emoticon here, or 0."""
        following = self._source.peek(1)
        before = self._source.previous()
        if before.isalnum() and not is_han(before):
            return 2 if character in ":;" and following == ")" else 0
        if not following or following.isspace() or (following.isalpha() and following not in "DdPpOoxX"):
            return 0
        for offset in range(2, MAX_EMOTICON_CHARS):
            following = self._source.peek(offset)
            if not following or following.isspace():
                break
        return emoticon_length(self._source.slice(0, MAX_EMOTICON_CHARS))


def _line_mark(source: Lookahead) -> tuple[int, str] | None:
    """Return the length of the mark here at the start of a line, and its plain text; None without one.

    Headings, list items, quotes and tables have such marks. ``1. `` becomes "1,": its full stop would end a phrase.
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
