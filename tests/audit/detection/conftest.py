"""An audit of boxes that is read by several tests."""

import numpy as np
import pytest
from box_study import FILMS, film, write_study

from xaudit.audit.config.read_config import Overrides
from xaudit.pipeline.predictions import run_predictions


@pytest.fixture(scope="session")
def films():
    rng = np.random.default_rng(11)
    return [film(rng) for _ in range(FILMS)]


@pytest.fixture(scope="session")
def audit(once, films):
    """The folder of the study; the audit is in its `out`."""

    def fill(folder):
        folder.mkdir()
        write_study(folder, films)
        run_predictions(folder / "audit.yaml", folder / "out", Overrides(), None)

    return once("boxes", fill)
