import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.core.record.policy import Outcome, Policy, Rule
from xaudit.gate.judging.compare import compare
from xaudit.gate.judging.multiplicity import one_sided_p, with_holm
from xaudit.gate.judging.verdict import judge
from xaudit.gate.policies.derived import COUNTED
from xaudit.gate.policies.policy import policy_hash
from xaudit.stats.proportions import wilson
from xaudit.stats.roc.auc import auc


def verdict(make_findings, shares, multiplicity, floor=0.8, n=100):
    scope = {"operating_point": "default", "analysis": "scored", "group": "site"}
    found = [
        Finding("sensitivity", scope | {"level": str(number)}, wilson(k, n))
        for number, k in enumerate(shares)
    ]
    rules = (Rule("r", "sensitivity", {"group": "site", "level": "*"}, floor=floor),)
    sha256 = policy_hash(Policy("p", rules, "", multiplicity=multiplicity))
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


def test_no_false_pass_among_twenty_rules_at_the_floor():
    """Each of 20 sites lies exactly on the floor: any pass is an error."""
    rng, false = np.random.default_rng(4), np.zeros(2)
    rule = Rule("r", "sensitivity", floor=0.8)
    for _ in range(200):
        found = [wilson(int(k), 300) for k in rng.binomial(300, 0.8, 20)]
        alone = [Outcome(rule, {}, *compare(rule, one), one) for one in found]
        for place, outcomes in enumerate((alone, with_holm(alone))):
            false[place] += any(one.verdict == "pass" for one in outcomes)
    assert false[0] / 200 > 0.2
    assert false[1] / 200 < 0.06


def test_p_value_of_an_area_is_that_of_its_logit():
    rng = np.random.default_rng(1)
    labels = np.arange(120) < 60
    area = auc(rng.normal(labels * 1.5, 1), labels, [str(n) for n in range(120)])
    assert one_sided_p(area, area.low) == pytest.approx(0.025, abs=1e-6)
    assert one_sided_p(area, area.low - 0.05) < 0.025


RULES = st.sampled_from(
    [
        Rule("r", "sensitivity", floor=0.3),
        Rule("r", "sensitivity", ceiling=0.6),
        Rule("r", "auc", non_inferior=0.1),
        Rule("r", "auc", superior=0.05),
        Rule("r", "auc_gap", equivalent=0.2),
    ]
)


@given(RULES, st.floats(-0.5, 0.95), st.floats(1e-3, 0.4), st.floats(1e-3, 0.4),
       st.integers(2, 300))  # fmt: skip
def test_family_of_one_is_judged_as_without_a_correction(rule, value, below, above, clusters):
    estimate = Estimate(value, value - below, value + above, "DeLong", n=300, clusters=clusters)
    edges = [abs(limit - bound) for limit in (estimate.low, estimate.high)
             for bound in (0.3, 0.6, -0.1, 0.05, 0.2, -0.2)]  # fmt: skip
    if min(edges) > 1e-9:
        word, why = compare(rule, estimate)
        (alone,) = with_holm([Outcome(rule, {}, word, why, estimate)])
        assert alone.verdict == word


@given(st.integers(0, 200), st.integers(1, 200), st.sampled_from(["floor", "ceiling"]),
       st.floats(0.02, 0.98))  # fmt: skip
def test_one_proportion_is_judged_as_without_a_correction(k, n, side, bound):
    estimate = wilson(min(k, n), n)
    if min(abs(estimate.low - bound), abs(estimate.high - bound)) > 1e-9:
        rule = Rule("r", "sensitivity", **{side: bound})
        word, why = compare(rule, estimate)
        (alone,) = with_holm([Outcome(rule, {}, word, why, estimate)])
        assert alone.verdict == word


def test_what_is_no_test_is_not_in_the_family():
    lost = Outcome(Rule("a", "auc", floor=0.8), {}, "inconclusive", "no value")
    counted = Outcome(Rule("b", "failed_share", ceiling=0.1), {}, "pass", "",
                      Estimate(0.0, 0.0, 0.0, COUNTED, k=0, n=10))  # fmt: skip
    there = Outcome(Rule("c", "auc", required=True), {}, "pass", "", wilson(9, 10))
    good = Outcome(Rule("d", "sensitivity", floor=0.8), {}, "pass", "", wilson(90, 100))
    found = with_holm([lost, counted, there, good])
    assert [one.verdict for one in found] == ["inconclusive", "pass", "pass", "pass"]
    assert with_holm([lost] * 20 + [good])[-1].verdict == "inconclusive"


def test_holm_after_several_interim_analyses_is_stricter_than_after_one(make_findings):
    """The error of all analyses is shared among the outcomes, not that of the last analysis."""
    from xaudit.core.record.interim import InterimAnalyses, InterimAnalysis
    from xaudit.stats.multiple.group_sequential import boundaries, repeated_level
    from xaudit.stats.repeated import at_level

    fractions = (0.25, 0.5, 0.75, 1.0)
    limits = boundaries(fractions, "pocock")
    made = tuple(
        InterimAnalysis(n, n, t, z, repeated_level(z), (), "")
        for n, (t, z) in enumerate(zip(fractions, limits, strict=True), 1)
    )
    interim = InterimAnalyses("pocock", 4, 4, made)
    rule = Rule("r", "sensitivity", floor=0.8)

    def outcomes(k, level):
        found = [at_level(wilson(one, 100), level) for one in (k, 80)]
        return [Outcome(rule, {}, *compare(rule, one), one) for one in found]

    once = [with_holm(outcomes(k, 0.95))[0].verdict for k in range(84, 97)]
    often = [with_holm(outcomes(k, interim.level), interim)[0].verdict for k in range(84, 97)]
    assert once.count("pass") > often.count("pass") > 0
    assert once.count("pass") <= often.count("pass") + 2
