"""Memory that is free but still held."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG = 50_000
"""Objects that are made before Python looks for cycles among them; its own default is 700."""


@contextmanager
def cycles_ignored_longer() -> Iterator[None]:
    """Look for cycles more rarely while very many small objects without any are made.

    Findings of 560 groups are hundreds of thousands of them; looking through them again and again
    took a twelfth of the time.
    """
    young, *older = gc.get_threshold()
    gc.set_threshold(max(young, _YOUNG), *older)
    try:
        yield
    finally:
        gc.set_threshold(young, *older)


def give_back() -> None:
    """Give the system what libraries hold for later; of a million rows it is a third of all.

    To be called behind something large, not in a loop over small things. What the C library keeps
    is given back where that is glibc; elsewhere nothing happens to it.
    """
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    # Windows has no library of the process itself to ask.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
