"""Bootstrap intervals: patients are resampled, with all their cases."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.stats.proportions import clopper_pearson, normal_quantile, t_quantile
from xaudit.stats.weights import Patients, numbered, patient_counts

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

METHOD = Message("patient bootstrap, expanded percentile")
# From so many patients on, sums are drawn by kinds of patients or from a normal distribution.
_MANY = 1000
# Kinds are drawn where there are so many times fewer of them than patients.
_FEWER = 4
# Skewness of a sum that moves a limit by less than half of what 2,000 draws leave open.
_SKEW = 0.05
# The same for sums that are added up without their signs: the limits of 15 simulated studies within
# it moved by at most 0.033 standard errors.
_SKEW_TOGETHER = 0.03
_ROWS, _CELLS = 1 << 14, 1 << 22
# Above this share of draws without a value the interval would describe the lucky draws only.
VOID_LIMIT = 0.01
# Below this many patients intervals from draws are too short to be judged.
FEW_PATIENTS = 30


def bootstrap(
    statistic: Callable[[IntArray], float | None],
    patients: Patients,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """How far would any statistic vary if other patients had come?

    Expanded percentile interval (see `interval_of_draws`). Patients are sorted first, so the
    order of the rows does not matter.

    Args:
        statistic: takes row indices (repeated where a patient is sampled twice), gives a value, or
            None where there is none.
        patients: one name for each row.
        rng: source of the draws.
        draws: how many times patients are resampled.
        level: confidence level, two-sided.
    """
    clusters, index = numbered(patients)
    rows = np.argsort(index, kind="stable")
    groups = np.split(rows, np.cumsum(np.bincount(index, minlength=clusters))[:-1])
    value = statistic(np.arange(len(patients))) if clusters >= 2 else None
    replicates = np.full(draws, np.nan)
    for draw in range(draws if value is not None else 0):
        chosen = rng.integers(clusters, size=clusters)
        result = statistic(np.concatenate([groups[i] for i in chosen]))
        replicates[draw] = np.nan if result is None else result
    return interval_of_draws(value, replicates, len(patients), clusters, level)


def weighted_bootstrap(
    statistic: Callable[[Array], float | None],
    patients: Patients,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """How far would a statistic of weighted rows vary if other patients had come?

    The draws of `bootstrap`, told as how often each row is drawn: what has to be sorted is sorted
    once.

    Args:
        statistic: takes a weight (N,) for each row, gives a value, or None where there is none.
        patients: one name for each row.
        rng: source of the draws.
        draws: how many times patients are resampled.
        level: confidence level, two-sided.
    """
    clusters, index = numbered(patients)
    value = statistic(np.ones(len(patients))) if clusters >= 2 else None
    replicates = np.full(draws, np.nan)
    for draw in range(draws if value is not None else 0):
        counts = np.bincount(rng.integers(clusters, size=clusters), minlength=clusters)
        result = statistic(counts[index].astype(float))
        replicates[draw] = np.nan if result is None else result
    return interval_of_draws(value, replicates, len(patients), clusters, level)


def clustered_sums_draws(
    columns: Array, patients: Patients, rng: np.random.Generator, draws: int
) -> Array:
    """Column sums over resampled patients, for every draw; memory is bounded by chunks.

    Of a thousand patients and more, those who add the same are drawn as one kind, which has the
    same distribution; and where kinds do not help and no sum is noticeably skew, the sums are drawn
    from the normal distribution with their means and covariance. What that does to a limit is a
    fraction of the error of 2,000 draws: see `docs/decisions/035-a-million-rows.md`.

    Args:
        columns: (N, C), one row for each case.
        patients: N names.
        rng: source of the draws.
        draws: how many times patients are resampled.

    Returns:
        (draws, C).
    """
    clusters, index = numbered(patients)
    sums = columns
    if clusters < len(columns) or (np.diff(index) != 1).any():
        sums = np.stack(
            [np.bincount(index, weights=column, minlength=clusters) for column in columns.T], axis=1
        )
    return resampled_sums(sums, rng, draws)


class Sums(Protocol):
    """Sums (patients, C), an array or made some patients at a time."""

    def __len__(self) -> int: ...

    def __getitem__(self, patients: slice, /) -> Array: ...


def resampled_sums(
    sums: Sums, rng: np.random.Generator, draws: int, *, added_up: bool = False
) -> Array:
    """As `clustered_sums_draws`, of sums by patient that are made, or that are made when asked for.

    Args:
        sums: (patients, C).
        rng: source of the draws.
        draws: how many times patients are resampled.
        added_up: all columns but the last are read without their signs, and added up: then only
            their skewness together matters.
    """
    clusters = len(sums)
    if clusters < _MANY:
        return _drawn_singly(sums, rng, draws)
    kinds = _kinds(sums)
    if kinds is not None and len(kinds[0]) <= clusters / _FEWER:
        return np.concatenate(
            [
                rng.multinomial(clusters, kinds[1] / clusters, size=size) @ kinds[0]
                for size in _parts(draws, max(1, _CELLS // len(kinds[0])))
            ]
        )
    mean = total(sums) / clusters
    if _nearly_normal(*_moments(sums, mean), added_up=added_up):
        return _normal_sums(sums, mean, rng, draws)
    return _drawn_singly(sums, rng, draws)


def total(sums: Sums) -> Array:
    """(C,): the sums added up over all patients."""
    return np.asarray(sum(part.sum(axis=0) for part in _blocks(sums)))


def _drawn_singly(sums: Sums, rng: np.random.Generator, draws: int) -> Array:
    whole = sums[:]
    return np.concatenate([counts @ whole for counts in patient_counts(len(sums), rng, draws)])


def _parts(whole: int, most: int) -> Iterator[int]:
    """Sizes of at most so many that add up to a whole."""
    return (min(most, whole - start) for start in range(0, whole, most))


def _blocks(sums: Sums) -> Iterator[Array]:
    return (sums[start : start + _ROWS] for start in range(0, len(sums), _ROWS))


def _kinds(sums: Sums) -> tuple[Array, IntArray] | None:
    """Rows that differ, and how often each is there; None where some of them say: too many."""
    # A set is quicker than a sort of rows; adding 0 leaves no zero with a sign.
    some = np.ascontiguousarray(sums[:: max(1, len(sums) // _MANY)]) + 0.0
    if len({row.tobytes() for row in some}) > len(some) / 2:
        return None
    kinds, sizes = np.unique(sums[:], axis=0, return_counts=True)
    return kinds, sizes


def _moments(sums: Sums, mean: Array) -> tuple[Array, Array]:
    """(C,) each: second and third central moments of a sum over resampled patients."""
    squares, cubes = np.zeros(len(mean)), np.zeros(len(mean))
    for part in _blocks(sums):
        apart = part - mean
        square = apart * apart
        squares += square.sum(axis=0)
        cubes += (square * apart).sum(axis=0)
    return squares, cubes


def _nearly_normal(squares: Array, cubes: Array, *, added_up: bool) -> bool:
    """Whether sums are so little skew that they may be drawn from the normal distribution."""
    cubes = np.abs(cubes)
    if added_up:
        # With the worst signs, and as if columns were independent: few patients are in several.
        together = cubes[:-1].sum(), squares[:-1].sum()
        if together[0] > _SKEW_TOGETHER * together[1] ** 1.5:
            return False
        squares, cubes = squares[-1:], cubes[-1:]
    return bool((cubes <= _SKEW * squares**1.5).all())


def _normal_sums(sums: Sums, mean: Array, rng: np.random.Generator, draws: int) -> Array:
    parts = (part - mean for part in _blocks(sums))
    values, vectors = np.linalg.eigh(sum(part.T @ part for part in parts))
    spread = vectors * np.sqrt(np.maximum(values, 0.0))
    resampled = rng.standard_normal((draws, len(values))) @ spread.T
    return np.asarray(len(sums) * mean + resampled)


def clustered_ratio(
    numerator: Array,
    denominator: Array,
    patients: Patients,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """What is a ratio of two sums over cases, with an interval over patients?

    Args:
        numerator: (N,), what each case adds above the line.
        denominator: (N,), what each case adds below it.
        patients: N names.
        rng: source of the draws.
        draws: how many times patients are resampled.
        level: confidence level, two-sided.
    """
    columns = _columns(patients, numerator, denominator)
    clusters = numbered(patients)[0]
    bottom = float(columns[:, 1].sum())
    if bottom == 0:
        return Estimate.missing(Message("nothing to divide by"), n=len(patients), clusters=clusters)
    replicates = np.full(draws, np.nan)
    if clusters >= 2:
        sums = clustered_sums_draws(columns, patients, rng, draws)
        np.divide(sums[:, 0], sums[:, 1], out=replicates, where=sums[:, 1] != 0)
    value = float(columns[:, 0].sum()) / bottom
    return interval_of_draws(value, replicates, len(patients), clusters, level)


def clustered_mean(
    values: Array,
    patients: Patients,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
    *,
    share: bool = False,
) -> Estimate:
    """What is the mean over cases, with an interval over patients?

    Args:
        values: (N,) finite.
        patients: N names.
        rng: source of the draws.
        draws: how many times patients are resampled.
        level: confidence level, two-sided.
        share: the values lie in [0, 1]. Where all of them are the same, every draw is; the mean
            is then bounded by the share of patients with any other value, which has an exact
            upper limit (Clopper and Pearson 1934).

    Raises:
        ValueError: the lengths differ or a value is not finite.
    """
    if len(values) == 0:
        return Estimate.missing(Message("no cases"), n=0, clusters=0)
    values = np.asarray(values, dtype=float)
    if share and values.min() == values.max() and len(values) == len(patients):
        return _all_alike(float(values[0]), len(values), numbered(patients)[0], level)
    return clustered_ratio(values, np.ones(len(values)), patients, rng, draws, level)


def _all_alike(value: float, n: int, clusters: int, level: float) -> Estimate:
    """The mean where all patients have one value in [0, 1]; others may have any in between."""
    others = clopper_pearson(0, clusters, level).high
    assert others is not None
    low, high = value * (1 - others), value * (1 - others) + others
    method = Message("Clopper-Pearson on the patients with another value")
    return Estimate(value, low, high, method, level, n=n, clusters=clusters)


def clustered_difference(
    values: Array,
    in_group: BoolArray,
    patients: Patients,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """How much larger is the mean inside a group than outside, patients resampled jointly?

    Args:
        values: (N,) finite.
        in_group: (N,) bool; a patient may have cases on both sides.
        patients: N names.
        rng: source of the draws.
        draws: how many times patients are resampled.
        level: confidence level, two-sided.

    Raises:
        ValueError: the lengths differ or a value is not finite.
    """
    values, inside = np.asarray(values, dtype=float), np.asarray(in_group, dtype=float)
    clusters = numbered(patients)[0]
    if not inside.any() or inside.all():
        why = Message("no cases outside the subgroup")
        if not inside.any():
            why = Message("no cases in the subgroup")
        return Estimate.missing(why, n=len(values), clusters=clusters)
    columns = _columns(patients, values * inside, inside, values * (1 - inside), 1 - inside)
    replicates = np.full(draws, np.nan)
    if clusters >= 2:
        sums = clustered_sums_draws(columns, patients, rng, draws)
        full = (sums[:, 1] > 0) & (sums[:, 3] > 0)
        kept = sums[full]
        replicates[full] = kept[:, 0] / kept[:, 1] - kept[:, 2] / kept[:, 3]
    total = columns.sum(axis=0)
    value = float(total[0] / total[1] - total[2] / total[3])
    return interval_of_draws(value, replicates, len(values), clusters, level)


def interval_of_draws(
    value: float | None, replicates: Array, n: int, clusters: int, level: float = 0.95
) -> Estimate:
    """Percentile limits of replicates; NaN marks a draw without a value.

    Expanded (Hesterberg 2015): draws of c patients vary less than c patients do, by (c - 1) / c,
    and t on c - 1 degrees stands for z.

    Missing with fewer than two patients, without a value, or where more than 1 % of the draws
    have none. Replicates that are all the same get a caution: the data show no spread, which is
    no proof that there is none. So do fewer than 30 patients: such intervals hold the truth in 80
    to 93 % instead of 95 % (`docs/reference/coverage.md`).

    Args:
        value: from the sample.
        replicates: (draws,).
        n: cases.
        clusters: patients.
        level: confidence level, two-sided.
    """
    normal_quantile(level)
    if clusters < 2:
        return Estimate.missing(too_few_to_draw(clusters), n=n, clusters=clusters)
    if value is None:
        return Estimate.missing(Message("not defined on this sample"), n=n, clusters=clusters)
    found = replicates[~np.isnan(replicates)]
    void = len(replicates) - len(found)
    if void > VOID_LIMIT * len(replicates):
        reason = Message("{n} of {all} bootstrap draws have no value", n=void, all=len(replicates))
        return Estimate.missing(reason, n=n, clusters=clusters)
    tail = expanded_tail(clusters, level)
    low, high = map(float, np.quantile(found, [tail, 1 - tail]))
    method = METHOD
    if void:
        method = Message(
            "patient bootstrap, expanded percentile ({n} of {all} draws void)",
            n=void,
            all=len(replicates),
        )
    estimate = Estimate(value, low, high, method, level, n=n, clusters=clusters)
    if high - low <= 1e-12:
        return estimate.with_caution(
            Message("every draw gives the same value: the interval shows no spread")
        )
    if clusters < FEW_PATIENTS:
        return estimate.with_caution(
            Message(
                "{n} {what}, {least} needed for a verdict on an interval from draws",
                n=clusters,
                what=Message("patients"),
                least=FEW_PATIENTS,
            )
        )
    return estimate


def too_few_to_draw(clusters: int) -> Message:
    """Why one patient gives no interval of draws."""
    if clusters == 1:
        return Message("1 patient, 2 needed to resample")
    return Message("{n} patients, 2 needed to resample", n=clusters)


def expanded_tail(clusters: int, level: float) -> float:
    """The share of the draws left out at either end; Hesterberg 2015, section 4.2.1.

    Args:
        clusters: patients, at least 2.
        level: confidence level, two-sided.
    """
    widened = math.sqrt(clusters / (clusters - 1)) * t_quantile(level, clusters - 1)
    return float(scipy.special.ndtr(-widened))


def _columns(patients: Patients, *columns: Array) -> Array:
    if any(len(column) != len(patients) for column in columns):
        raise ValueError(f"{[len(c) for c in columns]} values for {len(patients)} patient names")
    stacked = np.stack([np.asarray(column, dtype=float) for column in columns], axis=1)
    if not np.isfinite(stacked).all():
        raise ValueError("values to be averaged are finite; leave out what is undefined")
    return stacked
