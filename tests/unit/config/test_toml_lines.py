"""The line of a key, however TOML lets it be written."""

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from voicemate.config.toml_lines import line_of

TEXT = """# voicemate
persona = "mei"
stt.model = "x"

[ turns ] # when the turn is over
  silence_ms = 300
"patience" = 2

[audio]
input = "the [turns] silence_ms = 5"
a.b.c = 1
[[lists]]
key = 1
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("persona", 2),
        ("stt.model", 3),
        ("turns", 5),
        ("turns.silence_ms", 6),
        ("turns.patience", 7),
        ("audio.input", 10),
        ("audio.a.b.c", 11),
        ("audio.absent", 9),
        ("nowhere.at.all", None),
    ],
)
def test_a_key_is_found_where_it_stands(key: str, line: int | None):
    assert line_of(TEXT, key.split(".")) == line


def test_in_a_table_on_one_line_that_line_is_named():
    assert line_of('\nhearing = { model = "x", threads = "4" }', ["hearing", "threads"]) == 2


NAMES = st.text("aB1-_. é", min_size=1, max_size=8)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(), max_size=3), max_size=3))
def test_any_key_is_found_on_the_line_that_sets_it(table: dict[str, dict[str, int]]):
    text = tomlkit.dumps(table)
    for name, keys in table.items():
        for key, value in keys.items():
            line = line_of(text, [name, key])
            assert line is not None
            assert text.splitlines()[line - 1].endswith(f"= {value}")


@given(st.text(), st.lists(st.text() | st.integers(), max_size=3))
def test_no_text_is_too_strange(text: str, location: list[str | int]):
    found = line_of(text, location)
    assert found is None or 1 <= found <= len(text.splitlines())
