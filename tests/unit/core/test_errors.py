"""Errors that a person can act on, and that a script can tell apart."""

import inspect

import pytest

from voicemate.core import errors
from voicemate.core.errors import ModelError, VoicemateError, first_error

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, VoicemateError)]


def test_every_kind_of_error_has_an_exit_code_of_its_own():
    codes = [kind.exit_code for kind in CLASSES]
    assert len(codes) >= 9
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_exit_code_is_one_that_a_shell_passes_on_and_that_means_nothing_else(kind: type[VoicemateError]):
    assert 1 <= kind.exit_code < 126  # from 126 on they mean signals and commands that cannot be run
    assert kind.exit_code != 2  # wrong usage


@pytest.mark.parametrize("kind", CLASSES)
def test_every_kind_of_error_says_in_its_docstring_what_it_is_for(kind: type[VoicemateError]):
    assert kind.__doc__


@pytest.mark.parametrize(
    ("wrong", "remedy", "message"),
    [
        ("The disk is full", "Make room", "The disk is full. Make room."),
        ("The disk is full.", "Make room.", "The disk is full. Make room."),
        ("The disk is full", "", "The disk is full."),
    ],
)
def test_a_message_is_whole_sentences_with_the_way_out_last(wrong: str, remedy: str, message: str):
    assert str(VoicemateError(wrong, remedy)) == message


def test_what_went_wrong_first_is_found_at_any_depth():
    first, second = ModelError("first"), ModelError("second")
    group = ExceptionGroup("", [ExceptionGroup("", [ExceptionGroup("", [first])]), second]).subgroup(VoicemateError)
    assert group is not None
    assert first_error(group) is first
