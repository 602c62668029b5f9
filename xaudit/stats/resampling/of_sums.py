"""Any function of sums over cases, with an interval over patients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from xaudit.core.estimate import Estimate
from xaudit.stats.resampling.bootstrap import clustered_sums_draws, interval_of_draws
from xaudit.stats.weights import Patients, numbered

Array = npt.NDArray[np.float64]


def clustered_function(
    function: Callable[[Array], Array],
    columns: Array,
    patients: Patients,
    rng: np.random.Generator,
    draws: int,
    undefined: str,
) -> Estimate:
    """What is a function of the column sums, and how far would it vary if other patients had come?

    Args:
        function: (..., C) sums → (...) values, NaN where there is none.
        columns: (N, C), one row for each case.
        patients: N names.
        rng: source of the draws.
        draws: how many times patients are resampled.
        undefined: the reason where the sums themselves have no value.

    Returns:
        With an interval of 95 %.
    """
    n, clusters = len(columns), numbered(patients)[0]
    value = float(function(columns.sum(axis=0))) if n else float("nan")
    if np.isnan(value):
        return Estimate.missing(undefined, n=n, clusters=clusters)
    if clusters < 2:
        return interval_of_draws(value, np.full(draws, np.nan), n, clusters)
    replicates = function(clustered_sums_draws(columns, patients, rng, draws))
    return interval_of_draws(value, replicates, n, clusters)
