"""What a change of the settings asks for. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from voicemate.config.editor import setting_keys, value_of
from voicemate.config.schema import Settings


class ChangeEffect(StrEnum):
    """What it takes to have a changed setting in use, in words for the person who changed it."""

    CONVERSATION = "in use"
    STT = "in use; the hearing model was loaded anew"
    LLM = "in use; the thinking model was loaded anew, and begins without what was said before"
    TTS = "in use; the voice was started anew"
    PERSONA = "in use; another character, who begins without what was said before"
    PUSH_TO_TALK = "in use, as soon as the key is ours; `voicemate status` says if it is not"
    RESTART = "in use after `voicemate restart`"


_EFFECTS = {
    "persona": ChangeEffect.PERSONA,
    "hearing": ChangeEffect.STT,
    "thinking": ChangeEffect.LLM,
    "speaking": ChangeEffect.TTS,
    "hotkey": ChangeEffect.PUSH_TO_TALK,
    "offline": ChangeEffect.RESTART,
}
"""By section; a setting of any other section is used by the conversation itself, which is then put together anew."""

_WITHOUT_ENGINE = {"stt.language", "stt.max_chunk_s"}
"""Settings of the hearing side that belong to the ears and not to whisper."""


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting that is not what it was."""

    key: str
    effect: ChangeEffect


def settings_changes(old: Settings, new: Settings) -> list[SettingChange]:
    """What is different, and what each difference asks for."""
    return [
        SettingChange(key.name, _effect(key.name))
        for key in setting_keys()
        if value_of(old, key.name) != value_of(new, key.name)
    ]


def _effect(key: str) -> ChangeEffect:
    if key in _WITHOUT_ENGINE:
        return ChangeEffect.CONVERSATION
    return _EFFECTS.get(key.partition(".")[0], ChangeEffect.CONVERSATION)
