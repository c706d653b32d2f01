"""The stream that everything which watches a conversation reads."""

from dataclasses import FrozenInstanceError, fields

import pytest

from voicemate.core import events
from voicemate.core.events import Event, EventStream, MicrophoneLevel

KINDS = [kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)]


def test_every_subscriber_gets_every_event_in_order():
    stream, one, two = EventStream(), [], []
    stream.subscribe(one.append)
    stream.subscribe(two.append)
    told = [MicrophoneLevel(at, -30.0, 0.0) for at in range(3)]
    for event in told:
        stream.emit(event)
    assert one == two == told


def test_who_has_unsubscribed_gets_nothing_more_and_the_others_do():
    stream, gone, left = EventStream(), [], []
    unsubscribe = stream.subscribe(gone.append)
    stream.subscribe(left.append)
    stream.emit(Event(1))
    unsubscribe()
    stream.emit(Event(2))
    assert gone == [Event(1)]
    assert left == [Event(1), Event(2)]


def test_a_subscriber_may_unsubscribe_while_it_is_told():
    stream, got, left = EventStream(), [], []

    def once(event: Event) -> None:
        got.append(event)
        unsubscribe()

    unsubscribe = stream.subscribe(once)
    stream.subscribe(left.append)
    stream.emit(Event(1))
    stream.emit(Event(2))
    assert got == [Event(1)]
    assert left == [Event(1), Event(2)]


def test_what_a_subscriber_emits_reaches_everyone():
    stream, got = EventStream(), []

    def answer(event: Event) -> None:
        if event.at == 1:
            stream.emit(Event(2))

    stream.subscribe(answer)
    stream.subscribe(got.append)
    stream.emit(Event(1))
    assert {event.at for event in got} == {1, 2}


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_says_when_it_was_and_cannot_be_changed(kind: type[Event]):
    assert fields(kind)[0].name == "at"
    event = kind(*([0] * len(fields(kind))))
    with pytest.raises(FrozenInstanceError):
        event.at = 1  # pyright: ignore[reportAttributeAccessIssue]


def test_there_are_events_to_test():
    assert len(KINDS) > 10
