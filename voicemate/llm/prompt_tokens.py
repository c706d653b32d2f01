"""Turns messages into tokens with the model's own template and vocabulary."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from voicemate.llm.base import Message
from voicemate.llm.chat_template import ChatTemplate, stop_markers


class Vocabulary(Protocol):
    """The vocabulary of a model; ``LlamaContext`` is one. Safe to use from any thread."""

    template: str
    bos: str
    eos: str
    prefix_token: int | None

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of ``text``; names of special tokens in it become these tokens."""
        ...

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of an ordinary token; empty for a special one."""
        ...

    def special_text(self, token: int) -> str:
        """Return the name of a special token; empty for an ordinary one."""
        ...


class PromptTokens:
    """Tokenizes the prompts of one model. Safe to use from any thread.

    Tokenizing is the slowest step between two turns (5 ms for 1,000 tokens), and all but the last words of a prompt
    were tokenized before. So texts are split before the template's special tokens, and the tokens of each part are
    cached. A test at the start finds out whether splitting changes a model's tokens; then its texts stay whole.

    Attributes:
        stop_markers: texts that end a reply when the model writes them out as words.

    Raises:
        ModelError: the model's chat template cannot be used.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._template = ChatTemplate(vocabulary.template, vocabulary.bos, vocabulary.eos)
        between = self._template.between_turns()
        special = [text for token in vocabulary.tokenize(between) if (text := vocabulary.special_text(token))]
        self.stop_markers = stop_markers(between, special)
        self._tokenize_part = lru_cache(maxsize=4096)(self._tokenize)
        self._plain_text = lru_cache(maxsize=1024)(self._without_special_tokens)
        self._split_points = self._find_split_points(special)

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Return the prompt of a reply to ``messages``; see ``ChatTemplate.prompt``."""
        return self._tokens(self._template.prompt(self._sanitize(messages)))

    def prompt_prefix(self, messages: Sequence[Message]) -> list[int]:
        """Return the common start of all prompts that start with ``messages``; see ``ChatTemplate.prompt_prefix``.

        The last token may still change: more words can be split differently.
        """
        return self._tokens(self._template.prompt_prefix(self._sanitize(messages)))

    def end_of_turn_tokens(self, messages: Sequence[Message]) -> set[int]:
        """Return the tokens that can end a complete turn: ``.``, ``?``, ``!``, and the end-of-turn token."""
        complete, turn = self.prompt(messages), self.prompt_prefix(messages)
        closing = {complete[len(turn)]} if complete[: len(turn)] == turn else set[int]()
        for mark in (".", "?", "!", "。", "？", "！"):
            token = self._vocabulary.tokenize(f"a{mark}")[-1]
            if self._vocabulary.token_bytes(token) == mark.encode():
                closing.add(token)
        return closing

    def _tokens(self, text: str) -> list[int]:
        parts = self._split_points.split(text) if self._split_points else [text]
        tokens = [token for part in parts for token in self._tokenize_part(part)]
        first = self._vocabulary.prefix_token
        if first is not None and tokens[:1] != [first]:
            tokens.insert(0, first)
        return tokens

    def _tokenize(self, text: str) -> tuple[int, ...]:
        return tuple(self._vocabulary.tokenize(text))

    def _find_split_points(self, special: Sequence[str]) -> re.Pattern[str] | None:
        if not special:
            return None
        cuts = re.compile("(?={})".format("|".join(map(re.escape, dict.fromkeys(special)))))
        text = self._template.prompt([Message("user", "Yes. "), Message("assistant", " no 1"), Message("user", "我")])
        whole = self._vocabulary.tokenize(text)
        return cuts if [token for part in cuts.split(text) for token in self._tokenize_part(part)] == whole else None

    def _sanitize(self, messages: Sequence[Message]) -> list[Message]:
        return [Message(message.role, self._plain_text(message.content)) for message in messages]

    def _without_special_tokens(self, content: str) -> str:
        """Remove the names of special tokens, so that no text can end its turn and start another speaker's.

        Repeated, since the rest may form a new name.
        """
        while True:
            tokens = self._vocabulary.tokenize(content)
            ordinary = [token for token in tokens if not self._vocabulary.special_text(token)]
            if len(ordinary) == len(tokens):
                return content
            content = b"".join(map(self._vocabulary.token_bytes, ordinary)).decode("utf-8", "replace")
