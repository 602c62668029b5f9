import gc
import os
import subprocess
import sys

import numpy as np
import pytest

from xaudit.core.memory import cycles_ignored_longer, give_back, keep_freed


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
    monkeypatch.setattr("xaudit.core.memory._C", None)
    keep_freed()
    give_back()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's option")
def test_large_arrays_are_made_of_what_was_freed():
    """In a process of its own: it would hold for all tests behind it."""
    code = """
import resource
import numpy as np
from xaudit.core.memory import keep_freed
keep_freed()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(1 << 21).sum()
before = faults()
for _ in range(20):
    np.ones(1 << 21).sum()
print(faults() - before)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    # Mapped again, 16 MB are 4,096 pages each time, or 8 huge ones.
    assert int(found.stdout) < 20


def test_cycles_are_looked_for_as_before_afterwards():
    before = gc.get_threshold()
    with cycles_ignored_longer():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before
