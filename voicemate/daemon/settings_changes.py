"""The effect of a change of the settings. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from voicemate.config.editor import setting_keys, value_of
from voicemate.config.schema import Settings


class ChangeEffect(StrEnum):
    """What it takes to use a changed setting, in words for the person who changed it."""

    CONVERSATION = "in use"
    STT = "in use; the speech recognition model was loaded again"
    LLM = "in use; the language model was loaded again, and does not remember the conversation"
    TTS = "in use; the voice engine was started again"
    PERSONA = "in use; another character, who does not remember the conversation"
    PUSH_TO_TALK = "in use as soon as the key is registered; see `voicemate status`"
    RESTART = "in use after `voicemate restart`"


_EFFECTS = {
    "persona": ChangeEffect.PERSONA,
    "stt": ChangeEffect.STT,
    "llm": ChangeEffect.LLM,
    "tts": ChangeEffect.TTS,
    "offline": ChangeEffect.RESTART,
}
"""By section; a change in any other section restarts the conversation."""

_WITHOUT_ENGINE = {"stt.language", "stt.max_chunk_s"}
"""Settings of speech recognition that the loaded model does not depend on."""

_KEY_SETTINGS = {"push_to_talk.chord", "push_to_talk.mode"}
"""Settings that only the push-to-talk key depends on."""


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting whose value has changed."""

    key: str
    effect: ChangeEffect


def settings_changes(old: Settings, new: Settings) -> list[SettingChange]:
    """The settings that differ, and the effect of each difference."""
    return [
        SettingChange(key.name, _effect(key.name))
        for key in setting_keys()
        if value_of(old, key.name) != value_of(new, key.name)
    ]


def _effect(key: str) -> ChangeEffect:
    if key in _WITHOUT_ENGINE:
        return ChangeEffect.CONVERSATION
    if key in _KEY_SETTINGS:
        return ChangeEffect.PUSH_TO_TALK
    return _EFFECTS.get(key.partition(".")[0], ChangeEffect.CONVERSATION)
