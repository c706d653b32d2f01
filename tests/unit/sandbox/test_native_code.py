"""The locks hold for C code, in every thread and every child, and against the ways around them."""

import errno
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.network_namespace import without_network
from tests.unit.sandbox.locked import run

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's"),
    pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler (Debian: build-essential)"),
]

UNIX = int(socket.AF_UNIX)


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program in C that makes every attempt."""
    program = tmp_path_factory.mktemp("probe") / "probe"
    subprocess.run(["cc", "-O0", "-o", program, Path(__file__).with_name("probe.c")], check=True)
    return program


@pytest.fixture
def listening() -> Iterator[int]:
    """A listening port on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def parsed(lines: str) -> dict[str, int]:
    return {name: int(number) for name, number in (line.split() for line in lines.splitlines())}


def probed(probe: Path, port: int, locked: bool) -> dict[str, int]:
    """Results of a child process in C, with and without the locks."""
    command = [str(probe), str(port)]
    return parsed(run(f"import subprocess; subprocess.run({command!r}, check=True)", locked=locked))


def test_a_child_in_c_can_create_unix_sockets_only(probe: Path, listening: int) -> None:
    told = probed(probe, listening, locked=True)
    made = {name for name, number in told.items() if number == 0}
    assert made - {"32bit-unix"} == {f"stream-{UNIX}", f"datagram-{UNIX}", f"raw-{UNIX}", f"pair-{UNIX}", "wide-unix"}
    others = [number for name, number in told.items() if name not in made and "-" in name and "32" not in name]
    assert set(others) == {errno.EACCES}


def test_ways_around_the_filter_are_blocked(probe: Path, listening: int) -> None:
    told = probed(probe, listening, locked=True)
    assert told["io_uring_setup"] == told["pidfd_getfd"] == told["connect"] == errno.EACCES
    assert told.get("x32-socket", errno.ENOSYS) == errno.ENOSYS
    for way in ("32bit-socket", "32bit-socketcall"):
        assert told.get(way, errno.EACCES) in (errno.EACCES, errno.ENOSYS)


def test_the_same_program_connects_without_the_locks(probe: Path, listening: int) -> None:
    told = probed(probe, listening, locked=False)
    assert told["connect"] == 0
    assert told[f"stream-{int(socket.AF_INET)}"] == 0


IN_THREADS = """
import json, sys, threading
from voicemate import sandbox
from voicemate.sandbox import self_test

begin, told = threading.Event(), []

def attempt():
    begin.wait()
    told.append(self_test.try_from_c())

before = [threading.Thread(target=attempt) for _ in range(5)]
for thread in before:
    thread.start()
proof = sandbox.lock()
after = threading.Thread(target=attempt)
after.start()
begin.set()
for thread in (*before, after):
    thread.join()
json.dump({"told": told, "threads": proof.kernel.threads, "filtered": proof.kernel.filtered}, sys.stdout)
"""


def test_c_code_is_refused_in_every_thread() -> None:
    answer = json.loads(run(IN_THREADS, locked=False))
    assert len(answer["told"]) == 6
    assert {number for tried in answer["told"] for number in tried.values()} == {errno.EACCES}
    assert answer["threads"] == answer["filtered"] == 6


FROM_ELSEWHERE = """
import ctypes, json, socket, sys
from voicemate import sandbox
from voicemate.sandbox.self_test import socket_address

proof, libc = sandbox.lock(), ctypes.CDLL(None, use_errno=True)
name = socket_address(socket.AF_INET, "127.0.0.1", PORT, bsd=False)
answer = ctypes.get_errno() if libc.connect(DESCRIPTOR, name, len(name)) else 0
landlock = {lock.name: lock.on for lock in proof.locks}["Landlock"]
json.dump({"gaps": proof.gaps, "landlock": landlock, "connect": answer}, sys.stdout)
"""


def test_an_inherited_socket_is_reported_and_landlock_refuses_its_connection(listening: int) -> None:
    with socket.socket() as tcp:
        descriptor = tcp.fileno()
        given = f"DESCRIPTOR, PORT = {descriptor}, {listening}\n"
        told = json.loads(run(given + FROM_ELSEWHERE, locked=False, keep=(descriptor,)))
    assert told["gaps"] == [f"A network socket was open already: descriptor {descriptor} (AF_INET)"]
    if not told["landlock"]:
        pytest.skip("this kernel's Landlock does not know TCP (Linux 6.7)")
    assert told["connect"] == errno.EACCES


def test_the_self_test_distinguishes_locks_from_an_unreachable_network() -> None:
    told = run("import json, sys; json.dump(proof.as_json(), sys.stdout)", prefix=without_network())
    attempts = {one["what"]: one for one in json.loads(told)["attempts"] if one["by"] == "C"}
    assert attempts["UDP to 192.0.2.1"]["before"] == "no way there (ENETUNREACH)"
    assert all(one["after"] == "refused (EACCES)" for one in attempts.values())
