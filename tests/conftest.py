"""For every test: workers of pytest-xdist share the cores, so each computes on one thread."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # Read by OpenMP when torch is imported, and handed on to processes that tests start.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
