"""The limits that protect clients from each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.control.rate_limit import LineSplitter, LineTooLongError, Outbox, TokenBucket


@given(st.lists(st.binary(max_size=30), max_size=20))
def test_lines_do_not_depend_on_chunks(chunks: list[bytes]):
    stream = b"".join(chunks)
    splitter = LineSplitter(max_bytes=1_000)
    lines = [line for chunk in chunks for line in splitter.split(chunk)]
    *whole, rest = stream.split(b"\n")
    assert lines == whole
    assert splitter.has_partial_line == bool(rest)


@given(st.binary(max_size=40), st.integers(1, 20))
def test_a_long_line_is_refused_before_its_end(stream: bytes, longest: int):
    splitter = LineSplitter(longest)
    too_long = any(len(line) >= longest for line in stream.split(b"\n"))
    try:
        for byte in stream:
            splitter.split(bytes([byte]))
    except LineTooLongError:
        assert too_long
    else:
        assert not too_long


def test_a_bucket_allows_a_burst_and_then_the_rate():
    allowance = TokenBucket(rate=10, burst=5, now=100.0)
    assert [allowance.spend(100.0) for _ in range(5)] == [0.0] * 5
    assert allowance.spend(100.0) == pytest.approx(0.1)
    assert allowance.spend(100.1) == pytest.approx(0.1)
    assert allowance.spend(200.0) == 0.0


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=200), st.floats(1, 100), st.integers(1, 20))
def test_the_rate_is_never_exceeded(pauses: list[float], rate: float, burst: int):
    now, allowance = 0.0, TokenBucket(rate, burst, 0.0)
    for pause in pauses:
        now += pause
        now += allowance.spend(now)
    assert len(pauses) <= burst + rate * now + 1e-6


def test_droppable_lines_are_dropped_first():
    outbox = Outbox(max_bytes=10)
    assert outbox.add(b"12345678", droppable=True)
    assert outbox.add(b"abcdefgh")
    assert outbox.add(b"12345678", droppable=True)
    assert outbox.take() == b"abcdefgh"
    assert outbox.take() == b""


def test_a_full_outbox_refuses_lines():
    outbox = Outbox(max_bytes=10)
    assert outbox.add(b"abcdefgh")
    assert not outbox.add(b"ijk")


@given(st.lists(st.tuples(st.binary(max_size=9), st.booleans()), max_size=40))
def test_an_outbox_keeps_its_capacity_the_order_and_required_lines(lines: list[tuple[bytes, bool]]):
    outbox, needed = Outbox(max_bytes=50), b""
    for number, (body, optional) in enumerate(lines):
        line = b"%d:%s;" % (number, b"" if optional else body.replace(b";", b""))
        held = outbox.add(line, optional)
        if not optional:
            needed += line
        if not held:
            assert len(needed) > 50
            return
    taken = outbox.take()
    kept = [part + b";" for part in taken.split(b";")[:-1]]
    assert len(taken) <= 50
    numbers = [int(line.split(b":")[0]) for line in kept]
    assert numbers == sorted(numbers)
    assert b"".join(line for line in kept if not lines[int(line.split(b":")[0])][1]) == needed
