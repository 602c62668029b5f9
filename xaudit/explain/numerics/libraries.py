"""The explanation libraries, imported when they are needed and without their import warnings."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from xaudit.torchvision_operators import define_missing_operators


@cache
def library(module: str) -> Any:  # noqa: ANN401  none of them has types
    """A module of grad-cam, captum, shap or lime.

    shap registers color maps through an interface that matplotlib is about to drop, and lime
    and grad-cam use old idioms; what their import says is no news to whoever runs an audit.
    """
    define_missing_operators()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", SyntaxWarning)
        return importlib.import_module(module)


@contextmanager
def numpy_state_kept() -> Iterator[None]:
    """Give numpy's global generator back as it was: shap seeds it."""
    state = np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
