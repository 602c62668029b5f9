"""Equivalence of two things, up to a margin that was declared before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import scipy

from xaudit.core.estimate import Estimate

Answer = Literal["equivalent", "different", "not shown", "undefined"]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """What an interval says about a margin.

    Attributes:
        answer: "equivalent": all of the interval lies within the margin; "different": all of it
            lies beyond; "not shown": neither.
        margin: the largest difference that does not matter.
        alpha: error rate of the two one-sided tests: half of what the interval leaves out.
    """

    answer: Answer
    margin: float
    alpha: float


def equivalence(difference: Estimate, margin: float) -> Equivalence:
    """Is a difference shown to be smaller than a margin?

    Two one-sided tests (Schuirmann 1987), read from the interval: at error rate α they reject
    where the interval of level 1 - 2α lies strictly within the margin. A 95 % interval is a test at
    2.5 %; hand over a 90 % interval for 5 %.

    Args:
        difference: with its interval, of any method.
        margin: positive, in the unit of the difference.

    Raises:
        ValueError: the margin is not positive.
    """
    if not margin > 0:
        raise ValueError(f"an equivalence margin is positive, got {margin}")
    alpha = (1 - difference.level) / 2
    if difference.low is None or difference.high is None:
        return Equivalence("undefined", margin, alpha)
    if -margin < difference.low and difference.high < margin:
        return Equivalence("equivalent", margin, alpha)
    beyond = difference.low >= margin or difference.high <= -margin
    return Equivalence("different" if beyond else "not shown", margin, alpha)


def equivalence_p_value(value: float, error: float, margin: float) -> float:
    """The larger p-value of the two one-sided z-tests; Schuirmann 1987.

    Args:
        value: the difference.
        error: its standard error, positive.
        margin: positive.

    Raises:
        ValueError: the error or the margin is not positive.
    """
    if not (margin > 0 and error > 0):
        raise ValueError(f"margin and standard error are positive, got {margin} and {error}")
    return float(scipy.special.ndtr((abs(value) - margin) / error))
