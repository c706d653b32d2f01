"""The effect of a change of the settings."""

import pytest

from voicemate.config.editor import setting_keys
from voicemate.config.schema import Settings
from voicemate.daemon.settings_changes import ChangeEffect, settings_changes


@pytest.mark.parametrize(
    ("table", "effects"),
    [
        ({}, {}),
        ({"persona": "ambrose"}, {"persona": ChangeEffect.PERSONA}),
        ({"stt": {"model": "whisper-tiny.en"}}, {"stt.model": ChangeEffect.STT}),
        ({"stt": {"language": "en"}}, {"stt.language": ChangeEffect.CONVERSATION}),
        ({"llm": {"seed": 5}}, {"llm.seed": ChangeEffect.LLM}),
        ({"tts": {"engine": "hibari"}}, {"tts.engine": ChangeEffect.TTS}),
        ({"audio": {"input": "USB"}}, {"audio.input": ChangeEffect.CONVERSATION}),
        ({"offline": {"sandbox": False}}, {"offline.sandbox": ChangeEffect.RESTART}),
    ],
)
def test_each_change_has_its_effect(table: dict[str, object], effects: dict[str, ChangeEffect]):
    found = settings_changes(Settings(), Settings.model_validate(table))
    assert {change.key: change.effect for change in found} == effects


def test_reverting_a_change_is_a_change():
    changed = Settings.model_validate({"turns": {"silence_ms": 300}, "persona": "ambrose"})
    assert {change.key for change in settings_changes(changed, Settings())} == {"turns.silence_ms", "persona"}


def test_every_setting_has_an_effect():
    assert len(setting_keys()) > 20
    assert settings_changes(Settings(), Settings()) == []
