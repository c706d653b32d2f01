"""Lock one: what Python code may do, and which callers are recorded."""

import json
import socket
from pathlib import Path

import pytest

from tests.unit.sandbox.locked import run
from voicemate.sandbox.audit_hook import MAX_CALLERS, NetworkRefused, RefusedCalls, _hook

FAMILIES = sorted({int(family) for family in socket.AddressFamily} | set(range(50)))


class Sock:
    """A socket as in audit events: only its family matters."""

    def __init__(self, family: int):
        self.family = family


@pytest.mark.parametrize("event", ["socket.bind", "socket.connect", "socket.sendto", "socket.sendmsg"])
def test_an_inherited_socket_is_refused_on_use(event: str) -> None:
    tries = RefusedCalls()
    hook = _hook(tries)
    hook(event, (Sock(socket.AF_UNIX), "/run/somewhere"))
    for family in FAMILIES:
        if family != socket.AF_UNIX:
            with pytest.raises(NetworkRefused):
                hook(event, (Sock(family), ("192.0.2.1", 9)))
    assert {one.what for one in tries.all()} == {event.removeprefix("socket.")}


@pytest.mark.parametrize(
    "event", ["socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"]
)
def test_no_name_is_looked_up(event: str) -> None:
    with pytest.raises(NetworkRefused):
        _hook(RefusedCalls())(event, ("example.org", 80, 0, 0, 0))


def test_new_sockets_of_every_family_but_unix_are_refused() -> None:
    hook = _hook(RefusedCalls())
    allowed = []
    for family in FAMILIES:
        try:
            hook("socket.__new__", (None, family, socket.SOCK_STREAM, 0))
            allowed.append(family)
        except NetworkRefused:
            pass
    assert allowed == [socket.AF_UNIX]


def test_the_caller_is_recorded_by_module_and_line() -> None:
    tries = RefusedCalls()
    hook = _hook(tries)
    for _ in range(3):
        with pytest.raises(NetworkRefused):
            hook("socket.getaddrinfo", ("secret.example.org", 443, 0, 0, 0))
    (one,) = tries.all()
    assert (one.module, one.what, one.times) == (__name__, "getaddrinfo", 3)
    assert "secret" not in repr(one)
    assert str(one).endswith(f"line {one.line} (getaddrinfo, 3 times)")


def test_the_number_of_recorded_callers_is_bounded() -> None:
    tries = RefusedCalls()
    for line in range(10 * MAX_CALLERS):
        tries.record("somewhere", line, "connect")
    assert len(tries.all()) == MAX_CALLERS + 1
    assert sum(one.times for one in tries.all()) == 10 * MAX_CALLERS


IN_USE = """
import asyncio, json, socket, subprocess, sys, urllib.request

done = {}

def attempt(name, what):
    try:
        what()
        done[name] = "let through"
    except OSError as error:
        done[name] = f"{type(getattr(error, 'reason', error)).__name__} {error.errno}"

def raw():
    import _socket
    _socket.socket(socket.AF_INET)

async def stream():
    await asyncio.open_connection("127.0.0.1", 9)

async def unix(path):
    served = asyncio.Event()
    server = await asyncio.start_unix_server(lambda r, w: (served.set(), w.close()), path)
    reader, writer = await asyncio.open_unix_connection(path)
    await served.wait()
    writer.close()
    server.close()
    return "talked"

attempt("TCP", lambda: socket.socket())
attempt("IPv6", lambda: socket.socket(socket.AF_INET6))
attempt("past socket.py", raw)
attempt("asyncio", lambda: asyncio.run(stream()))
attempt("urllib", lambda: urllib.request.urlopen("http://127.0.0.1:9/"))
attempt("name", lambda: socket.gethostbyname("localhost"))
before = len(sandbox.refused_calls())
done["Unix"] = asyncio.run(unix(FOLDER + "/socket"))
done["pair"] = socket.socketpair()[0].family == socket.AF_UNIX
done["child"] = subprocess.run([sys.executable, "-c", "print('talked')"], capture_output=True, text=True).stdout
done["quiet"] = len(sandbox.refused_calls()) == before
sys.addaudithook(lambda event, arguments: None)
attempt("after another hook", lambda: socket.socket())
done["off"] = [name for name in dir(sys) if "removeaudit" in name]
json.dump(done, sys.stdout)
"""


def test_a_locked_process_can_use_unix_sockets_only(tmp_path: Path) -> None:
    told = json.loads(run(f"FOLDER = {str(tmp_path)!r}\n{IN_USE}"))
    for name in ("TCP", "IPv6", "past socket.py", "asyncio", "name", "after another hook"):
        assert told[name] == "NetworkRefused 13", name
    assert told["urllib"].startswith("NetworkRefused")
    assert told["Unix"] == "talked"
    assert told["pair"] is True
    assert told["child"] == "talked\n"
    assert told["quiet"] is True, "what is allowed is no try"
    assert told["off"] == []
