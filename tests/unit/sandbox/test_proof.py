"""The proof states no more than was found."""

import errno
import json
import socket

import pytest

from voicemate.sandbox.evidence import find_network_settings
from voicemate.sandbox.process_facts import kernel_facts, open_network_sockets
from voicemate.sandbox.proof import KernelFacts, OfflineProof, SandboxLock, SelfTestAttempt
from voicemate.sandbox.self_test import socket_address

LOCKS = (SandboxLock("audit hook", True, "…"), SandboxLock("seccomp filter", False, "the kernel refuses it (EPERM)"))
KERNEL = KernelFacts("Linux 6.1", "x86_64")


def proof(*answers: int, open_sockets: tuple[str, ...] = ()) -> OfflineProof:
    attempts = tuple(SelfTestAttempt("C", f"attempt {number}", 0, after) for number, after in enumerate(answers))
    return OfflineProof(LOCKS, attempts, open_sockets, KERNEL, 3.0)


@pytest.mark.parametrize("answer", [errno.EACCES, errno.EPERM, errno.EAFNOSUPPORT])
def test_it_holds_when_everything_is_refused(answer: int) -> None:
    assert proof(answer, answer).holds
    assert proof(answer).summary.startswith("offline: audit hook (seccomp filter is off: the kernel refuses it")


@pytest.mark.parametrize("answer", [0, errno.ECONNREFUSED, errno.EINPROGRESS, errno.ENETUNREACH, errno.EFAULT])
def test_an_unreachable_network_is_no_proof(answer: int) -> None:
    told = proof(errno.EACCES, answer)
    assert not told.holds
    assert told.gaps[0].startswith("attempt 1 from C is not refused")
    assert told.summary.startswith("NOT PROVEN OFFLINE")


def test_no_attempts_prove_nothing() -> None:
    assert not proof().holds


def test_an_open_socket_is_a_gap() -> None:
    assert proof(errno.EACCES, open_sockets=("descriptor 0 (AF_INET)",)).gaps == (
        "A network socket was open already: descriptor 0 (AF_INET)",
    )


def test_json_has_everything() -> None:
    told = json.loads(json.dumps(proof(errno.EACCES).as_json()))
    assert told["offline"] is True
    assert told["attempts"][0] == {
        "by": "C",
        "what": "attempt 0",
        "before": "let through",
        "after": "refused (EACCES)",
        "refused": True,
    }
    assert told["kernel"]["system"] == "Linux 6.1"


def test_open_network_sockets_are_found() -> None:
    before = set(open_network_sockets())
    with socket.socket() as tcp, socket.socketpair()[0]:
        found = set(open_network_sockets()) - before
        assert found == {f"descriptor {tcp.fileno()} (AF_INET)"}
        assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE), "looking has not closed it"
    assert set(open_network_sockets()) == before


def test_kernel_sockets_are_no_network() -> None:
    before = set(open_network_sockets())
    with socket.socketpair()[0], socket.socket(getattr(socket, "AF_NETLINK", socket.AF_UNIX), socket.SOCK_DGRAM):
        assert set(open_network_sockets()) == before


def test_kernel_facts_cover_every_thread(tmp_path) -> None:
    status = "Name:\tvoicemate\nNoNewPrivs:\t1\nSeccomp:\t{}\nSeccomp_filters:\t1\n"
    (tmp_path / "status").write_text(status.format(2))
    for thread, mode in (("1", 2), ("2", 2), ("3", 0)):
        (tmp_path / "task" / thread).mkdir(parents=True)
        (tmp_path / "task" / thread / "status").write_text(status.format(mode))
    facts = kernel_facts(landlock=7, process=tmp_path)
    assert (facts.threads, facts.filtered, facts.no_new_privileges, facts.landlock) == (3, 2, True, 7)


def test_without_proc_there_are_fewer_facts(tmp_path) -> None:
    facts = kernel_facts(process=tmp_path / "nothing")
    assert (facts.threads, facts.filtered, facts.no_new_privileges) == (0, 0, False)
    assert facts.system


def test_addresses_have_each_systems_layout() -> None:
    assert socket_address(socket.AF_INET, "192.0.2.1", 9, bsd=True)[:8] == bytes([16, 2, 0, 9, 192, 0, 2, 1])
    assert socket_address(socket.AF_INET, "192.0.2.1", 9, bsd=False)[2:8] == bytes([0, 9, 192, 0, 2, 1])
    for bsd in (True, False):
        assert len(socket_address(socket.AF_INET, "192.0.2.1", 9, bsd)) == 16
        assert len(socket_address(socket.AF_INET6, "2001:db8::1", 9, bsd)) == 28


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, 0),
        ({"PULSE_SERVER": "unix:/run/user/1000/pulse/native", "DISPLAY": ":0"}, 0),
        ({"PULSE_SERVER": "/run/pulse", "DISPLAY": "unix:0.0"}, 0),
        ({"PULSE_SERVER": "unix:/run/pulse tcp:192.0.2.1:4713"}, 1),
        ({"PULSE_SERVER": "tcp4:localhost", "DISPLAY": "localhost:10.0"}, 2),
        ({"PULSE_SERVER": "soundbox"}, 1),
    ],
)
def test_network_settings_are_named(environment: dict[str, str], told: int) -> None:
    assert len(find_network_settings(environment)) == told
