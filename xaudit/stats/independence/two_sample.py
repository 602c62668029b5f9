"""Two-sample tests of patients of two places: a classifier's test, and distances of means.

Both statistics are recomputed exactly for every permutation of patients: a least-squares classifier
with fixed folds is linear in the labels that it learns, so that one operator gives its out-of-fold
scores for all permutations in one product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from xaudit.core.case import BoolArray

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

FOLDS = 5
RIDGE = 1.0
"""Added to a kernel whose diagonal is 1 on average."""
_TIE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Permuted:
    """A statistic, and what it is where patients are dealt out again.

    Attributes:
        value: of the sample.
        null: (draws,), of the permutations.
    """

    value: float
    null: Array

    @property
    def p_value(self) -> float:
        """Chance of a value as large, the sample itself counted among the permutations.

        Phipson and Smyth 2010: (1 + as large) / (1 + draws), which is never 0 and holds its level
        with any number of draws. Values that differ by rounding are ties.
        """
        reached = int((self.null >= self.value - _TIE * max(1.0, abs(self.value))).sum())
        return (1 + reached) / (1 + len(self.null))


def standardized(values: Array) -> Array:
    """Columns with mean 0 and standard deviation 1; those that never vary are left out.

    Args:
        values: (N, D) finite.
    """
    spread = values.std(axis=0)
    vary = spread > 1e-9 * np.maximum(1.0, np.abs(values).max(axis=0, initial=0.0))
    kept = values[:, vary]
    return np.asarray((kept - kept.mean(axis=0)) / spread[vary], dtype=np.float64)


def linear_kernel(values: Array) -> Array:
    """Inner products over the number of columns: 1 on the diagonal on average; (N, D) → (N, N)."""
    return np.asarray(values @ values.T / values.shape[1])


def gaussian_kernel(values: Array, patients: IntArray) -> Array | None:
    """exp(-d² / 2 m²), with the median heuristic: m is the median distance; (N, D) → (N, N).

    Gretton et al. 2012, section 8. Distances within a patient are not asked: many images of one
    would make the kernel narrow. None where the median is 0.

    Args:
        values: (N, D).
        patients: (N,), the number of each row's patient.
    """
    distances = scipy.spatial.distance.cdist(values, values)
    apart = distances[patients[:, None] < patients[None, :]]
    median = float(np.median(apart)) if len(apart) else 0.0
    if median <= 0:
        return None
    return np.asarray(np.exp(-(distances**2) / (2 * median**2)))


def patient_folds(clusters: int, rng: np.random.Generator, folds: int = FOLDS) -> IntArray:
    """The fold of each patient, as even as can be, without a look at where anybody comes from."""
    return np.asarray(rng.permutation(clusters) % folds, dtype=np.intp)


def held_out(kernel: Array, fold: IntArray, ridge: float = RIDGE) -> Array:
    """The operator that turns labels into out-of-fold scores; (N, N).

    Scores of a fold are those of a kernel ridge regression of the labels of all other folds on
    centered features: Fisher's linear discriminant with a ridge, where the kernel is linear. The
    intercept is left out: the folds' shares of each place would show through it.

    Args:
        kernel: (N, N).
        fold: (N,).
        ridge: added to the diagonal.
    """
    operator = np.zeros_like(kernel)
    for one in np.unique(fold):
        test, train = np.flatnonzero(fold == one), np.flatnonzero(fold != one)
        inner = kernel[np.ix_(train, train)]
        means = inner.mean(axis=0)
        centered = inner - means[:, None] - means[None, :] + inner.mean()
        outer = kernel[np.ix_(test, train)]
        outer = outer - outer.mean(axis=1, keepdims=True) - means[None, :] + inner.mean()
        solved = scipy.linalg.solve(
            centered + ridge * np.eye(len(train)), outer.T, assume_a="pos", check_finite=False
        ).T
        operator[np.ix_(test, train)] = solved - solved.mean(axis=1, keepdims=True)
    return operator


def dealt_again(
    here: BoolArray, strata: BoolArray, rng: np.random.Generator, draws: int
) -> BoolArray:
    """Patients dealt out again within their stratum; (draws, patients).

    Args:
        here: (patients,), who is at the place in question.
        strata: (patients,), the two kinds of patients that are not mixed.
        rng: source of the draws.
        draws: how many times.
    """
    dealt = np.empty((draws, len(here)), dtype=bool)
    for stratum in (strata, ~strata):
        members = np.flatnonzero(stratum)
        dealt[:, members] = rng.permuted(np.tile(here[members], (draws, 1)), axis=1)
    return dealt


def classifier_test(operator: Array, sides: BoolArray) -> tuple[Permuted, Array]:
    """How well is a place told from the others on patients that the classifier has not seen?

    Classifier two-sample test, Lopez-Paz and Oquab 2017, with the area under the ROC curve of the
    out-of-fold scores as its statistic, and the classifier trained again for each permutation.

    Args:
        operator: of `held_out`.
        sides: (1 + draws, N), the sample first; each row has cases on both sides.

    Returns:
        The area with its null distribution, and the (N,) scores of the sample.
    """
    scores = operator @ sides.T.astype(np.float64)
    ranks = scipy.stats.rankdata(scores, axis=0)
    inside = sides.sum(axis=1)
    sums = np.einsum("nb,bn->b", ranks, sides.astype(np.float64))
    areas = (sums - inside * (inside + 1) / 2) / (inside * (sides.shape[1] - inside))
    return Permuted(float(areas[0]), areas[1:]), scores[:, 0]


def mean_discrepancy(kernel: Array, sides: BoolArray) -> Permuted:
    """How far are the two places apart in the space of the kernel?

    Squared maximum mean discrepancy, Gretton et al. 2012, equation 5 (biased, as permutations have
    the same bias).

    Args:
        kernel: (N, N), positive definite.
        sides: (1 + draws, N), the sample first; each row has cases on both sides.
    """
    inside = sides.sum(axis=1, keepdims=True)
    weights = np.where(sides, 1 / inside, -1 / (sides.shape[1] - inside))
    squares = np.einsum("bn,bn->b", weights @ kernel, weights)
    return Permuted(float(squares[0]), squares[1:])
