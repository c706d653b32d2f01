"""What a daemon reports to the process that starts it."""

import os

from voicemate.daemon.launcher import READY, Readiness


def test_readiness_is_reported_once_and_the_pipe_closed():
    reader, writer = os.pipe()
    ready = Readiness(writer)
    ready.report()
    ready.report(b"something else")
    assert os.read(reader, 100) == READY
    assert os.read(reader, 100) == b""
    os.close(reader)


def test_readiness_works_without_a_pipe():
    Readiness(None).report()
    reader, writer = os.pipe()
    os.close(reader)
    Readiness(writer).report()
