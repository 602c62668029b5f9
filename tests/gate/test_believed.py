"""Whether maps are believed decides what their localization counts."""

from dataclasses import replace

import pytest

from xaudit.core.estimate import Estimate
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import ExplanationVerdict, Finding
from xaudit.core.record.policy import Policy, Rule
from xaudit.errors import ConfigError
from xaudit.gate.judging.verdict import judge
from xaudit.gate.policies.policy import policy_hash, read_policy

FACTS = (
    MetricFacts("mass", "?", "higher", 0.0, 1.0, "proportion", "localization"),
    MetricFacts("repeatability", "?", "higher", None, 1.0, "number", "stability"),
)


def audited(make_findings, verdict, low=0.3, high=0.5):
    estimate = Estimate((low + high) / 2, low, high, "patient bootstrap", n=80)
    finding = Finding("mass", {"method": "lime", "analysis": "scored"}, estimate)
    explanation = ExplanationVerdict("lime", verdict, ("Its maps survive randomization.",))
    return replace(make_findings(finding, metrics=FACTS), explanations=(explanation,))


def judged(rule, findings, believe=None):
    policy = Policy("p", (rule,), "", believe=believe or {})
    return judge(replace(policy, sha256=policy_hash(policy)), findings, None)


@pytest.mark.parametrize(
    ("verdict", "floor", "word"),
    [
        ("may_be_believed", 0.2, "pass"),
        ("with_caution", 0.2, "pass"),
        ("not_shown", 0.2, "inconclusive"),
        ("not_shown", 0.6, "fail"),
    ],
)
def test_a_good_score_of_a_map_that_is_not_believed_proves_nothing(
    make_findings, verdict, floor, word
):
    rule = Rule("r", "mass", {"method": "lime", "analysis": "scored"}, floor=floor)
    found = judged(rule, audited(make_findings, verdict))
    assert found.overall == word
    if word == "inconclusive":
        assert "not shown to be about this model" in found.outcomes[0].why


def checks(**limits):
    usual = {"randomization_similarity": (0.1, 0.2), "symmetric_relevance_gain": (0.2, 0.4),
             "edge_similarity": (0.0, 0.2), "stability": (0.8, 0.95),
             "repeatability": (0.8, 0.9), "readable_map": (0.95, 1.0)}  # fmt: skip
    for metric, (low, high) in (usual | limits).items():
        layers = {"layers": "all"} if metric == "randomization_similarity" else {}
        estimate = Estimate((low + high) / 2, low, high, "bootstrap", n=20)
        yield Finding(metric, {"method": "lime", **layers}, estimate)


def test_thresholds_of_the_policy_decide(make_findings):
    explanation = ExplanationVerdict("lime", "may_be_believed", ("passed",))
    findings = replace(make_findings(*checks(), metrics=FACTS), explanations=(explanation,))
    rule = Rule("r", "explanation_verdict", {"method": "lime"}, at_least="may_be_believed")
    assert judged(rule, findings).overall == "pass"
    strict = judged(rule, findings, {"repeatability": 0.95})
    assert strict.overall == "fail"
    assert "0.95" in strict.outcomes[0].why


def test_thresholds_are_read_hashed_and_refused(tmp_path):
    path = tmp_path / "policy.yaml"
    text = "name: p\nrules:\n- {id: r, metric: auc, floor: 0.8}\n"
    path.write_text(text, encoding="utf-8")
    plain = read_policy(path)
    path.write_text(text + "believe: {randomization: 0.4}\n", encoding="utf-8")
    strict = read_policy(path)
    assert strict.believe == {"randomization": 0.4}
    assert strict.sha256 != plain.sha256
    path.write_text(text + "believe: {randomization: 4}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"believe\.randomization"):
        read_policy(path)
    path.write_text(text + "believe: {randomisation: 0.4}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="randomisation"):
        read_policy(path)
