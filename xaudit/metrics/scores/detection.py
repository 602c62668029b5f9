"""Detection: free-response and localization figures of merit of marks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xaudit.core.case import BoolArray
from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.metric import metric
from xaudit.metrics.scores.froc import Froc
from xaudit.stats.resampling.bootstrap import interval_of_draws
from xaudit.stats.roc.weighted_auc import WeightedScores, weighted_auc
from xaudit.stats.weights import numbered, patient_counts, patient_weights

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
_LOWEST = float(np.finfo(np.float64).min)


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What a detector marked in N cases, after marks were matched with lesions.

    Attributes:
        patients: N names of the independent units.
        lesion_cases: (L,) number of the case of each lesion, from 0.
        lesion_ratings: (L,) rating of the mark that hits the lesion, -∞ where none does.
        false_cases: (F,) number of the case of each mark that hits no lesion.
        false_ratings: (F,) its rating, finite.
        unit: what the study calls its independent unit.
    """

    patients: tuple[str, ...]
    lesion_cases: IntArray
    lesion_ratings: Array
    false_cases: IntArray
    false_ratings: Array
    unit: str = "patient"

    def __post_init__(self) -> None:
        for name in ("lesion", "false"):
            cases = np.asarray(getattr(self, f"{name}_cases"), dtype=np.intp)
            ratings = np.asarray(getattr(self, f"{name}_ratings"), dtype=np.float64)
            object.__setattr__(self, f"{name}_cases", cases)
            object.__setattr__(self, f"{name}_ratings", ratings)
            if len(cases) != len(ratings):
                raise ValueError(f"{name}: {len(cases)} cases but {len(ratings)} ratings")
            if len(cases) and not 0 <= cases.min() <= cases.max() < len(self):
                raise ValueError(f"{name}: a case is not in 0 … {len(self) - 1}")
            if np.isnan(ratings).any() or np.isposinf(ratings).any():
                raise ValueError(f"{name}: a rating is NaN or ∞")
        if np.isneginf(self.false_ratings).any():
            raise ValueError("false: a mark has the rating -∞; that is for lesions without a mark")

    def __len__(self) -> int:
        return len(self.patients)

    def among(self, cases: BoolArray) -> Marks:
        """The marks of some of the cases, by a mask (N,)."""
        number = np.cumsum(cases) - 1
        lesions, false = cases[self.lesion_cases], cases[self.false_cases]
        return Marks(
            tuple(self.patients[case] for case in np.flatnonzero(cases)),
            number[self.lesion_cases[lesions]],
            self.lesion_ratings[lesions],
            number[self.false_cases[false]],
            self.false_ratings[false],
            self.unit,
        )

    @property
    def diseased(self) -> BoolArray:
        """Which cases have a lesion; (N,)."""
        return np.bincount(self.lesion_cases, minlength=len(self)) > 0

    @property
    def highest_false(self) -> Array:
        """The highest rating of a mark that hits nothing, -∞ where there is none; (N,)."""
        return _highest(self.false_cases, self.false_ratings, len(self))

    @property
    def highest_true(self) -> Array:
        """The highest rating of a lesion, -∞ where none is marked; (N,)."""
        return _highest(self.lesion_cases, self.lesion_ratings, len(self))


def froc_points(marks: Marks) -> tuple[Array, Array]:
    """The corners of the FROC curve: false marks per case, and share of lesions found; ascending.

    From (0, 0) to the most lenient threshold; Bunch et al. 1978. Tied ratings move together.

    Args:
        marks: of N ≥ 1 cases with at least one lesion.

    Raises:
        ValueError: there is no lesion.
    """
    if not len(marks.lesion_cases):
        raise ValueError("an FROC curve needs lesions")
    curve = _curve(marks)
    x, y = curve.corners(np.ones((1, len(curve.cases))))
    return x[0], y[0]


@metric("detection")
def sensitivity_at_false_marks(
    marks: Marks, rate: float, rng: np.random.Generator, draws: int = 2000
) -> Estimate:
    """What share of lesions is found where there are at most so many false marks per case?

    At the most lenient threshold that keeps the rate: a corner of the FROC curve, not a point
    between two. The threshold is found in the same cases, and again in every draw of patients.

    Args:
        marks: of N cases.
        rate: false marks per case, not negative.
        rng: source of the draws.
        draws: how many times patients are resampled.

    Raises:
        ValueError: the rate is negative.
    """
    return sensitivities_at_false_marks(marks, (rate,), rng, draws)[0]


def sensitivities_at_false_marks(
    marks: Marks, rates: Sequence[float], rng: np.random.Generator, draws: int = 2000
) -> tuple[Estimate, ...]:
    """`sensitivity_at_false_marks` at several rates, from the same draws.

    Args:
        marks: of N cases.
        rates: false marks per case, not negative.
        rng: source of the draws.
        draws: how many times patients are resampled.

    Raises:
        ValueError: a rate is negative.
    """
    for rate in rates:
        if not rate >= 0:
            raise ValueError(f"a rate of false marks is not negative, got {rate}")

    curve = _curve(marks)

    def parts() -> Iterator[Array]:
        for weights in patient_weights(len(curve.cases), rng, draws):
            yield curve.found_at(rates, weights)

    once = np.ones((len(curve.cases), 1), dtype=np.float32)
    return _estimates(marks, lambda: curve.found_at(rates, once)[0], parts, len(rates))


