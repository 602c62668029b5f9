"""Number needed to predict: patients for one to be told right beyond chance."""

from __future__ import annotations

import math

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message


def number_needed_to_predict(
    sensitivity: Estimate, specificity: Estimate, prevalence: float
) -> Estimate:
    """How many patients have to be examined to predict one correctly, beyond chance?

    1 / (PPV + NPV - 1) at a declared prevalence (Linn and Grunau 2006): 1 is perfect, and there is
    no number where PPV and NPV add up to 1 or less, or may do so. PPV + NPV grows with sensitivity
    and with specificity, so its limits come from theirs: each is moved to its limit alone, and the
    two moves are squared and added (MOVER, Zou and Donner 2008). The two are taken as independent;
    clustering within each is kept.

    Args:
        sensitivity: with its interval.
        specificity: with its interval.
        prevalence: share of positives where the device is used, strictly between 0 and 1.

    Raises:
        ValueError: the prevalence is not between 0 and 1.
    """
    if not 0 < prevalence < 1:
        raise ValueError(f"a prevalence lies strictly between 0 and 1, got {prevalence}")
    n = sensitivity.n + specificity.n
    for name, one in (("sensitivity", sensitivity), ("specificity", specificity)):
        if one.value is None:
            return Estimate.missing(
                Message("{name} is undefined: {why}", name=name, why=one.undefined or ""), n=n
            )
    (se, se_low, se_high), (sp, sp_low, sp_high) = _limits(sensitivity), _limits(specificity)
    gain = predictive_gain(se, sp, prevalence)
    if gain is None:
        return Estimate.missing(Message("all cases are called the same"), n=n)
    low = gain - _moved(gain, (se_low, sp), (se, sp_low), prevalence)
    high = gain + _moved(gain, (se_high, sp), (se, sp_high), prevalence)
    if gain <= 0:
        return Estimate.missing(Message("PPV + NPV is 1 or less: there is no upper limit"), n=n)
    if low <= 0:
        reason = Message("the interval of PPV + NPV reaches 1 or less: there is no upper limit")
        return Estimate.missing(reason, n=n)
    method = Message(
        "MOVER of sensitivity and specificity at prevalence {prevalence:g}", prevalence=prevalence
    )
    caution = sensitivity.caution or specificity.caution
    return Estimate(
        1 / gain,
        1 / min(1.0, high),
        1 / low,
        method,
        sensitivity.level,
        n=n,
        unit=sensitivity.unit,
        caution=caution,
    )


def predictive_gain(sensitivity: float, specificity: float, prevalence: float) -> float | None:
    """PPV + NPV - 1, from -1 to 1; None where all cases are called the same."""
    found, missed = sensitivity * prevalence, (1 - sensitivity) * prevalence
    left, alarmed = specificity * (1 - prevalence), (1 - specificity) * (1 - prevalence)
    if not found + alarmed or not left + missed:
        return None
    return found / (found + alarmed) + left / (left + missed) - 1


def _limits(estimate: Estimate) -> tuple[float, float, float]:
    # An estimate with a value has limits.
    assert estimate.value is not None
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.value, estimate.low, estimate.high


def _moved(gain: float, first: tuple[float, float], second: tuple[float, float], p: float) -> float:
    """How far the two limits move the gain, together; at a limit of no calls it is 0."""
    at = (predictive_gain(*pair, p) or 0.0 for pair in (first, second))
    return math.hypot(*(one - gain for one in at))
