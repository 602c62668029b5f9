import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xaudit.core.estimate import Estimate
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Finding, MethodFacts
from xaudit.core.record.policy import Policy, Rule
from xaudit.errors import ConfigError, ExitCode
from xaudit.gate.judging.compare import compare
from xaudit.gate.judging.verdict import exit_code, judge
from xaudit.gate.policies.policy import policy_hash


def policy(*rules):
    return Policy("p", rules, policy_hash(Policy("p", rules, "")))


def floor(bound, metric="sensitivity", **where):
    return Rule("r", metric, where, floor=bound)


@pytest.mark.parametrize(
    ("bound", "word", "code"),
    [
        (0.70, "pass", ExitCode.PASS),
        (0.80, "inconclusive", ExitCode.INCONCLUSIVE),
        (0.91, "fail", ExitCode.FAIL),
    ],
)
def test_floor_reads_the_limits(make_findings, finding, bound, word, code):
    rules = policy(floor(bound))
    verdict = judge(rules, make_findings(finding(0.7, 0.9)), rules.sha256)
    assert verdict.overall == word
    assert exit_code(verdict) == code
    assert not verdict.changed_after_run


@pytest.mark.parametrize(("bound", "word"), [(0.9, "pass"), (0.8, "inconclusive"), (0.6, "fail")])
def test_ceiling_reads_the_limits(make_findings, finding, bound, word):
    rule = Rule("r", "sensitivity", {}, ceiling=bound)
    assert judge(policy(rule), make_findings(finding(0.7, 0.9)), None).overall == word


def test_missing_metric_never_passes_and_is_hinted_at(make_findings, finding):
    verdict = judge(policy(floor(0, "sensitivty")), make_findings(finding(0.7, 0.9)), None)
    assert verdict.overall == "inconclusive"
    assert "did you mean 'sensitivity'" in verdict.outcomes[0].why


def test_undefined_estimate_never_passes(make_findings):
    scope = {"analysis": "scored", "operating_point": "default"}
    findings = make_findings(Finding("sensitivity", scope, Estimate.missing("3 positives", k=3)))
    verdict = judge(policy(floor(0.0)), findings, None)
    assert verdict.overall == "inconclusive"
    assert "3 positives" in verdict.outcomes[0].why


def test_caution_never_passes_and_never_fails(make_findings, finding):
    for bound in (0.1, 0.99):
        findings = make_findings(finding(0.7, 0.9, caution="14 positives"))
        assert judge(policy(floor(bound)), findings, None).overall == "inconclusive"


def test_worst_case_is_read_unless_the_rule_says_otherwise(make_findings, finding):
    findings = make_findings(finding(0.8, 0.9), finding(0.6, 0.7, analysis="worst_case"))
    assert judge(policy(floor(0.75)), findings, None).overall == "fail"
    assert judge(policy(floor(0.75, analysis="scored")), findings, None).overall == "pass"


def test_threshold_that_was_chosen_on_the_study_proves_nothing(make_findings, finding):
    findings = make_findings(finding(0.8, 0.9), finding(0.9, 0.95, operating_point="tuned"))
    verdict = judge(policy(floor(0.85, operating_point="tuned")), findings, None)
    assert verdict.overall == "inconclusive"
    assert "chosen on this study" in verdict.outcomes[0].why


def test_first_fixed_operating_point_is_meant(make_findings, finding):
    findings = make_findings(finding(0.9, 0.95, operating_point="tuned"), finding(0.8, 0.9))
    (outcome,) = judge(policy(floor(0.75)), findings, None).outcomes
    assert outcome.scope["operating_point"] == "default"


def test_wildcard_gives_an_outcome_for_each_level_and_the_worst_decides(make_findings, finding):
    findings = make_findings(
        finding(0.8, 0.9),
        finding(0.8, 0.9, group="site", level="A"),
        finding(0.3, 0.5, group="site", level="B"),
        finding(0.1, 0.2, group="sex", level="F"),
    )
    verdict = judge(policy(floor(0.6, group="site", level="*")), findings, None)
    assert [(one.scope["level"], one.verdict) for one in verdict.outcomes] == [
        ("A", "pass"),
        ("B", "fail"),
    ]
    assert verdict.overall == "fail"


