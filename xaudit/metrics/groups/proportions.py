"""Proportions: metrics of a subgroup that are shares of some of its cases."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xaudit.core.case import BoolArray
from xaudit.metrics.scores.discrimination import Predictions

# What succeeds, and among which cases; both (N,) bool.
PROPORTIONS: dict[str, Callable[[Predictions], tuple[BoolArray, BoolArray]]] = {
    "sensitivity": lambda p: (p.called, p.labels),
    "specificity": lambda p: (~p.called, ~p.labels),
    "ppv": lambda p: (p.labels, p.called),
    "npv": lambda p: (~p.labels, ~p.called),
    "accuracy": lambda p: (p.called == p.labels, np.ones(len(p), dtype=bool)),
}
