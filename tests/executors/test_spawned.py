"""Processes end with the one that started them, and search no current folder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from xaudit.executors.spawned import safe_path

_POOL = """
import multiprocessing, os, time
from xaudit.executors.spawned import begin

def who(_):
    time.sleep(0.2)
    return os.getpid()

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2, begin, (1,)) as pool:
        print(*set(pool.map(who, range(8), chunksize=1)), flush=True)
        pool.map(time.sleep, [600, 600])
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "pool.py"
    script.write_text(_POOL, encoding="utf-8")
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        workers = [int(one) for one in parent.stdout.readline().split()]
        parent.send_signal(signal.SIGKILL)
    assert workers
    deadline = time.monotonic() + 30
    while any(map(_lives, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(_lives, workers))


def _lives(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_workers_do_not_search_the_current_folder(monkeypatch):
    """What `spawn` starts is `python -c`, which has the current folder first on its path."""
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    with safe_path():
        flags = [sys.executable, "-c", "import sys; print(sys.flags.safe_path, sys.path[0] == '')"]
        assert subprocess.run(flags, capture_output=True, text=True, check=True).stdout == (
            "True False\n"
        )
    assert "PYTHONSAFEPATH" not in os.environ
