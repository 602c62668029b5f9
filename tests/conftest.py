"""For every test: one thread for each worker, and no clock.

Workers of pytest-xdist share the cores. How long an example of Hypothesis takes says how busy the
machine is, not whether the code is right.
"""

import os
import subprocess
import sys

import pytest
from filelock import FileLock
from hypothesis import settings

if "PYTEST_XDIST_WORKER" in os.environ:
    # Read by OpenMP when torch is imported, and handed on to processes that tests start.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def state_home(tmp_path_factory):
    """Keys of patients' codes are kept here, not in the home of who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def whole_demo(tmp_path_factory):
    """The folder that `xaudit demo` leaves, made once for all workers; not to be written to."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "whole-demo"
    with FileLock(f"{folder}.lock"):
        if not (folder / "card.html").exists():
            command = [sys.executable, "-m", "xaudit", "demo", "--out", str(folder)]
            subprocess.run(command, capture_output=True, text=True, check=True)
    return folder
