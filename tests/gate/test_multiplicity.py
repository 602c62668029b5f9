import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.core.estimate import Estimate
from xaudit.core.finding import Finding
from xaudit.core.policy import Policy, Rule
from xaudit.gate.multiplicity import one_sided_p
from xaudit.gate.policy import policy_hash
from xaudit.gate.verdict import judge
from xaudit.stats.auc import auc
from xaudit.stats.proportions import wilson


def verdict(make_findings, shares, multiplicity, floor=0.8, n=100):
    scope = {"operating_point": "default", "analysis": "scored", "group": "site"}
    found = [
        Finding("sensitivity", scope | {"level": str(number)}, wilson(k, n))
        for number, k in enumerate(shares)
    ]
    rules = (Rule("r", "sensitivity", {"group": "site", "level": "*"}, floor=floor),)
    sha256 = policy_hash("p", rules, (), multiplicity)
    policy = Policy("p", rules, sha256, multiplicity=multiplicity)
    return judge(policy, make_findings(*found), sha256)


def test_pass_that_is_one_of_many_does_not_stand_alone(make_findings):
    shares = [88, 80, 80, 80, 80]
    words = [one.verdict for one in verdict(make_findings, shares, "none").outcomes]
    assert words == ["pass", *["inconclusive"] * 4]
    corrected = verdict(make_findings, shares, "holm")
    assert corrected.outcomes[0].verdict == "inconclusive"
    assert "among 5 outcomes" in corrected.outcomes[0].why
    assert verdict(make_findings, [99, 80, 80, 80, 80], "holm").outcomes[0].verdict == "pass"


def test_failure_stays_a_failure(make_findings):
    shares = [71, *[95] * 9]
    for multiplicity in ("none", "holm"):
        assert verdict(make_findings, shares, multiplicity).outcomes[0].verdict == "fail"


def test_declaration_is_part_of_the_policy(make_findings):
    one, other = (verdict(make_findings, [95], word) for word in ("none", "holm"))
    assert one.policy_sha256 != other.policy_sha256
    assert other.multiplicity == "holm"
    assert not other.changed_after_run


@given(st.integers(1, 199), st.integers(2, 200), st.floats(0.02, 0.98))
def test_p_value_and_wilson_interval_agree(k, n, bound):
    estimate = wilson(min(k, n), n)
    if abs(estimate.low - bound) > 1e-9:
        assert (one_sided_p(estimate, bound) < 0.025) == (estimate.low > bound)


@given(st.floats(0.05, 0.9), st.floats(1e-3, 0.3), st.floats(-0.2, 0.95), st.integers(0, 300))
def test_p_value_and_any_interval_agree_at_its_level(value, half, bound, clusters):
    estimate = Estimate(value, value - half, value + half, "DeLong", n=300, clusters=clusters)
    if abs(estimate.low - bound) > 1e-9:
        assert (one_sided_p(estimate, bound) < 0.025) == (estimate.low > bound)


def test_interval_without_width_is_certain():
    estimate = Estimate(0.0, 0.0, 0.0, "same ranking", n=10)
    assert (one_sided_p(estimate, -0.1), one_sided_p(estimate, 0.0)) == (0.0, 1.0)


def test_no_false_pass_among_twenty_rules_at_the_floor(make_findings):
    """Each of 20 sites lies exactly on the floor: any pass is an error."""
    rng, false = np.random.default_rng(4), {"none": 0, "holm": 0}
    for _ in range(80):
        shares = rng.binomial(300, 0.8, 20)
        for word in false:
            found = verdict(make_findings, shares, word, n=300)
            false[word] += any(one.verdict == "pass" for one in found.outcomes)
    assert false["none"] / 80 > 0.2
    assert false["holm"] / 80 < 0.06


def test_p_value_of_an_area_is_that_of_its_logit():
    rng = np.random.default_rng(1)
    labels = np.arange(120) < 60
    area = auc(rng.normal(labels * 1.5, 1), labels, [str(n) for n in range(120)])
    assert one_sided_p(area, area.low) == pytest.approx(0.025, abs=1e-6)
    assert one_sided_p(area, area.low - 0.05) < 0.025
