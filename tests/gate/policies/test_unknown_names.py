from dataclasses import replace

import pytest

from xaudit.core.metric import MetricFacts
from xaudit.core.record.policy import Policy, Rule
from xaudit.errors import ConfigError
from xaudit.gate.policies.match import why_nothing_matches
from xaudit.gate.policies.possible_rules import METHODS
from xaudit.gate.policies.unknown_names import refuse_unknown_names


def check(findings, metric="sensitivity", **where):
    policy = Policy("p", (Rule("r", metric, where, floor=0.5, line=7),), "", "policy.yaml")
    refuse_unknown_names(policy, findings, lambda: ["auc", "sensitivity", "enrichment"])


@pytest.fixture
def findings(make_findings, finding):
    return make_findings(finding(0.7, 0.9, group="hospital", level="A"))


@pytest.mark.parametrize("metric", ["sensitivity", "enrichment", "auc_gap"])
@pytest.mark.parametrize("group", ["hospital", "*"])
def test_names_that_exist_are_legal_even_if_they_were_not_computed(findings, metric, group):
    check(findings, metric, group=group)


def test_list_of_all_metrics_is_made_only_where_findings_do_not_hold_a_name(findings):
    asked = []

    def metrics():
        asked.append(True)
        return ["auc", "sensitivity"]

    for metric, times in (("sensitivity", 0), ("sensitivity_gap", 0), ("auc", 1)):
        rule = Rule("r", metric, floor=0.5)
        refuse_unknown_names(Policy("p", (rule,), ""), findings, metrics)
        assert len(asked) == times, metric


@pytest.mark.parametrize(
    ("metric", "where", "message"),
    [
        ("sensitivty", {}, "policy.yaml:7: rule 'r': .*did you mean 'sensitivity'"),
        ("auc", {"group": "hopital"}, "policy.yaml:7: rule 'r': .*did you mean 'hospital'"),
        ("auc", {"group": "zzz"}, "it has: hospital"),
    ],
)
def test_names_that_do_not_exist_are_refused(findings, metric, where, message):
    with pytest.raises(ConfigError, match=message):
        check(findings, metric, **where)


def test_all_mistakes_are_told_at_once(findings):
    with pytest.raises(ConfigError) as caught:
        check(findings, "ouc", group="hopital")
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("metric", "where", "message"),
    [
        ("sensitivity", {"operating_point": "defualt"}, "did you mean 'default'.*default, tuned"),
        ("sensitivity", {"method": "gradcam"}, "never has method; it is given by group, level"),
        ("sensitivity", {"analysis": "scord"}, "no analysis 'scord'; did you mean 'scored'"),
        ("sensitivity", {"compared": "rest"}, "never has compared"),
        ("enrichment", {"method": "gradcamm"}, "did you mean 'gradcam'"),
        ("explanation_verdict", {"method": "limee"}, "no method 'limee'; did you mean 'lime'"),
    ],
)
def test_scopes_that_no_audit_has_are_refused(findings, metric, where, message):
    with pytest.raises(ConfigError, match=message):
        check(findings, metric, **where)


@pytest.mark.parametrize("method", ["xgradcam", "from_another_package"])
def test_method_that_was_not_run_is_no_mistake(findings, method):
    check(findings, "enrichment", method=method)


@pytest.mark.parametrize(
    ("bound", "message"),
    [
        ({"floor": 85}, "no detector can reach the floor 85: .* never over 1; shares are written"),
        ({"ceiling": -0.1}, "no detector can keep the ceiling -0.1"),
    ],
)
def test_bound_that_cannot_be_met_is_refused(make_findings, finding, bound, message):
    facts = MetricFacts("sensitivity", "q", "higher", 0.0, 1.0, "proportion", "discrimination")
    rule = Rule("r", "sensitivity", **bound, line=7)
    there = make_findings(finding(0.7, 0.9), metrics=(facts,))
    with pytest.raises(ConfigError, match=message):
        refuse_unknown_names(Policy("p", (rule,), ""), there, lambda: ["sensitivity"])


def test_shipped_methods_are_all_legal():
    from xaudit.explain.port import EXPLAINERS, load_built_in

    load_built_in()
    assert sorted(METHODS) == sorted(EXPLAINERS)


def test_level_that_is_not_there_is_named_with_those_that_are(make_findings, finding):
    there = make_findings(finding(0.7, 0.9, group="sex", level="F"))
    study = replace(there.study, levels={"sex": {"F": (10, 5), "M": (10, 5)}})
    rule = Rule("r", "sensitivity", {"group": "sex", "level": "f"}, floor=0.5)
    why = why_nothing_matches(rule, replace(there, study=study))
    assert why.endswith("the study has no sex 'f'; it has: F, M")


def test_metric_that_exists_is_not_taken_for_a_slip(make_findings, finding):
    facts = MetricFacts(
        "ppv_at_prevalence", "q", "higher", 0.0, 1.0, "proportion", "discrimination"
    )
    rule = Rule("r", "ppv_at_prevalence", floor=0.5)
    there = make_findings(finding(0.7, 0.9), metrics=(facts,))
    assert why_nothing_matches(rule, there) == "this audit did not measure 'ppv_at_prevalence'"
