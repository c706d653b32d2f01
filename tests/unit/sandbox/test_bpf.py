"""The filter's program on a simulated BPF machine: every processor, call and family."""

import errno
import socket
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.sandbox.bpf import SYSCALL_ABIS, Instruction, SyscallAbi, build_program

ALLOWED = 0
ALWAYS_REFUSED = {425: "io_uring_setup", 426: "io_uring_enter", 427: "io_uring_register", 438: "pidfd_getfd"}

words = st.integers(0, 2**32 - 1)
machines = st.sampled_from(sorted(SYSCALL_ABIS))
modes = st.sampled_from([(machine, mode) for machine in sorted(SYSCALL_ABIS) for mode in SYSCALL_ABIS[machine]])


def answer(instructions: tuple[Instruction, ...], number: int, audit: int, *arguments: int) -> int:
    """The errno of a system call, 0 if it is allowed (Documentation/networking/filter.rst)."""
    data = struct.pack("<IIQ6Q", number, audit, 0, *(*arguments, *[0] * (6 - len(arguments))))
    at, accumulator = 0, 0
    while True:
        code, if_so, or_else, operand = struct.unpack("=HBBI", instructions[at].packed())
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, operand)
            case 0x15:
                at += if_so if accumulator == operand else or_else
            case 0x35:
                at += if_so if accumulator >= operand else or_else
            case 0x06:
                assert operand & 0xFFFF0000 in (0x7FFF0000, 0x00050000)
                return ALLOWED if operand == 0x7FFF0000 else operand & 0xFFFF
            case _:
                raise AssertionError(f"instruction {code:#x} is not one that the filter needs")


@settings(deadline=None)
@given(modes, st.integers(0, 2**64 - 1), st.booleans())
def test_sockets_of_every_family_but_unix_are_refused(of: tuple[str, SyscallAbi], family: int, pair: bool) -> None:
    machine, mode = of
    number = mode.socketpair if pair else mode.socket
    unix = family & 0xFFFFFFFF == socket.AF_UNIX  # the kernel reads an int
    assert answer(build_program(machine), number, mode.audit, family) == (ALLOWED if unix else errno.EACCES)


@settings(deadline=None)
@given(modes, words, st.lists(st.integers(0, 2**64 - 1), max_size=6))
def test_every_other_call_is_allowed(of: tuple[str, SyscallAbi], number: int, arguments: list[int]) -> None:
    machine, mode = of
    if number in ALWAYS_REFUSED or number == mode.socketcall:
        expected = errno.EACCES
    elif mode.x32 and number >= 0x40000000:
        expected = errno.ENOSYS
    elif number in (mode.socket, mode.socketpair):
        return
    else:
        expected = ALLOWED
    assert answer(build_program(machine), number, mode.audit, *arguments) == expected


@settings(deadline=None)
@given(modes, st.sampled_from(sorted(ALWAYS_REFUSED)))
def test_ways_around_the_filter_are_refused(of: tuple[str, SyscallAbi], number: int) -> None:
    machine, mode = of
    assert answer(build_program(machine), number, mode.audit) == errno.EACCES


@settings(deadline=None)
@given(words, words)
def test_the_x32_numbers_of_a_call_do_not_exist(number: int, family: int) -> None:
    native = SYSCALL_ABIS["x86_64"][0].audit
    assert answer(build_program("x86_64"), number | 0x40000000, native, family) == errno.ENOSYS


@settings(deadline=None)
@given(machines, words, words)
def test_an_unknown_mode_is_refused(machine: str, audit: int, number: int) -> None:
    if audit not in {mode.audit for mode in SYSCALL_ABIS[machine]}:
        assert answer(build_program(machine), number, audit) == errno.EACCES


@pytest.mark.parametrize("machine", sorted(SYSCALL_ABIS))
def test_the_program_terminates_and_fits_the_kernels_limit(machine: str) -> None:
    instructions = build_program(machine)
    assert len(instructions) < 4096  # BPF_MAXINSNS
    for at, one in enumerate(instructions):
        assert at + 1 + max(one.jump_true, one.jump_false) < len(instructions) or one.code == 0x06


@pytest.mark.parametrize(
    ("machine", "number", "call"),
    [
        ("x86_64", 41, "socket"),
        ("x86_64", 53, "socketpair"),
        ("aarch64", 198, "socket"),
        ("aarch64", 199, "socketpair"),
    ],
)
def test_the_numbers_match_the_kernels_tables(machine: str, number: int, call: str) -> None:
    assert getattr(SYSCALL_ABIS[machine][0], call) == number
