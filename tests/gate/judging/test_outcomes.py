"""Rules other than a floor or a ceiling."""

from dataclasses import replace

import pytest

from xaudit.core.estimate import Estimate
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import Accountability, ExplanationVerdict, Finding
from xaudit.core.record.policy import BaselineFacts, Policy, Rule, Waiver
from xaudit.errors import ConfigError, ExitCode
from xaudit.gate.judging.verdict import exit_code, judge
from xaudit.gate.policies.policy import policy_hash
from xaudit.stats.comparison import Comparison

FACTS = (
    MetricFacts("sensitivity", "?", "higher", 0.0, 1.0, "proportion", "discrimination"),
    MetricFacts("brier", "?", "lower", 0.0, 1.0, "number", "calibration"),
)


class Fixed:
    """A baseline that differs by a given interval, whatever is asked."""

    facts = BaselineFacts("old", "d 1", "3" * 64, None, 10)

    def __init__(self, low, high, drift=(), caution=None):
        self.drift, self.asked = drift, []
        self.found = Estimate((low + high) / 2, low, high, "Tango", n=100, clusters=100,
                              caution=caution)  # fmt: skip

    def difference(self, metric, scope):
        self.asked.append((metric, dict(scope)))
        return Comparison(self.found, 0.04, "McNemar")


def judged(rule, findings, baseline=None, **options):
    policy = Policy("p", (rule,), policy_hash(Policy("p", (rule,), "")), **options)
    return judge(policy, findings, None, baseline=baseline)


@pytest.mark.parametrize(
    ("low", "high", "margin", "word"),
    [
        (-0.04, 0.01, 0.05, "pass"),
        (-0.05, 0.01, 0.05, "inconclusive"),
        (-0.20, -0.04, 0.05, "inconclusive"),
        (-0.20, -0.05, 0.05, "fail"),
    ],
)
def test_non_inferiority_reads_the_limit_beside_the_margin(
    make_findings, finding, low, high, margin, word
):
    findings = make_findings(finding(0.7, 0.9), metrics=FACTS)
    rule = Rule("r", "sensitivity", non_inferior=margin)
    verdict = judged(rule, findings, Fixed(low, high))
    assert verdict.overall == word
    assert "p = 0.04" in verdict.outcomes[0].why
    assert verdict.baseline.audit == "old"


@pytest.mark.parametrize(
    ("low", "high", "word"), [(0.01, 0.1, "pass"), (0, 0.1, "inconclusive"), (-0.1, 0, "fail")]
)
def test_superiority_reads_the_limit_beside_the_margin(make_findings, finding, low, high, word):
    findings = make_findings(finding(0.7, 0.9), metrics=FACTS)
    rule = Rule("r", "sensitivity", superior=0.0)
    assert judged(rule, findings, Fixed(low, high)).overall == word


def test_less_of_a_loss_is_better(make_findings, finding):
    findings = make_findings(finding(0.1, 0.2, metric="brier"), metrics=FACTS)
    rule = Rule("r", "brier", superior=0.0)
    assert judged(rule, findings, Fixed(-0.1, -0.05)).overall == "pass"
    assert judged(rule, findings, Fixed(0.05, 0.1)).overall == "fail"


def test_comparison_asks_for_the_worst_case_unless_the_rule_names_one(make_findings, finding):
    findings = make_findings(finding(0.7, 0.9), metrics=FACTS)
    baseline = Fixed(0, 0.1)
    judged(Rule("r", "sensitivity", non_inferior=0.1), findings, baseline)
    judged(Rule("r", "sensitivity", {"analysis": "scored"}, non_inferior=0.1), findings, baseline)
    assert [scope["analysis"] for _, scope in baseline.asked] == ["worst_case", "scored"]


def test_direction_that_is_not_known_is_not_guessed(make_findings, finding):
    verdict = judged(
        Rule("r", "sensitivity", non_inferior=0.1), make_findings(finding(0.7, 0.9)), Fixed(0, 0.1)
    )
    assert verdict.overall == "inconclusive"
    assert "not known whether more" in verdict.outcomes[0].why


def test_small_comparison_and_free_threshold_prove_nothing(make_findings, finding):
    findings = make_findings(
        finding(0.7, 0.9), finding(0.7, 0.9, operating_point="tuned"), metrics=FACTS
    )
    rule = Rule("r", "sensitivity", non_inferior=0.1)
    assert judged(rule, findings, Fixed(0, 0.1, caution="14 positives")).overall == "inconclusive"
    rule = replace(rule, where={"operating_point": "tuned"})
    (outcome,) = judged(rule, findings, Fixed(0, 0.1)).outcomes
    assert "chosen on this study" in outcome.why


def test_first_run_is_no_pass_and_says_so(make_findings, finding):
    for rule in (
        Rule("r", "sensitivity", non_inferior=0.1),
        Rule("r", "prevalence_drift", equivalent=0.1),
    ):
        verdict = judged(rule, make_findings(finding(0.7, 0.9), metrics=FACTS))
        assert exit_code(verdict) == ExitCode.INCONCLUSIVE
        assert "first run" in verdict.outcomes[0].why
        assert "--baseline" in verdict.outcomes[0].why


def test_drift_is_read_from_the_baseline(make_findings):
    moved = Finding("prevalence_drift", {}, Estimate(0.2, 0.12, 0.3, "Newcombe", n=10))
    rule = Rule("r", "prevalence_drift", equivalent=0.1)
    assert judged(rule, make_findings(), Fixed(0, 0, (moved,))).overall == "fail"