def test_rule_without_a_group_does_not_read_groups(make_findings, finding):
    findings = make_findings(finding(0.8, 0.9, group="site", level="A"))
    assert judge(policy(floor(0.5)), findings, None).overall == "inconclusive"


def test_other_policy_than_planned_is_said(make_findings, finding):
    assert judge(policy(floor(0.5)), make_findings(finding(0.7, 0.9)), "2" * 64).changed_after_run
    assert judge(policy(floor(0.5)), make_findings(finding(0.7, 0.9)), None).changed_after_run


def test_rules_that_were_edited_in_the_plan_are_told(make_findings, finding):
    planned = policy(floor(0.9))
    edited = Policy("p", (floor(0.1),), planned.sha256)
    verdict = judge(edited, make_findings(finding(0.7, 0.9)), planned.sha256)
    assert verdict.changed_after_run
    assert verdict.policy_sha256 != planned.sha256


def test_rules_and_hash_that_were_edited_in_the_plan_are_told_by_the_findings(
    make_findings, finding
):
    planned, edited = policy(floor(0.9)), policy(floor(0.1))
    findings = make_findings(finding(0.7, 0.9), policy_sha256=planned.sha256)
    assert judge(edited, findings, edited.sha256).changed_after_run
    assert not judge(planned, findings, planned.sha256).changed_after_run


@pytest.mark.parametrize(
    "bounds", [{}, {"floor": 0.1, "ceiling": 0.9}, {"floor": float("nan")}, {"ceiling": math.inf}]
)
def test_impossible_rules_of_an_edited_plan_are_refused(make_findings, finding, bounds):
    edited = Policy("p", (Rule("r", "sensitivity", {}, **bounds),), "1" * 64)
    with pytest.raises(ConfigError, match="one finite bound"):
        judge(edited, make_findings(finding(0.7, 0.9)), "1" * 64)


@pytest.mark.parametrize("bounds", [{"ceiling": 75}, {"floor": -0.1}])
def test_bound_that_always_holds_never_passes(make_findings, finding, bounds):
    facts = MetricFacts("sensitivity", "?", "higher", 0.0, 1.0, "proportion", "discrimination")
    findings = make_findings(finding(0.7, 0.9), metrics=(facts,))
    rule = Rule("r", "sensitivity", {}, **bounds)
    (outcome,) = judge(policy(rule), findings, None).outcomes
    assert outcome.verdict == "inconclusive"
    assert "always holds" in outcome.why
    assert "from 0 to 1" in outcome.why


def test_operating_point_that_nobody_declared_proves_nothing(make_findings, finding):
    findings = make_findings(finding(0.8, 0.9, operating_point="later"))
    (outcome,) = judge(policy(floor(0.5, operating_point="later")), findings, None).outcomes
    assert outcome.verdict == "inconclusive"
    assert "not declared" in outcome.why


def test_wildcard_keeps_levels_that_have_no_worst_case(make_findings, finding):
    findings = make_findings(
        finding(0.8, 0.9, group="site", level="A"),
        finding(0.7, 0.8, group="site", level="A", analysis="worst_case"),
        finding(0.1, 0.2, group="site", level="B"),
    )
    verdict = judge(policy(floor(0.6, group="site", level="*")), findings, None)
    read = [(one.scope["level"], one.scope["analysis"], one.verdict) for one in verdict.outcomes]
    assert read == [("A", "worst_case", "pass"), ("B", "scored", "fail")]


