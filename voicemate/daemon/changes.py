"""What a change of the settings asks for. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from voicemate.config import Settings
from voicemate.settings_file import keys, value_of


class Effect(StrEnum):
    """What it takes to have a changed setting in use, in words for the person who changed it."""

    CONVERSATION = "in use"
    HEARING = "in use; the hearing model was loaded anew"
    THINKING = "in use; the thinking model was loaded anew, and begins without what was said before"
    SPEAKING = "in use; the voice was started anew"
    PERSONA = "in use; another character, who begins without what was said before"
    HOTKEY = "in use, as soon as the key is ours; `voicemate status` says if it is not"
    RESTART = "in use after `voicemate restart`"


_EFFECTS = {
    "persona": Effect.PERSONA,
    "hearing": Effect.HEARING,
    "thinking": Effect.THINKING,
    "speaking": Effect.SPEAKING,
    "hotkey": Effect.HOTKEY,
    "offline": Effect.RESTART,
}
"""By section; a setting of any other section is used by the conversation itself, which is then put together anew."""

_ENGINE_FREE = {"hearing.language", "hearing.longest_piece_s"}
"""Settings of the hearing side that belong to the ears and not to whisper."""


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that is not what it was."""

    key: str
    effect: Effect


def changes(old: Settings, new: Settings) -> list[Change]:
    """What is different, and what each difference asks for."""
    return [
        Change(key.name, _effect(key.name)) for key in keys() if value_of(old, key.name) != value_of(new, key.name)
    ]


def _effect(key: str) -> Effect:
    if key in _ENGINE_FREE:
        return Effect.CONVERSATION
    return _EFFECTS.get(key.partition(".")[0], Effect.CONVERSATION)
