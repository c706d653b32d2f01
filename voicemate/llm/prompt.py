"""Builds the messages of a prompt from a persona and the conversation so far."""

from collections.abc import Sequence
from dataclasses import dataclass

from voicemate.llm.base import Message
from voicemate.personas.persona import Persona


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange of the conversation.

    Attributes:
        user: what the person said; empty when the character spoke unprompted.
        reply: the heard prefix of the character's reply; may be empty. No marker says that it was interrupted:
            models imitate such markers.
    """

    user: str
    reply: str


_SYSTEM_PROMPTS = {
    "en": (
        "You are {name}. {description}\n"
        "You are talking out loud with a person. Answer as {name}, in one or two short sentences of plain spoken "
        "English."
    ),
    "zh": (
        "你是{name}。{description}\n"
        "你正在和一个人面对面说话。请以{name}的身份，用一两句简短自然的中文口语回答。不要用列表、符号或表情。"
    ),
}
_SYSTEM_PROMPT_ANY = (
    "You are {name}. {description}\n"
    "You are talking out loud with a person. Answer as {name}, in one or two short sentences of plain spoken "
    "language, always in {language}."
)
_LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "es": "Spanish", "fi": "Finnish",
    "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian",
    "vi": "Vietnamese",
}  # fmt: skip
_GREETINGS_BY_USER = {
    "zh": "你好。",
    "de": "Hallo.",
    "fr": "Bonjour.",
    "es": "Hola.",
    "it": "Ciao.",
    "ja": "こんにちは。",
}


def opening_messages(persona: Persona, examples: int | None = None) -> list[Message]:
    """Return the messages that every prompt of this persona starts with: the description, examples, the greeting.

    The greeting answers an invented "Hello.": many templates insist that the user speaks first.

    Args:
        persona: the character.
        examples: how many of the persona's examples to include, from the first on; None for all.
    """
    messages = [Message("system", _system(persona))]
    for example in persona.examples[:examples]:
        messages += [Message("user", example.user), Message("assistant", example.character)]
    if persona.greeting:
        messages += [
            Message("user", _GREETINGS_BY_USER.get(persona.language, "Hello.")),
            Message("assistant", persona.greeting),
        ]
    return messages


def history_messages(history: Sequence[Exchange], user_text: str = "") -> list[Message]:
    """Return the messages after the opening: the exchanges so far, and ``user_text`` unless it is empty."""
    messages: list[Message] = []
    for exchange in history:
        if exchange.user:
            messages.append(Message("user", exchange.user))
        if exchange.reply:
            messages.append(Message("assistant", exchange.reply))
    if user_text:
        messages.append(Message("user", user_text))
    return messages


def _system(persona: Persona) -> str:
    language = _LANGUAGES.get(persona.language, f"the language with the code {persona.language}")
    framing = _SYSTEM_PROMPTS.get(persona.language, _SYSTEM_PROMPT_ANY)
    return framing.format(name=persona.name, description=persona.description.strip(), language=language)
