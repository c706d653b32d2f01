"""What a change of the settings asks for."""

import pytest

from voicemate.config import Settings
from voicemate.daemon.changes import Effect, changes
from voicemate.settings_file import keys


@pytest.mark.parametrize(
    ("table", "effects"),
    [
        ({}, {}),
        ({"persona": "ambrose"}, {"persona": Effect.PERSONA}),
        ({"hearing": {"model": "whisper-tiny.en"}}, {"hearing.model": Effect.HEARING}),
        ({"hearing": {"language": "en"}}, {"hearing.language": Effect.CONVERSATION}),
        ({"thinking": {"seed": 5}}, {"thinking.seed": Effect.THINKING}),
        ({"speaking": {"engine": "hibari"}}, {"speaking.engine": Effect.SPEAKING}),
        ({"audio": {"input": "USB"}}, {"audio.input": Effect.CONVERSATION}),
        ({"offline": {"sandbox": False}}, {"offline.sandbox": Effect.RESTART}),
    ],
)
def test_each_change_asks_for_what_it_concerns(table: dict[str, object], effects: dict[str, Effect]):
    found = changes(Settings(), Settings.model_validate(table))
    assert {change.key: change.effect for change in found} == effects


def test_changing_it_back_is_a_change_too():
    changed = Settings.model_validate({"endpoint": {"silence_ms": 300}, "persona": "ambrose"})
    assert {change.key for change in changes(changed, Settings())} == {"endpoint.silence_ms", "persona"}


def test_no_key_is_overlooked():
    assert len(keys()) > 20
    assert changes(Settings(), Settings()) == []
