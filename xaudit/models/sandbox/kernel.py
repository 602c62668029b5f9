"""Calls of the Linux kernel for which Python has no function."""

from __future__ import annotations

import ctypes
import os

_LIBRARY = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> int:
    """Call a function of the C library.

    Args:
        name: of the function.
        arguments: texts, numbers and structures of ctypes.

    Raises:
        OSError: it failed; named by the function.
    """
    given = [one.encode() if isinstance(one, str) else one for one in arguments]
    typed = [ctypes.c_ulong(one) if isinstance(one, int) else one for one in given]
    result: int = getattr(_LIBRARY, name)(*typed)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