def test_wildcard_over_methods_leaves_chance_out(make_findings):
    estimate = Estimate(2.0, 1.5, 2.5, "patient bootstrap")
    methods = tuple(
        MethodFacts(name, "", "", {}, 1, 0, 0, 0, reference=name == "area_chance")
        for name in ("gradcam", "area_chance")
    )
    found = tuple(
        Finding("enrichment", {"analysis": "scored", "method": one.name}, estimate)
        for one in methods
    )
    rule = floor(1.2, "enrichment", method="*")
    verdict = judge(policy(rule), make_findings(*found, methods=methods), None)
    assert [one.scope["method"] for one in verdict.outcomes] == ["gradcam"]
    named = floor(1.2, "enrichment", method="area_chance")
    assert judge(policy(named), make_findings(*found, methods=methods), None).overall == "pass"


def test_missing_scope_key_is_hinted_at(make_findings, finding):
    findings = make_findings(
        finding(-0.1, 0.1, "auc_gap", group="site", level="A", compared="rest")
    )
    rule = floor(-0.2, "auc_gap", group="site", level="*", operating_point="default")
    (outcome,) = judge(policy(rule), findings, None).outcomes
    assert outcome.verdict == "inconclusive"
    assert "it has it by compared, group, level, operating_point" in outcome.why


def test_limit_beside_the_bound_is_told_with_all_digits(make_findings, finding):
    (outcome,) = judge(policy(floor(0.9)), make_findings(finding(0.7, 0.8999)), None).outcomes
    assert outcome.verdict == "fail"
    assert "0.8999 is under the floor 0.9" in outcome.why


limits = st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted)


# The fixture is a function without a state.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limits, st.floats(0, 1), st.booleans(), st.sampled_from(["caution", "chosen", "missing"]))
def test_nothing_doubtful_passes_or_fails(make_findings, numbers, bound, is_floor, doubt):
    low, value, high = numbers
    point = "tuned" if doubt == "chosen" else "default"
    estimate = Estimate(
        value, low, high, "Wilson", caution="14 positives" if doubt == "caution" else None
    )
    if doubt == "missing":
        estimate = Estimate.missing("no positives")
    scope = {"analysis": "scored", "operating_point": point}
    bounds = {"floor": bound} if is_floor else {"ceiling": bound}
    rule = Rule("r", "sensitivity", {"operating_point": point}, **bounds)
    verdict = judge(policy(rule), make_findings(Finding("sensitivity", scope, estimate)), None)
    assert verdict.overall == "inconclusive"


def test_a_floor_of_0_asks_for_the_sign():
    nothing, little = Estimate(0, 0, 0, "patient bootstrap"), Estimate(0.1, 0, 0.2, "Wilson")
    for estimate in (nothing, little):
        word, why = compare(Rule("r", "m", floor=0.0), estimate)
        assert (word, "holds the floor 0" in why) == ("inconclusive", True)
    word, why = compare(Rule("r", "m", floor=0.0), Estimate(0.1, 1e-9, 0.2, "Wilson"))
    assert (word, "is over the floor 0" in why) == ("pass", True)


@given(limits, st.floats(0, 1, exclude_min=True))
def test_floor_and_ceiling_are_mirror_images(numbers, bound):
    low, value, high = numbers
    estimate = Estimate(value, low, high, "Wilson")
    mirrored = Estimate(-value, -high, -low, "Wilson")
    floor_word = compare(Rule("r", "m", floor=bound), estimate)[0]
    assert compare(Rule("r", "m", ceiling=-bound), mirrored)[0] == floor_word


def test_policy_without_rules_evaluates_nothing(make_findings):
    assert exit_code(judge(policy(), make_findings(), None)) == ExitCode.NOTHING_EVALUATED


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.floats(0, 1), st.floats(0, 1))
def test_raising_a_floor_never_helps(limits, one, other):
    low, value, high = sorted(limits)
    estimate = Estimate(value, low, high, "Wilson")
    order = ("fail", "inconclusive", "pass")
    words = [compare(Rule("r", "m", floor=bound), estimate)[0] for bound in sorted((one, other))]
    assert order.index(words[1]) <= order.index(words[0])