def gap(low, high):
    scope = {"analysis": "scored", "compared": "rest", "group": "sex", "level": "F"}
    return Finding("auc_gap", scope, Estimate((low + high) / 2, low, high, "MOVER", clusters=50))


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (-0.05, 0.09, "pass"),
        (-0.05, 0.10, "inconclusive"),
        (-0.30, -0.10, "fail"),
        (0.11, 0.30, "fail"),
        (-0.3, 0.3, "inconclusive"),
    ],
)
def test_equivalence_needs_the_whole_interval(make_findings, low, high, word):
    where = {"group": "sex", "level": "*", "compared": "rest"}
    rule = Rule("r", "auc_gap", where, equivalent=0.1)
    assert judged(rule, make_findings(gap(low, high))).overall == word


def test_equivalence_of_what_is_no_difference_never_passes(make_findings, finding):
    verdict = judged(Rule("r", "sensitivity", equivalent=0.1), make_findings(finding(0.01, 0.05)))
    assert verdict.overall == "inconclusive"
    assert "sensitivity_gap" in verdict.outcomes[0].why


def test_required_finding(make_findings, finding):
    rule = Rule("r", "sensitivity", required=True)
    assert judged(rule, make_findings(finding(0.7, 0.9, caution="few"))).overall == "pass"
    assert judged(rule, make_findings()).overall == "fail"
    scope = {"analysis": "scored", "operating_point": "default"}
    lost = Finding("sensitivity", scope, Estimate.missing("3 positives"))
    verdict = judged(rule, make_findings(lost))
    assert verdict.overall == "fail"
    assert "3 positives" in verdict.outcomes[0].why


@pytest.mark.parametrize(("ceiling", "word"), [(0.10, "pass"), (0.09, "fail")])
def test_share_of_failed_cases_is_a_count(make_findings, ceiling, word):
    flow = Accountability(12, 2, 1, 9, 4, 5, 3, 4, 1, "", ())
    findings = replace(make_findings(), accountability=flow)
    verdict = judged(Rule("r", "failed_share", ceiling=ceiling), findings)
    assert verdict.overall == word
    assert (verdict.outcomes[0].estimate.k, verdict.outcomes[0].estimate.n) == (1, 10)
    assert judged(Rule("r", "unexplained_share", ceiling=0.2), findings).overall == "pass"


def test_share_of_no_cases_is_undefined(make_findings):
    verdict = judged(Rule("r", "unexplained_share", ceiling=0.2), make_findings())
    assert verdict.overall == "inconclusive"


@pytest.mark.parametrize(
    ("found", "wanted", "word"),
    [
        ("may_be_believed", "may_be_believed", "pass"),
        ("with_caution", "may_be_believed", "fail"),
        ("with_caution", "with_caution", "pass"),
        ("not_shown", "with_caution", "fail"),
    ],
)
def test_explanation_verdict(make_findings, found, wanted, word):
    findings = replace(
        make_findings(), explanations=(ExplanationVerdict("lime", found, ("because",)),)
    )
    rule = Rule("r", "explanation_verdict", {"method": "lime"}, at_least=wanted)
    verdict = judged(rule, findings)
    assert verdict.overall == word
    assert "because" in verdict.outcomes[0].why
    assert judged(replace(rule, where={"method": "shap"}), findings).overall == "inconclusive"
    assert judged(replace(rule, where={}), findings).overall == word


def levels(finding, **limits):
    return [finding(low, high, group="site", level=level) for level, (low, high) in limits.items()]


def test_worst_of_the_levels_is_one_outcome(make_findings, finding):
    rule = Rule("r", "sensitivity", {"group": "site", "level": "worst"}, floor=0.6)
    found = levels(finding, A=(0.8, 0.9), B=(0.62, 0.9), C=(0.7, 0.75))
    (outcome,) = judged(rule, make_findings(*found)).outcomes
    assert (outcome.verdict, outcome.scope["level"]) == ("pass", "B")
    assert outcome.why.startswith("the worst of 3: ")
    found = levels(finding, A=(0.5, 0.55), B=(0.3, 0.9), C=(0.8, 0.9))
    (outcome,) = judged(rule, make_findings(*found)).outcomes
    assert (outcome.verdict, outcome.scope["level"]) == ("fail", "A")


def test_level_without_a_value_is_worse_than_one_that_passes(make_findings, finding):
    rule = Rule("r", "sensitivity", {"group": "site", "level": "worst"}, floor=0.6)
    found = [*levels(finding, A=(0.8, 0.9)), finding(0.8, 0.9, group="site", level="B",
                                                     caution="14 positives")]  # fmt: skip
    (outcome,) = judged(rule, make_findings(*found)).outcomes
    assert (outcome.verdict, outcome.scope["level"]) == ("inconclusive", "B")


def test_waiver_of_one_level_does_not_cover_the_others(make_findings, finding):
    from datetime import date

    rule = Rule("r", "sensitivity", {"group": "site", "level": "worst"}, floor=0.6)
    waiver = Waiver("r", {"level": "A"}, "why", "who", date(9999, 1, 1))
    found = make_findings(*levels(finding, A=(0.1, 0.2), B=(0.4, 0.5), C=(0.8, 0.9)))
    (outcome,) = judged(rule, found, waivers=(waiver,)).outcomes
    assert (outcome.verdict, outcome.scope["level"]) == ("fail", "B")


@pytest.mark.parametrize(
    "demand", [{"non_inferior": 0.0}, {"equivalent": -1.0}, {"superior": -0.1},
               {"floor": 0.1, "required": True}, {}],
)  # fmt: skip
def test_impossible_demands_of_an_edited_plan_are_refused(make_findings, demand):
    with pytest.raises(ConfigError, match="one finite bound"):
        judged(Rule("r", "sensitivity", **demand), make_findings())
