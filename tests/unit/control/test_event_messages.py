"""Clients receive all events, and words only on request."""

import inspect
import json
from dataclasses import fields

import pytest

from voicemate.control.event_messages import event_data, is_level
from voicemate.core import events
from voicemate.core.events import (
    Event,
    Fault,
    FloorChanged,
    FloorState,
    MicrophoneLevel,
    PhraseQueued,
    PhraseStarted,
    ReplyEnded,
    SpeechRejected,
    Transcribed,
)

KINDS = [kind for _, kind in inspect.getmembers(events, inspect.isclass) if issubclass(kind, Event)]

SECRET = "the code is 1234"


def test_event_data_has_the_fields_by_name():
    assert event_data(FloorChanged(512, FloorState.LISTENING, "ready"), include_words=False) == {
        "at": 512,
        "state": "listening",
        "reason": "ready",
    }


@pytest.mark.parametrize(
    "event",
    [
        Transcribed(1, 1, SECRET, "en", final=True),
        SpeechRejected(1, 0, 1, "unclear", SECRET),
        PhraseQueued(1, 1, SECRET, SECRET),
        PhraseStarted(1, 1, SECRET),
        ReplyEnded(1, 1, SECRET, interrupted=False),
    ],
)
def test_words_are_left_out_by_default(event: Event):
    assert SECRET not in json.dumps(event_data(event, include_words=False))
    assert SECRET in json.dumps(event_data(event, include_words=True))


def test_faults_are_never_left_out():
    told = event_data(Fault(1, "microphone", "There is no microphone", "Connect one"), include_words=False)
    assert told["message"] == "There is no microphone"


VALUES = [0, 1.5, float("nan"), "text", None, ("a", "b"), {"any": "thing"}, FloorState.HEARING]


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_can_be_serialized(kind: type[Event]):
    for value in VALUES:
        event = kind(*[value for _ in fields(kind)])
        for words in (False, True):
            json.dumps(event_data(event, words), allow_nan=False)


def test_a_container_of_words_is_left_out():
    class Listed(Event):
        pass

    told = event_data(Transcribed(1, 1, ("a", "secret"), "en", True), include_words=False)  # pyright: ignore[reportArgumentType]
    assert "text" not in told
    assert is_level(MicrophoneLevel(0, -20.0, 0.5))
    assert not is_level(Listed(0))
