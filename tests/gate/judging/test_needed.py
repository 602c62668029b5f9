import numpy as np
import pytest
from scipy.stats import binom

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.record.finding import Finding
from xaudit.core.record.policy import Policy, Rule
from xaudit.errors import ConfigError
from xaudit.gate.judging.explain import explanation, what_is_checked
from xaudit.gate.judging.needed import (
    cases_for_power,
    cases_that_decide,
    units_that_decide,
    with_more_needed,
)
from xaudit.gate.judging.verdict import judge
from xaudit.gate.policies.policy import policy_hash
from xaudit.stats.proportions import score_limits, wilson

FIXED = {"analysis": "scored", "operating_point": "default"}


def first_that_decides(rate, n, bound):
    """One case more, until one of the limits has left the bound."""
    while True:
        low, high = score_limits(rate, n, 0.95)
        if low >= bound or high < bound:
            return n
        n += 1


@pytest.mark.parametrize(("k", "n", "bound"), [(80, 100, 0.75), (80, 100, 0.85), (10, 10, 0.9)])
def test_number_is_that_of_counting_up(k, n, bound):
    rule = Rule("r", "sensitivity", {}, floor=bound)
    assert cases_that_decide(rule, wilson(k, n)) == first_that_decides(k / n, n, bound)


def test_ceiling_is_a_floor_of_the_other_proportion():
    floor = cases_that_decide(Rule("r", "x", floor=0.75), wilson(80, 100))
    assert cases_that_decide(Rule("r", "x", ceiling=0.25), wilson(20, 100)) == floor


@pytest.mark.parametrize(
    "estimate",
    [
        wilson(80, 100),
        Estimate(0.9, 0.7, 0.95, "DeLong", n=100),
        Estimate(0.9, 0.7, 0.95, "Wilson on the Rao–Scott effective sample", k=90, n=100),
        Estimate.missing("no cases", k=0, n=0),
    ],
)
def test_nothing_is_promised_where_nothing_is_known(estimate):
    said = Message("said")
    assert with_more_needed(said, Rule("r", "sensitivity", floor=0.8), estimate) is said


@pytest.fixture
def verdict(make_findings):
    rules = (Rule("reads", "sensitivity", {}, floor=0.75, reason="it must"),)
    policy = Policy("p", rules, policy_hash(Policy("p", rules, "")))
    findings = make_findings(Finding("sensitivity", FIXED, wilson(80, 100)))
    return judge(policy, findings, policy.sha256)


def test_inconclusive_says_how_many_more_and_what_it_assumes(verdict):
    needed = first_that_decides(0.8, 100, 0.75)
    assert (
        f"; {needed - 100} more positives ({needed} in all) would decide, "
        "if the observed rate stays" in verdict.outcomes[0].why
    )


def test_explanation_shows_the_arithmetic(verdict):
    text = "\n".join(explanation(verdict, "reads"))
    low, high = score_limits(0.8, 100, 0.95)
    for part in ("80 of 100 = 0.8", f"{low!r} to {high!r}, 95 %", "by: Wilson", "limit ≥ 0.75"):
        assert part in text


def test_unknown_rule_is_refused_with_the_nearest(verdict):
    with pytest.raises(ConfigError, match="no rule 'raeds'; did you mean 'reads'"):
        list(explanation(verdict, "raeds"))


def test_dry_run_lists_findings_and_what_is_missing(make_findings, finding):
    rules = (Rule("a", "sensitivity", floor=0.5), Rule("b", "sensitivty", ceiling=0.5))
    lines = list(what_is_checked(Policy("p", rules, ""), make_findings(finding(0.7, 0.9))))
    assert lines[0] == "a: sensitivity[analysis=scored,operating_point=default] ≥ 0.5"
    assert lines[1].startswith("b: nothing: ")
    assert "did you mean 'sensitivity'" in lines[1]


def difference(low, high, clusters=100):
    return Estimate((low + high) / 2, low, high, "Tango", n=100, clusters=clusters)


@pytest.mark.parametrize(
    ("rule", "estimate", "needed"),
    [
        # From the value 0.02 the lower limit has to come from 0.07 away to 0.05 away.
        (Rule("r", "auc", non_inferior=0.03), difference(-0.05, 0.09), 196),
        (Rule("r", "auc", superior=0.0), difference(-0.02, 0.06), 400),
        # The nearer margin, 0.08 from the value, decides when the interval has to lie inside.
        (Rule("r", "auc_gap", equivalent=0.1), difference(-0.10, 0.14), 225),
        (Rule("r", "auc_gap", equivalent=0.1), difference(0.0, 0.4), 400),
        (Rule("r", "auc", floor=0.8), difference(0.7, 0.9), None),
        (Rule("r", "auc", floor=0.75), difference(0.7, 0.9, None), None),
    ],
)
def test_units_that_decide_shrink_the_interval_to_the_bound(rule, estimate, needed):
    found = units_that_decide(rule, estimate)
    assert found == needed if needed is None else abs(found - needed) <= 1


@pytest.mark.parametrize(("bound", "rate"), [(0.8, 0.9), (0.75, 0.8), (0.9, 0.85), (0.5, 0.7)])
def test_cases_for_power_have_that_power(bound, rate):
    n = cases_for_power(bound, rate, 0.8)
    k = np.arange(n + 1)
    decided = np.array([_over(bound, rate, wilson(int(one), n)) for one in k])
    assert binom.pmf(k, n, rate)[decided].sum() == pytest.approx(0.8, abs=0.06)


def _over(bound, rate, estimate):
    return estimate.low >= bound if rate > bound else estimate.high <= bound


@pytest.mark.parametrize(("bound", "rate"), [(0.8, 0.8), (0.8, 0.80001), (0.0, 0.5), (0.5, 1.0)])
def test_no_size_where_none_is_known(bound, rate):
    assert cases_for_power(bound, rate, 0.8) is None
