import pytest

from xaudit.core.policy import Policy, Rule
from xaudit.errors import ConfigError
from xaudit.gate.names import refuse_unknown_names


def check(findings, metric="sensitivity", **where):
    policy = Policy("p", (Rule("r", metric, where, floor=0.5, line=7),), "", "policy.yaml")
    refuse_unknown_names(policy, findings, ["auc", "sensitivity", "enrichment"])


@pytest.fixture
def findings(make_findings, finding):
    return make_findings(finding(0.7, 0.9, group="hospital", level="A"))


@pytest.mark.parametrize("metric", ["sensitivity", "enrichment", "auc_gap"])
@pytest.mark.parametrize("group", ["hospital", "*"])
def test_names_that_exist_are_legal_even_if_they_were_not_computed(findings, metric, group):
    check(findings, metric, group=group)


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
