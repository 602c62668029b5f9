"""The filter, read by a slow machine of our own: what each call of the kernel gets."""

import errno

import pytest

from xaudit.models.sandbox import syscall_filter
from xaudit.models.sandbox.syscall_filter import _instructions

ALLOWED, KILLED = "allowed", "killed"
NUMBERS = {
    "x86_64": {
        "read": 0, "mmap": 9, "socketpair": 53, "clone": 56, "fork": 57, "vfork": 58, "execve": 59,
        "exit": 60, "socket": 41, "connect": 42, "ptrace": 101, "mount": 165, "unshare": 272,
        "bpf": 321, "clone3": 435, "io_uring_setup": 425, "futex": 202, "openat": 257,
    },
    "aarch64": {
        "read": 63, "mmap": 222, "socketpair": 199, "clone": 220, "execve": 221, "exit": 93,
        "socket": 198, "connect": 203, "ptrace": 117, "mount": 40, "unshare": 97, "bpf": 280,
        "clone3": 435, "io_uring_setup": 425, "futex": 98, "openat": 56,
    },
}  # fmt: skip
REFUSED = ("socket", "connect", "ptrace", "mount", "unshare", "bpf", "io_uring_setup")
FREE = ("read", "mmap", "socketpair", "execve", "exit", "futex", "openat")
ABI = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
THREAD, NEW_USER, NEW_NETWORK = 0x00010000, 0x10000000, 0x40000000


def answered(program, abi, number, argument=0):
    """What the program says of a call."""
    data, place, held = {0: number, 4: abi, 16: argument & 0xFFFFFFFF}, 0, 0
    for _ in range(1000):
        one = program[place]
        place += 1
        if one.code == 0x20:
            held = data[one.value]
        elif one.code == 0x06:
            kind, value = one.value & 0xFFFF0000, one.value & 0xFFFF
            return {0x7FFF0000: ALLOWED, 0x80000000: KILLED}.get(kind, value)
        else:
            holds = {
                0x15: held == one.value, 0x35: held >= one.value, 0x45: bool(held & one.value),
            }[one.code]  # fmt: skip
            place += one.yes if holds else one.no
    raise AssertionError("it does not end")


@pytest.mark.parametrize("machine", sorted(NUMBERS))
@pytest.mark.parametrize("forks", [False, True])
def test_each_call_gets_what_it_should(machine, forks):
    program, numbers = _instructions(machine, forks), NUMBERS[machine]

    def said(name, argument=0):
        return answered(program, ABI[machine], numbers[name], argument)

    for name in FREE:
        assert said(name) == ALLOWED, name
    for name in REFUSED:
        assert said(name) == errno.EPERM, name
    assert said("clone3") == errno.ENOSYS
    assert said("clone", THREAD | 0x3D0F00) == ALLOWED
    assert said("clone", 17) == (ALLOWED if forks else errno.EPERM)
    assert said("clone", NEW_USER | 17) == errno.EPERM
    assert said("clone", NEW_NETWORK) == errno.EPERM
    for name in {"fork", "vfork"} & set(numbers):
        assert said(name) == (ALLOWED if forks else errno.EPERM)
    for number in (numbers["read"], numbers["socket"]):
        assert answered(program, 0x40000003, number) == KILLED
        assert answered(program, ABI[machine], number | 0x40000000) == errno.EPERM


def test_an_architecture_that_nobody_knows_is_refused():
    with pytest.raises(OSError, match="no filter is known for riscv64"):
        _instructions("riscv64", False)


def test_every_call_has_a_number_on_each():
    for numbers in (*syscall_filter._REFUSED.values(), *syscall_filter._FORKS.values()):
        assert len(numbers) == len(ABI)
    for column in range(len(ABI)):
        known = [one[column] for one in syscall_filter._REFUSED.values()]
        assert len(set(known)) == len(known)
