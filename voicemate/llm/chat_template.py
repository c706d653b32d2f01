"""Renders messages with the model's own chat template, into the one text that the model continues.

GGUF files carry their template in Jinja, as Transformers defines it
(https://huggingface.co/docs/transformers/chat_templating). Templates differ in what they accept, so a probe,
rendered once, shows what this one does with a system message.
"""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from voicemate.core.errors import ModelError
from voicemate.llm.base import Message

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""The most widely used template, for models without one."""

_PLACEHOLDER = "\U0010fffd"
"""A private-use character in place of words that are not known yet; rendered texts are split at it."""


class ChatTemplate:
    """Renders conversations. Safe to use from any thread.

    Consecutive messages of one role are joined, since many templates insist on alternation. The system message moves
    into the user's first message where the template rejects it or does not put it first (every turn's prompt would
    then differ from the start).

    Args:
        source: the Jinja text; empty for ChatML.
        bos, eos: texts of the model's first and last token, as templates name them.
        now: the date for templates that ask for it. It is fixed, so that prompts stay the same.

    Raises:
        ModelError: the template cannot be compiled or rendered.
    """

    def __init__(self, source: str = "", bos: str = "", eos: str = "", now: datetime | None = None) -> None:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols, _GenerationTag]
        )
        environment.filters["tojson"] = _to_json
        names = cast("dict[str, Any]", environment.globals)
        names["raise_exception"] = _raise_exception
        names["strftime_now"] = (now or datetime.now()).strftime
        self._names = {"bos_token": bos, "eos_token": eos, "tools": None, "documents": None, "enable_thinking": False}
        try:
            self._template = environment.from_string(source or CHATML)
        except jinja2.TemplateError as error:
            raise _template_error(error) from None
        self._merges_system = not self._supports_system_role()

    def prompt(self, messages: Sequence[Message]) -> str:
        """Render the prompt of a reply: all messages and the header of the assistant's next one."""
        return self._render(self._arrange(messages), reply=True)

    def prompt_prefix(self, messages: Sequence[Message]) -> str:
        """Render the longest text with which every prompt that starts with ``messages`` starts.

        A user's message at the end is an open turn: more words may follow, so the text ends with the words so far.
        After any other message it ends where the user's next words start.
        """
        growing = [*messages]
        if growing and growing[-1].role == "user":
            growing[-1] = Message("user", growing[-1].content.strip() + _PLACEHOLDER)
        else:
            growing.append(Message("user", _PLACEHOLDER))
        return self._render(self._arrange(growing), reply=False).split(_PLACEHOLDER)[0]

    def between_turns(self) -> str:
        """Return the text between two turns (the end of one, the header of the next), for both speakers."""
        turns = [Message("user", _PLACEHOLDER), Message("assistant", _PLACEHOLDER), Message("user", _PLACEHOLDER)]
        return "".join(self._render(turns, reply=False).split(_PLACEHOLDER)[1:3])

    def _supports_system_role(self) -> bool:
        probe = [
            Message("system", "S" + _PLACEHOLDER),
            Message("user", "U" + _PLACEHOLDER),
            Message("assistant", "A" + _PLACEHOLDER),
        ]
        try:
            text = self._render([*probe, Message("user", "V" + _PLACEHOLDER)], reply=True)
        except ModelError:
            return False
        return -1 < text.find("S" + _PLACEHOLDER) < text.find("U" + _PLACEHOLDER)

    def _arrange(self, messages: Sequence[Message]) -> list[Message]:
        joined: list[Message] = []
        for message in messages:
            content = message.content.strip()
            if joined and joined[-1].role == message.role:
                content = f"{joined.pop().content} {content}"
            joined.append(Message(message.role, content))
        if self._merges_system and joined and joined[0].role == "system":
            system, *joined = joined
            first = joined.pop(0) if joined and joined[0].role == "user" else Message("user", "")
            joined.insert(0, Message("user", f"{system.content}\n\n{first.content}"))
        return joined

    def _render(self, messages: Sequence[Message], *, reply: bool) -> str:
        listed = [{"role": message.role, "content": message.content} for message in messages]
        try:
            return self._template.render(messages=listed, add_generation_prompt=reply, **self._names)
        except (jinja2.TemplateError, TypeError, ValueError, KeyError, AttributeError) as error:
            raise _template_error(error) from None


def stop_markers(between_turns: str, special_texts: Sequence[str]) -> tuple[str, ...]:
    """Return the texts that end a reply when a small model writes them out as words.

    Args:
        between_turns: see ``ChatTemplate.between_turns``.
        special_texts: texts of the special tokens in it.
    """
    rest = between_turns
    for text in special_texts:
        rest = rest.replace(text, "\n")
    # Of plain text, only lines with a mark such as "[/INST]" or "### Response:" count; "user" alone is a word.
    plain = [line.strip() for line in rest.splitlines() if re.search(r"[\[\]<>#|:]", line)]
    return tuple(dict.fromkeys([*special_texts, *plain]))


class _GenerationTag(jinja2.ext.Extension):
    """``{% generation %}`` marks the assistant's text for training; in prompts it has no effect."""

    tags = {"generation"}  # noqa: RUF012 (Jinja's own declaration)

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        parser.stream.skip(1)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _to_json(value: Any, indent: int | None = None, **_: Any) -> str:
    """Dump JSON as Transformers does: without HTML escapes, unlike Jinja's own filter."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise_exception(reason: str) -> None:
    raise jinja2.TemplateError(reason)


def _template_error(error: Exception) -> ModelError:
    return ModelError(
        f"The model's chat template cannot be used: {error}", "Choose another model or another file of it"
    )
