"""For every test: one thread for each worker, and no clock.

Workers of pytest-xdist share the cores. How long an example of Hypothesis takes says how busy the
machine is, not whether the code is right.
"""

import os

from hypothesis import settings

if "PYTEST_XDIST_WORKER" in os.environ:
    # Read by OpenMP when torch is imported, and handed on to processes that tests start.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
