"""What whoever starts a daemon is told of it."""

import os

from voicemate.daemon.launcher import READY, Readiness


def test_it_is_told_once_and_the_pipe_closed():
    reader, writer = os.pipe()
    ready = Readiness(writer)
    ready.report()
    ready.report(b"something else")
    assert os.read(reader, 100) == READY
    assert os.read(reader, 100) == b""
    os.close(reader)


def test_nobody_needs_to_wait():
    Readiness(None).report()
    reader, writer = os.pipe()
    os.close(reader)
    Readiness(writer).report()
