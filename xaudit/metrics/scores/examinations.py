"""Scores of examinations: several images of one patient, of which one answer is expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Rule = Literal["mean", "max", "noisy_or"]
"""How the logits of the images of an examination become one."""
RULES = get_args(Rule)

Array = npt.NDArray[np.float64]


def joined_logit(logits: Array, rule: Rule) -> float:
    """The logit of an examination.

    Args:
        logits: (N,) of its images, N at least 1; infinite for a probability of 0 or 1.
        rule: "mean" and "max" of the logits; "noisy_or" is the probability that not all images are
            normal, were they independent (Pearl 1988, section 4.3.2).

    Raises:
        ValueError: there is no image, or a logit is NaN.
    """
    if not len(logits) or np.isnan(logits).any():
        raise ValueError(f"expected logits of at least one image, got {logits.tolist()}")
    return _RULES[rule](logits)


def _mean(logits: Array) -> float:
    if np.isinf(logits).any() and len(set(logits[np.isinf(logits)].tolist())) > 1:
        # Certain of both: neither outweighs the other.
        return float(np.mean(logits[np.isfinite(logits)])) if np.isfinite(logits).any() else 0.0
    return float(np.mean(logits))


def _noisy_or(logits: Array) -> float:
    # The logarithm of the probability that all are normal is minus the sum of softplus.
    total = float(np.logaddexp(0, logits).sum())
    if total == 0:
        # Too small for a float: the sum of the odds is what is left.
        return float(np.logaddexp.reduce(logits))
    # log(exp(total) - 1)
    return float(np.log(np.expm1(total))) if total < 1 else float(total + np.log1p(-np.exp(-total)))


_RULES: Mapping[str, Callable[[Array], float]] = {
    "mean": _mean,
    "max": lambda logits: float(np.max(logits)),
    "noisy_or": _noisy_or,
}
