"""Faithfulness: does the score depend on what a map marks, as the map says?

Everything here is arithmetic on scores that the detector gave to changed images. Curves are over
the share of the image that was taken away, the most important pixels first (``most_first``) or the
least important first (``least_first``). An image in which the least important 1 - s is taken away
is one to which the most important s was given, so the insertion curve is ``least_first`` read
backwards and needs no images of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xaudit.core.message import Message
from xaudit.core.metric import Score, Undefined, metric
from xaudit.stats.reliability import split_reliability

Array = npt.NDArray[np.float64]

# Below this fall of the probability there is nothing that a map could explain.
MINIMAL_FALL = 0.05
_ROUNDING = 1e-9


def area_under(shares: Array, scores: Array) -> float:
    """The area under a curve by the trapezoid rule.

    Args:
        shares: (S,) increasing from 0 to 1.
        scores: (S,) finite.

    Raises:
        ValueError: the shares do not run from 0 to 1, or lengths differ.
    """
    _check(shares, scores)
    return float(np.sum(np.diff(shares) * (scores[1:] + scores[:-1]) / 2))


@metric("faithfulness", better="lower", unit="number")
def deletion(shares: Array, most_first: Array) -> Score:
    """How long does the score survive when the most important pixels go first?

    Area under the deletion curve, Petsiuk et al. 2018 (RISE), over shares of the image instead
    of rows of pixels. Undefined where taking everything away hardly changes the score.

    Args:
        shares: (S,) taken away, increasing from 0 to 1.
        most_first: (S,) probabilities.

    Raises:
        ValueError: the curve is not one.
    """
    return _area(shares, most_first)


@metric("faithfulness", unit="number")
def insertion(shares: Array, least_first: Array) -> Score:
    """How early does the score come back when the most important pixels return first?

    Area under the insertion curve, Petsiuk et al. 2018; equal to that under ``least_first``.
    Undefined like `deletion`.

    Args:
        shares: (S,) taken away, increasing from 0 to 1.
        least_first: (S,) probabilities.

    Raises:
        ValueError: the curve is not one.
    """
    return _area(shares, least_first)


@metric("faithfulness", bounds=(-1.0, 1.0), unit="number")
def symmetric_relevance_gain(shares: Array, most_first: Array, least_first: Array) -> Score:
    """How much longer does the score survive least important first than most important first?

    Blücher et al. 2024: area of ``least_first`` minus area of ``most_first``. A random order
    gives 0 whatever fills the holes, an order the wrong way round gives a negative value.
    Undefined like `deletion`.

    Args:
        shares: (S,) taken away, increasing from 0 to 1.
        most_first: (S,) probabilities.
        least_first: (S,) probabilities.

    Raises:
        ValueError: a curve is not one.
    """
    kept, lost = _area(shares, least_first), _area(shares, most_first)
    if isinstance(kept, Undefined):
        return kept
    return lost if isinstance(lost, Undefined) else kept - lost


@metric("faithfulness", bounds=(-1.0, 1.0), unit="number")
def comprehensiveness(shares: Array, most_first: Array) -> Score:
    """How far does the score fall when what the map marks is taken away?

    DeYoung et al. 2020 (ERASER), equation 1, averaged over the shares up to one half. Undefined
    like `deletion`.

    Args:
        shares: (S,) taken away, increasing from 0 to 1.
        most_first: (S,) probabilities.

    Raises:
        ValueError: the curve is not one, or has no share in (0, 1/2].
    """
    reason = _nothing_to_explain(shares, most_first)
    return reason or float(most_first[0] - most_first[_few(shares)].mean())


@metric("faithfulness", better="lower", bounds=(-1.0, 1.0), unit="number")
def sufficiency(shares: Array, least_first: Array) -> Score:
    """How far does the score fall when only what the map marks is left?

    DeYoung et al. 2020 (ERASER), equation 2, averaged over the shares kept up to one half.
    Undefined like `deletion`.

    Args:
        shares: (S,) taken away, increasing from 0 to 1.
        least_first: (S,) probabilities.

    Raises:
        ValueError: the curve is not one, or has no share in [1/2, 1).
    """
    reason = _nothing_to_explain(shares, least_first)
    return reason or float(least_first[0] - least_first[_few(1 - shares)].mean())


@metric("faithfulness", bounds=(-1.0, 1.0), unit="number")
def faithfulness_correlation(marked: Array, falls: Array, areas: Array) -> Score:
    """Do regions with more evidence cost more score when hidden, region size aside?

    Pearson correlation of both, Bhatt et al. 2020, equation 5, with the hidden area partialled
    out of each: subsets differ in size here, and any positive map, a constant one too, would
    correlate through size alone.

    Args:
        marked: (N,) sum of the map over what was hidden.
        falls: (N,) logit of the image minus that of the image with the subset hidden.
        areas: (N,) share of the image that was hidden.

    Raises:
        ValueError: the lengths differ or a value is not finite.
    """
    _check_subsets(marked, falls, areas)
    if len(marked) < 4:
        return Undefined(Message("{n} subsets, 4 needed for a partial correlation", n=len(marked)))
    if _spread(falls) == 0:
        return Undefined(Message("hiding changes nothing: every subset costs the same"))
    left, right = _without(marked, areas), _without(falls, areas)
    if not left.any():
        return Undefined(Message("the map tells subsets apart by their size only"))
    if not right.any():
        return Undefined(Message("what hiding costs depends on the size of the subset only"))
    return float(np.clip(left @ right / np.sqrt((left @ left) * (right @ right)), -1, 1))


@metric("faithfulness", better="lower", unit="number")
def infidelity(marked: Array, falls: Array) -> Score:
    """What share of the changes of the score does the map fail to predict?

    Yeh et al. 2019, definition 2.1, with subsets set to a baseline as perturbations (so that
    Iᵀφ is the sum of the map over the subset, as in Ancona et al. 2018), the map scaled by the
    best factor that is not negative, over the mean square of the changes: 0 is a perfect
    prediction, 1 one that is no better than none. Scaling the map changes nothing.

    Args:
        marked: (N,) sum of the map over what was hidden.
        falls: (N,) logit of the image minus that of the image with the subset hidden.

    Raises:
        ValueError: the lengths differ or a value is not finite.
    """
    _check_subsets(marked, falls)
    if not len(falls) or not falls.any():
        return Undefined(Message("hiding changes nothing"))
    # Lengths of 1: squares of very small or very large maps stay within the numbers.
    marked, falls = _unit(marked), _unit(falls)
    factor = max(0.0, float(marked @ falls))
    return float(np.clip(np.sum((factor * marked - falls) ** 2), 0, 1))


@metric("faithfulness", better="lower", bounds=(0.0, 2.0), unit="number")
def baseline_spread(gains: Sequence[float]) -> Score:
    """How far apart are the gains of one map under different baselines?

    Largest minus smallest `symmetric_relevance_gain`.

    Args:
        gains: one for each baseline that has one.
    """
    if len(gains) < 2:
        return Undefined(Message("{n} baselines have a value, 2 needed", n=len(gains)))
    return max(gains) - min(gains)


@metric("faithfulness", bounds=(None, 1.0), unit="number")
def image_reliability(table: Array) -> Score:
    """How far can the faithfulness of one single image be relied on?

    These scores are noisy image by image (Tomsett et al. 2020): here the reliability, over
    baselines, of the mean over baselines, see `xaudit.stats.reliability.split_reliability`. A
    low value leaves the mean over many images meaningful and says nothing of any one of them.

    Args:
        table: (images, baselines) of `symmetric_relevance_gain`, finite.
    """
    if min(table.shape) < 2:
        return Undefined(
            Message("2 images and 2 baselines are needed, got {shape}", shape=str(table.shape))
        )
    value = split_reliability(table)
    return Undefined(Message("the baselines do not agree at all")) if value is None else value


def _area(shares: Array, scores: Array) -> Score:
    return _nothing_to_explain(shares, scores) or area_under(shares, scores)


def _nothing_to_explain(shares: Array, scores: Array) -> Undefined | None:
    _check(shares, scores)
    if scores[0] - scores[-1] < MINIMAL_FALL:
        return Undefined(
            Message(
                "the probability falls from {high:.3f} to {low:.3f} when everything is taken "
                "away; {least} is needed",
                high=scores[0],
                low=scores[-1],
                least=MINIMAL_FALL,
            )
        )
    return None


def _few(shares: Array) -> npt.NDArray[np.bool_]:
    chosen = (shares > _ROUNDING) & (shares <= 0.5 + _ROUNDING)
    if not chosen.any():
        raise ValueError(f"a share up to one half is needed, got {shares.tolist()}")
    return np.asarray(chosen)


def _check(shares: Array, scores: Array) -> None:
    if shares.shape != scores.shape or shares.ndim != 1 or len(shares) < 2:
        raise ValueError(f"a score for each share is needed, got {shares.shape}, {scores.shape}")
    if shares[0] != 0 or shares[-1] != 1 or (np.diff(shares) <= 0).any():
        raise ValueError(f"shares increase from 0 to 1, got {shares.tolist()}")
    if not np.isfinite(scores).all():
        raise ValueError(f"scores are finite, got {scores.tolist()}")


def _check_subsets(*columns: Array) -> None:
    if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
        raise ValueError(f"one value for each subset, got {[one.shape for one in columns]}")
    if not all(np.isfinite(column).all() for column in columns):
        raise ValueError("values of subsets are finite")


def _without(values: Array, other: Array) -> Array:
    """What is left of values after their straight line over another; 0 below rounding."""
    values, other = _unit(values - values.mean()), _unit(other - other.mean())
    rest = np.asarray(values - (values @ other) * other)
    return rest if np.abs(rest).max() > 1e-7 else np.zeros_like(rest)


def _unit(values: Array) -> Array:
    largest = float(np.abs(values).max())
    if largest == 0:
        return values
    scaled = values / largest
    return np.asarray(scaled / np.sqrt(scaled @ scaled))


def _spread(values: Array) -> float:
    largest = float(np.abs(values).max())
    return float(np.ptp(values)) if np.ptp(values) > _ROUNDING * largest else 0.0
