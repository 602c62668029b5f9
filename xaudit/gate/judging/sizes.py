"""Sample sizes: cases that a rule needs before anything is known of the detector."""

from __future__ import annotations

import math
from dataclasses import dataclass

import scipy

from xaudit.core.record.policy import Rule
from xaudit.gate.judging.needed import cases_for_power
from xaudit.stats.proportions import normal_quantile
from xaudit.stats.roc.auc import area_variance

POWER = 0.8
DISAGREEMENT = 0.1
"""Share of cases on which two versions are taken to disagree."""
_LEVEL = 0.95
_LARGEST = 1_000_000
_KINDS = {"sensitivity": (True, False), "specificity": (False, True), "auc": (True, True)}


@dataclass(frozen=True, slots=True)
class Need:
    """What a rule needs for 80 % power.

    Attributes:
        positives: cases with a fracture; 0 where it reads none.
        negatives: cases without; 0 where it reads none.
        assumed: what was taken for true, for a reader.
    """

    positives: int
    negatives: int
    assumed: str


def planned_need(rule: Rule, prevalence: float) -> Need | None:
    """The cases with which a rule passes in 80 % of studies, if the detector is good enough.

    Floors take for true the middle between floor and 1, ceilings that between 0 and the ceiling.
    Non-inferiority takes both versions to be equally good: shares of right calls that disagree in
    10 % of the cases (Connor 1987), areas of 0.9 with correlation 0.5. For one case of each
    patient.

    Args:
        rule: of a policy.
        prevalence: share of fractures in the study, inside (0, 1).

    Returns:
        The need, or None for a rule whose size cannot be planned so.
    """
    if rule.metric not in _KINDS or rule.superior is not None:
        return None
    reads = _KINDS[rule.metric]
    found = (
        _bound(rule, prevalence)
        if rule.non_inferior is None
        else _comparison(rule.metric, rule.non_inferior, prevalence)
    )
    if found is None:
        return None
    (positives, negatives), assumed = found
    return Need(positives * reads[0], negatives * reads[1], assumed)


def _bound(rule: Rule, prevalence: float) -> tuple[tuple[int, int], str] | None:
    bound = rule.floor if rule.floor is not None else rule.ceiling
    if bound is None or not 0 < bound < 1:
        return None
    true = (bound + 1) / 2 if rule.floor is not None else bound / 2
    assumed = f"true {rule.metric} {true:g}"
    if rule.metric != "auc":
        count = cases_for_power(bound, true, POWER, _LEVEL)
        return None if count is None else ((count, count), assumed)
    # The interval of an area is one of its logit.
    distance = abs(_logit(true) - _logit(bound)) * true * (1 - true)
    return _area_sizes(true, distance, prevalence, 1.0), assumed


def _comparison(metric: str, margin: float, prevalence: float) -> tuple[tuple[int, int], str]:
    if metric == "auc":
        # Twice the variance of an area, times one less the correlation.
        sizes = _area_sizes(0.9, margin, prevalence, 2 * (1 - 0.5))
        return sizes, "both areas 0.9, correlation 0.5"
    count = math.ceil(_quantiles() ** 2 * DISAGREEMENT / margin**2)
    return (count, count), f"no difference, {DISAGREEMENT:.0%} of the calls disagree"


def _area_sizes(area: float, distance: float, prevalence: float, factor: float) -> tuple[int, int]:
    """Smallest study in which so many standard errors fit into the distance."""
    low, high = 2, _LARGEST
    while high - low > 1:
        middle = (low + high) // 2
        units = _split(middle, prevalence)
        error = math.sqrt(factor * area_variance(area, units))
        if _quantiles() * error <= distance:
            high = middle
        else:
            low = middle
    return _split(high, prevalence)


def _split(cases: int, prevalence: float) -> tuple[int, int]:
    positives = max(1, math.ceil(cases * prevalence))
    return positives, max(1, math.ceil(cases * (1 - prevalence)))


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _quantiles() -> float:
    return normal_quantile(_LEVEL) + float(scipy.special.ndtri(POWER))
