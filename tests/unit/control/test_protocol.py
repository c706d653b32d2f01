"""Any bytes are a request or a refusal, and lines round-trip."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.control.commands import COMMANDS, Arguments, parse_arguments
from voicemate.control.protocol import (
    MAX_LINE_BYTES,
    MAX_TEXT_LENGTH,
    VERSION,
    ControlRequest,
    ErrorCode,
    Refusal,
    parse_request,
    refusal_line,
    request_line,
    result_line,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
REQUEST_LIKE = st.fixed_dictionaries(
    {},
    optional={
        "v": st.just(VERSION) | JSON,
        "id": st.integers(0, 99) | JSON,
        "command": st.sampled_from(sorted(COMMANDS)) | JSON,
        "arguments": st.dictionaries(st.sampled_from(["on", "text", "name", "keep", "action"]), JSON, max_size=3)
        | JSON,
        "strange": JSON,
    },
)


def refusal(line: bytes) -> Refusal:
    answer = parse_request(line)
    assert isinstance(answer, Refusal), answer
    return answer


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_a_refusal(line: bytes):
    assert isinstance(parse_request(line), ControlRequest | Refusal)


@given(REQUEST_LIKE)
def test_anything_like_a_request_is_parsed_or_refused_with_a_message(value: dict[str, object]):
    asked = parse_request(json.dumps(value).encode())
    answer = parse_arguments(asked) if isinstance(asked, ControlRequest) else asked
    if isinstance(answer, Refusal):
        assert answer.message
        told = json.loads(refusal_line(answer))
        assert told["id"] == answer.id
        assert told["error"]["code"] in set(ErrorCode)
    else:
        assert isinstance(answer, Arguments)


@given(st.integers(-(2**53), 2**53) | st.text(min_size=1, max_size=64), st.text(max_size=20), st.text(max_size=200))
def test_requests_round_trip(number: int | str, command: str, text: str):
    written = ControlRequest(number, command, {"text": text})
    line = request_line(written)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert parse_request(line.rstrip(b"\n")) == written


@pytest.mark.parametrize("letter", ["a", "\n", "語", "😀", "\x00", '"'])
def test_the_longest_text_fits_into_a_line(letter: str):
    text = letter * MAX_TEXT_LENGTH
    line = json.dumps({"v": VERSION, "id": 1, "command": "say", "arguments": {"text": text}}).encode()
    assert len(line) < MAX_LINE_BYTES
    asked = parse_request(line)
    assert isinstance(asked, ControlRequest)
    assert not isinstance(parse_arguments(asked), Refusal)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", ErrorCode.NOT_JSON),
        (b"\xff\xfe", ErrorCode.NOT_JSON),
        (b"[" * 60_000, ErrorCode.NOT_JSON),
        (b'{"v":1,' * 9_000, ErrorCode.NOT_JSON),
        (b"[]", ErrorCode.NOT_JSON),
        (b'{"v": NaN}', ErrorCode.NOT_JSON),
        (b'{"v":1,"id":1,"command":"say","arguments":{"text":"\\ud800"}}', ErrorCode.NOT_JSON),
        (b"9" * 60_000, ErrorCode.NOT_JSON),
        (b"x" * (MAX_LINE_BYTES + 1), ErrorCode.LINE_TOO_LONG),
        (b'{"id":1,"command":"status"}', ErrorCode.VERSION),
        (b'{"v":2,"id":1,"command":"status"}', ErrorCode.VERSION),
        (b'{"v":true,"id":1,"command":"status"}', ErrorCode.VERSION),
        (b'{"v":1,"command":"status"}', ErrorCode.BAD_REQUEST),
        (b'{"v":1,"id":true,"command":"status"}', ErrorCode.BAD_REQUEST),
        (b'{"v":1,"id":1.5,"command":"status"}', ErrorCode.BAD_REQUEST),
        (b'{"v":1,"id":1}', ErrorCode.BAD_REQUEST),
        (b'{"v":1,"id":1,"command":"status","arguments":[]}', ErrorCode.BAD_REQUEST),
        (b'{"v":1,"id":1,"command":"status","also":1}', ErrorCode.BAD_REQUEST),
    ],
)
def test_an_invalid_line_is_refused_with_its_code(line: bytes, code: ErrorCode):
    assert refusal(line).code == code


@pytest.mark.parametrize(
    ("command", "arguments", "code", "sentence"),
    [
        ("stat", {}, ErrorCode.UNKNOWN_COMMAND, "There is no command `stat`"),
        ("say", {}, ErrorCode.BAD_ARGUMENTS, "The argument `text` is missing"),
        ("say", {"text": ""}, ErrorCode.BAD_ARGUMENTS, "cannot be"),
        ("say", {"text": "x" * (MAX_TEXT_LENGTH + 1)}, ErrorCode.BAD_ARGUMENTS, "cannot be"),
        ("say", {"txt": "x", "text": "y"}, ErrorCode.BAD_ARGUMENTS, "There is no argument `txt`"),
        ("listen", {"on": "yes"}, ErrorCode.BAD_ARGUMENTS, "cannot be"),
        ("listen", {"on": 1}, ErrorCode.BAD_ARGUMENTS, "cannot be"),
        ("ptt", {"action": "hold"}, ErrorCode.BAD_ARGUMENTS, "cannot be"),
        ("status", {"now": True}, ErrorCode.BAD_ARGUMENTS, "There is no argument `now`"),
    ],
)
def test_an_invalid_request_is_refused_with_its_reason(
    command: str, arguments: dict[str, object], code: ErrorCode, sentence: str
):
    answer = parse_arguments(ControlRequest(4, command, arguments))
    assert isinstance(answer, Refusal)
    assert (answer.id, answer.code) == (4, code)
    assert sentence in answer.message


def test_a_refusal_has_the_id_of_an_invalid_request():
    assert refusal(b'{"v":1,"id":"mine","command":5}').id == "mine"
    assert refusal(b'{"v":7,"id":12,"command":"status"}').id == 12


def test_a_reply_with_line_breaks_is_one_line():
    line = result_line(1, {"heard_prefix": "one\ntwo \u2028 three"})
    assert line.count(b"\n") == 1
    assert json.loads(line)["result"]["heard_prefix"] == "one\ntwo \u2028 three"
