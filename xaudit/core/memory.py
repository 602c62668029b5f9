"""Memory that is free but still held."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG = 50_000
"""Objects that are made before Python looks for cycles among them; its own default is 700."""
# Of glibc's malloc.h; larger arrays than this may not come from what was freed.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGE, _HELD = 1 << 25, 1 << 28
# Windows has no library of the process itself to ask.
_C = ctypes.CDLL(None) if sys.platform == "linux" else None


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


def keep_freed() -> None:
    """Have freed memory of tables used again, not handed back and asked for once more.

    Draws take and leave arrays of megabytes thousands of times; each time the system maps and
    clears them again, a twentieth of the time. `give_back` gives back what is free all the same.
    """
    set_option = getattr(_C, "mallopt", None)
    if set_option is not None:
        set_option(_MMAP_THRESHOLD, _LARGE)
        set_option(_TRIM_THRESHOLD, _HELD)


def give_back() -> None:
    """Give the system what libraries hold for later; of a million rows it is a third of all.

    To be called behind something large, not in a loop over small things. What the C library keeps
    is given back where that is glibc; elsewhere nothing happens to it.
    """
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    trim = getattr(_C, "malloc_trim", None)
    if trim is not None:
        trim(0)
