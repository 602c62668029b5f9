"""Passes that also stand among all outcomes of a policy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import scipy

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.record.interim import InterimAnalyses
from xaudit.core.record.policy import Outcome, Rule
from xaudit.gate.judging.compare import mirrored
from xaudit.gate.policies.derived import COUNTED
from xaudit.stats.multiple.group_sequential import ALPHA, sequential_p
from xaudit.stats.multiple.multiplicity import holm
from xaudit.stats.proportions import normal_quantile, t_quantile


def with_holm(
    outcomes: Sequence[Outcome], interim: InterimAnalyses | None = None
) -> tuple[Outcome, ...]:
    """Turn passes that do not stand after Holm's correction (1979) into inconclusive.

    The family is every outcome that reads an interval; one without a value counts with p = 1.
    Failures are left as they are: the correction never helps a detector.

    Args:
        outcomes: of all rules of a policy, before waivers.
        interim: analyses of the audit while it ran: p-values then hold over all analyses.
    """
    family = [number for number, one in enumerate(outcomes) if _is_test(one)]
    values = [_p_value(outcomes[one], interim) for one in family]
    adjusted = dict(zip(family, holm(values), strict=True))
    return tuple(
        _corrected(one, float(adjusted.get(number, 0.0)), len(family), interim)
        for number, one in enumerate(outcomes)
    )


def one_sided_p(estimate: Estimate, bound: float) -> float:
    """How surprising is the estimate if the truth lies at the bound or under it?

    Wilson's interval inverts the score test (Wilson 1927), which is exact here. Any other limit
    is taken as so many standard errors from the value, with t on patients - 1 degrees, on the
    scale of the value and, within (0, 1), of its logit; the larger p-value counts. At the level
    of the interval, and only there, the answer is that of the interval itself.

    Args:
        estimate: with a value.
        bound: to be exceeded.
    """
    assert estimate.value is not None
    assert estimate.low is not None
    if estimate.method == "Wilson" and 0 < bound < 1:
        error = math.sqrt(bound * (1 - bound) / estimate.n)
        return float(scipy.special.ndtr((bound - estimate.value) / error))
    numbers = (estimate.value, estimate.low, bound)
    scales = [numbers]
    if all(0 < number < 1 for number in numbers):
        scales.append(tuple(math.log(number / (1 - number)) for number in numbers))  # type: ignore[arg-type]
    return max(_of_limits(*scale, estimate) for scale in scales)


def _of_limits(value: float, low: float, bound: float, estimate: Estimate) -> float:
    if value - low <= 0:
        return 0.0 if low > bound else 1.0
    clusters = estimate.clusters or 0
    errors = (bound - value) / (value - low)
    if clusters < 2:
        return float(scipy.special.ndtr(errors * normal_quantile(estimate.level)))
    quantile = t_quantile(estimate.level, clusters - 1)
    return float(scipy.special.stdtr(clusters - 1, errors * quantile))


def _is_test(outcome: Outcome) -> bool:
    rule = outcome.rule
    if rule.required or rule.at_least is not None:
        return False
    return outcome.estimate is None or outcome.estimate.method != COUNTED


def _p_value(outcome: Outcome, interim: InterimAnalyses | None) -> float:
    estimate = outcome.estimate
    if estimate is None or estimate.value is None or outcome.verdict != "pass":
        return 1.0
    p = max(one_sided_p(turned, bound) for turned, bound in _tests(outcome.rule, estimate))
    return p if interim is None else sequential_p(p, interim.fractions, interim.spending)


def _tests(rule: Rule, estimate: Estimate) -> list[tuple[Estimate, float]]:
    """What has to lie over what for the rule to pass."""
    assert estimate.value is not None
    assert estimate.low is not None
    assert estimate.high is not None
    turned = mirrored(estimate)
    if rule.ceiling is not None:
        if estimate.method == "Wilson":
            # The share of the opposite, so that the score test applies.
            opposite = replace(estimate, value=1 - estimate.value, low=1 - estimate.high,
                               high=1 - estimate.low)  # fmt: skip
            return [(opposite, 1 - rule.ceiling)]
        return [(turned, -rule.ceiling)]
    if rule.equivalent is not None:
        return [(estimate, -rule.equivalent), (turned, -rule.equivalent)]
    if rule.floor is not None:
        return [(estimate, rule.floor)]
    edge = rule.superior if rule.non_inferior is None else -rule.non_inferior
    assert edge is not None
    return [(estimate, edge)]


def _corrected(
    outcome: Outcome, adjusted: float, family: int, interim: InterimAnalyses | None
) -> Outcome:
    level = outcome.estimate.level if outcome.estimate is not None else 0.95
    # Sequential p-values have the error of all analyses, not that of the last one.
    alpha = (1 - level) / 2 if interim is None else ALPHA
    if outcome.verdict != "pass" or adjusted <= alpha:
        return outcome
    why = Message(
        "{said}; alone it passes, but not among {n} outcomes of the policy: p = "
        "{p:.3g} after Holm, {alpha:g} needed",
        said=outcome.why,
        n=family,
        p=adjusted,
        alpha=alpha,
    )
    return replace(outcome, verdict="inconclusive", why=why)
