"""Memory that is free but still held."""

from __future__ import annotations

import ctypes
import sys


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
