"""A seccomp filter: calls of the kernel that a model has no use for are refused."""

from __future__ import annotations

import ctypes
import errno
import platform
from collections.abc import Iterable

from xaudit.models.sandbox.kernel import call

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_THREAD = 0x00010000
_NEW_NAMESPACES = 0x7E020000 | 0x00000080
_OTHER_ABI = 0x40000000
_SET_FILTER, _MODE_FILTER = 22, 2

# (architecture of audit, number on x86_64, number on aarch64); -1 where there is no such call.
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_REFUSED = {
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "accept4": (288, 242),
    "bind": (49, 200), "listen": (50, 201),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438), "kcmp": (312, 272),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "unshare": (272, 97), "setns": (308, 268),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "kexec_load": (246, 104), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "acct": (163, 89), "swapon": (167, 224), "swapoff": (168, 225),
    "reboot": (169, 142), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "quotactl": (179, 60), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
}  # fmt: skip
_FORKS = {"fork": (57, -1), "vfork": (58, -1)}
_CLONE, _CLONE3 = (56, 220), (435, 435)


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte),
        ("value", ctypes.c_uint32),
    )  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction)))


def install(*, forks: bool) -> None:
    """Filter the calls of this process and of all that come from it, for good.

    Args:
        forks: whether it may start processes; threads are always allowed.

    Raises:
        OSError: the kernel takes no filter, or the architecture is not known.
    """
    made = _instructions(platform.machine(), forks)
    array = (_Instruction * len(made))(*made)
    call("prctl", _SET_FILTER, _MODE_FILTER, ctypes.byref(_Program(len(made), array)), 0, 0)


def _instructions(machine: str, forks: bool) -> list[_Instruction]:
    if machine not in _ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no filter is known for {machine}")
    column = list(_ARCHITECTURES).index(machine)
    refused = _REFUSED if forks else {**_REFUSED, **_FORKS}
    bits = _NEW_NAMESPACES if forks else _THREAD
    return [
        _Instruction(_LOAD, 0, 0, _ARCHITECTURE),
        _Instruction(_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        _Instruction(_RETURN, 0, 0, _KILL),
        _Instruction(_LOAD, 0, 0, _NUMBER),
        # Numbers of another ABI, by which the same calls are known too.
        _Instruction(_AT_LEAST, 0, 1, _OTHER_ABI),
        _answer(errno.EPERM),
        *_each(numbers[column] for numbers in refused.values() if numbers[column] >= 0),
        # Its flags lie where a filter cannot read; who is told that there is none takes clone.
        *_each([_CLONE3[column]], errno.ENOSYS),
        _Instruction(_EQUAL, 0, 3, _CLONE[column]),
        _Instruction(_LOAD, 0, 0, _FIRST_ARGUMENT),
        # Either flags are set that make namespaces, or the one that makes a thread is not.
        _Instruction(_ANY_BIT, 0, 1, bits) if forks else _Instruction(_ANY_BIT, 1, 0, bits),
        _answer(errno.EPERM),
        _Instruction(_RETURN, 0, 0, _ALLOW),
    ]


def _each(numbers: Iterable[int], error: int = errno.EPERM) -> list[_Instruction]:
    return [
        one for number in numbers for one in (_Instruction(_EQUAL, 0, 1, number), _answer(error))
    ]


def _answer(error: int) -> _Instruction:
    return _Instruction(_RETURN, 0, 0, _REFUSE | error)