@metric("detection")
def froc_area(marks: Marks, limit: float, rng: np.random.Generator, draws: int = 2000) -> Estimate:
    """What share of lesions is found, on average over rates of false marks up to a limit?

    Area under the steps of the FROC curve, divided by the limit; beyond its last corner the curve
    stays level.

    Args:
        marks: of N cases.
        limit: false marks per case, positive.
        rng: source of the draws.
        draws: how many times patients are resampled.

    Raises:
        ValueError: the limit is not positive.
    """
    if not limit > 0:
        raise ValueError(f"a limit of false marks is positive, got {limit}")

    curve = _curve(marks)

    def area(counts: Array) -> Array:
        """(draws, 1)."""
        x, y = curve.corners(counts)
        steps = np.diff(np.minimum(x, limit), axis=1, append=limit)
        return np.asarray(np.einsum("dc,dc->d", steps, y)[:, None] / limit)

    def parts() -> Iterator[Array]:
        return map(area, patient_counts(len(curve.cases), rng, draws))

    once = np.ones((1, len(curve.cases)))
    return _estimates(marks, lambda: area(once)[0], parts, 1)[0]


@metric("detection")
def afroc_auc(marks: Marks) -> Estimate:
    """How often is a lesion rated above all marks of a case without lesion?

    Every lesion counts the same; Chakraborty and Winter 1990. A lesion and a case without any mark
    tie. See `xaudit.stats.roc.weighted_auc.weighted_auc` for the interval.
    """
    return _against_normal(marks, np.ones(len(marks.lesion_cases)))


@metric("detection")
def wafroc_auc(marks: Marks) -> Estimate:
    """How often is a lesion rated above all marks of a case without lesion, per diseased case?

    Every diseased case counts the same, its lesions share its weight; Chakraborty and Zhai 2016.
    A lesion and a case without any mark tie.
    """
    lesions = np.bincount(marks.lesion_cases, minlength=len(marks))
    return _against_normal(marks, 1 / lesions[marks.lesion_cases])


@metric("detection")
def lroc_auc(marks: Marks) -> Estimate:
    """How often is the highest mark of a diseased case right, and above a case without lesion?

    Area under the LROC curve (Swensson 1996); chance is near 0, not 0.5. Where a hit and a false
    mark of one case tie for the highest, the false one counts.
    """
    diseased, right = marks.diseased, marks.highest_true > marks.highest_false
    # A wrong place never wins, not even against a case without a mark.
    up = np.where(right, marks.highest_true, -np.inf)[diseased]
    down = np.maximum(marks.highest_false, _LOWEST)[~diseased]
    names = np.asarray(marks.patients, dtype=object)
    return _told(
        weighted_auc(
            WeightedScores(up, np.ones(len(up)), list(names[diseased])),
            WeightedScores(down, np.ones(len(down)), list(names[~diseased])),
        ),
        marks,
    )


def _curve(marks: Marks) -> Froc:
    clusters, patient = numbered(marks.patients)
    marked = np.isfinite(marks.lesion_ratings)
    ratings = np.concatenate([marks.lesion_ratings[marked], marks.false_ratings])
    cases = np.concatenate([marks.lesion_cases[marked], marks.false_cases])
    order = np.argsort(-ratings, kind="stable")
    falling = ratings[order]
    return Froc(
        patient[cases[order]],
        order < int(marked.sum()),
        np.append(falling[1:] != falling[:-1], True)[: len(falling)],
        np.bincount(patient[marks.lesion_cases], minlength=clusters),
        np.bincount(patient, minlength=clusters),
    )


def _estimates(
    marks: Marks,
    value: Callable[[], Array],
    parts: Callable[[], Iterable[Array]],
    width: int,
) -> tuple[Estimate, ...]:
    """Of so many values (width,), and of some draws of each at a time (draws, width)."""
    if not len(marks.lesion_cases):
        return (_told(Estimate.missing(Message("no lesions")), marks),) * width
    clusters = numbered(marks.patients)[0]
    drawn = np.concatenate([np.empty((0, width)), *(parts() if clusters >= 2 else ())])
    return tuple(
        _told(interval_of_draws(float(one), column, len(marks), clusters), marks)
        for one, column in zip(value(), drawn.T, strict=True)
    )


def _against_normal(marks: Marks, weights: Array) -> Estimate:
    names, normal = np.asarray(marks.patients, dtype=object), ~marks.diseased
    return _told(
        weighted_auc(
            WeightedScores(marks.lesion_ratings, weights, list(names[marks.lesion_cases])),
            WeightedScores(
                marks.highest_false[normal], np.ones(int(normal.sum())), list(names[normal])
            ),
        ),
        marks,
    )


def _told(estimate: Estimate, marks: Marks) -> Estimate:
    clusters = len(set(marks.patients))
    return replace(estimate, n=len(marks), clusters=clusters, unit=marks.unit)


def _highest(cases: IntArray, ratings: Array, n: int) -> Array:
    top = np.full(n, -np.inf)
    np.maximum.at(top, cases, ratings)
    return top
