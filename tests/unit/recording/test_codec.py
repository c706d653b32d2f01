"""The codec and the journal restore every value."""

import json
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.core.events import Event
from voicemate.recording.codec import DecodeError, TypeRegistry, encode
from voicemate.recording.journal import (
    BlockProcessed,
    CloseUtterance,
    EventPublished,
    FloorStepped,
    JournalEntry,
    PauseVoice,
    SegmenterCommanded,
    pack,
    unpack,
)
from voicemate.turns.messages import FloorAction, FloorInput
from voicemate.vad.state_machine import VoicePaused, VoiceResumed, VoiceStarted


def concrete(base: type) -> list[type]:
    return [one for child in base.__subclasses__() for one in (child, *concrete(child))]


def instances(base: Any) -> st.SearchStrategy[object]:
    """Instances of every class of a union, or of every subclass of ``base``."""
    if get_args(base):
        return st.one_of([st.from_type(one) for one in get_args(base)])
    known = [one for one in concrete(base) if getattr(sys.modules[one.__module__], one.__name__, None) is one]
    return st.one_of([st.from_type(one) for one in known])


speech = st.one_of(st.from_type(VoiceStarted), st.from_type(VoicePaused), st.from_type(VoiceResumed))
entries: st.SearchStrategy[JournalEntry] = st.one_of(
    st.builds(BlockProcessed, st.integers(0, 10**9), st.lists(speech, max_size=2).map(tuple)),
    st.builds(
        SegmenterCommanded, st.sampled_from((CloseUtterance(), PauseVoice())), st.lists(speech, max_size=1).map(tuple)
    ),
    st.builds(FloorStepped, instances(FloorInput), st.lists(instances(FloorAction), max_size=3).map(tuple)),
    st.builds(EventPublished, instances(Event)),
)


@settings(deadline=None, max_examples=50)
@given(st.lists(entries, max_size=8))
def test_every_input_action_and_event_is_restored(journal: list[JournalEntry]) -> None:
    assert repr(list(unpack(pack(journal)))) == repr(journal), "repr, since NaN is not equal to itself"


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Part:
    size: float
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Base:
    at: int


@dataclass(frozen=True, slots=True)
class New(Base):
    colour: Colour | None
    parts: tuple[Part, ...]
    votes: dict[str, float] = field(default_factory=dict)


REGISTRY = TypeRegistry(Base)


def test_nested_values_enums_and_dictionaries_are_restored() -> None:
    value = New(3, Colour.RED, (Part(0.1, ("a", "b")), Part(float("inf"))), {"words": 1 / 3})
    assert REGISTRY.decode(json.loads(json.dumps(encode(value)))) == value


def test_a_field_that_the_recording_lacks_gets_its_default() -> None:
    assert REGISTRY.decode(["New", {"at": 1, "colour": None, "parts": []}]) == New(1, None, ())


@pytest.mark.parametrize(
    "encoded",
    [
        ["Gone", {"at": 1}],
        ["Base", {"at": 1, "gone": 2}],
        ["Base", {"at": "soon"}],
        ["Base", {}],
        ["Base"],
        "Base",
        None,
    ],
)
def test_unknown_values_are_refused(encoded: object) -> None:
    with pytest.raises(DecodeError):
        REGISTRY.decode(encoded)


@settings(deadline=None, max_examples=50)
@given(st.one_of(instances(FloorInput), instances(FloorAction), instances(Event)))
def test_the_restored_class_is_the_one_in_its_module(value: object) -> None:
    """``dataclass(slots=True)`` makes a second class, and the first one lingers among the subclasses."""
    bases: tuple[Any, ...] = (FloorInput, FloorAction, Event)
    base = next(base for base in bases if isinstance(value, base))
    registry = TypeRegistry(more=get_args(base)) if get_args(base) else TypeRegistry(base)
    decoded = registry.decode(json.loads(json.dumps(encode(value))))
    assert type(decoded) is getattr(sys.modules[type(decoded).__module__], type(decoded).__name__)
    assert repr(decoded) == repr(value)
