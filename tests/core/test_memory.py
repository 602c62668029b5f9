import gc
import os

import numpy as np
import pytest

from xaudit.core.memory import cycles_ignored_longer, give_back


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="Linux tells what is resident")
def test_free_memory_is_given_back():
    # Small arrays come from one heap, and one of them at its end keeps all of it.
    held = [np.ones(1 << 12) for _ in range(4000)]
    del held[:-1]
    before = resident()
    give_back()
    assert before - resident() > 64e6


def test_a_c_library_that_cannot_is_left_alone(monkeypatch):
    monkeypatch.setattr("xaudit.core.memory.ctypes.CDLL", lambda _: object())
    give_back()


def test_cycles_are_looked_for_as_before_afterwards():
    before = gc.get_threshold()
    with cycles_ignored_longer():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before
