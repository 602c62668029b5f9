"""What fails accuses; what is inconclusive, passed or waived does not."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import ExplanationVerdict
from xaudit.core.record.policy import Outcome, Policy, Rule, Verdict
from xaudit.core.record.qualification import Charge, Subject, Trial
from xaudit.core.record.suspicion import Suspicion
from xaudit.errors import ConfigError
from xaudit.qualification.accusations import charges, check_policy
from xaudit.qualification.conduct import accused, found

ESTIMATE = Estimate(0.6, 0.5, 0.7, "Wilson", 0.95, n=30)
AUC = Rule("performance/auc", "auc", floor=0.8)
SITE = Rule("site/auc", "auc", {"group": "site", "level": "*"}, floor=0.8)


def verdict(*outcomes):
    return Verdict("p", "0" * 64, "fail", outcomes)


def told(*believed, suspicions=()):
    names = ("gradcam", "lime")
    return SimpleNamespace(
        explanations=tuple(
            ExplanationVerdict(name, word, (f"why {name}",))
            for name, word in zip(names, believed, strict=False)
        ),
        suspicions=suspicions,
    )


@pytest.mark.parametrize("word", ["pass", "inconclusive", "waived"])
def test_only_a_failed_rule_accuses(word):
    outcomes = (Outcome(AUC, {}, word, "why", ESTIMATE), Outcome(SITE, {}, "fail", "no", ESTIMATE))
    assert [one.rule for one in charges(told(), verdict(*outcomes))] == ["site/auc"]


def test_charge_names_the_finding_that_was_read():
    scope = {"group": "site", "level": "A", "analysis": "scored"}
    (one,) = charges(told(), verdict(Outcome(SITE, scope, "fail", "too low", ESTIMATE)))
    assert one == Charge("site", "site/auc", "auc[analysis=scored,group=site,level=A]", "too low")


def test_explanation_that_is_not_shown_accuses_and_caution_does_not():
    (one,) = charges(told("with_caution", "not_shown"), verdict())
    assert (one.accusation, one.rule, one.why) == ("explanation", "lime", "why lime")


def test_suspicion_accuses_of_the_declaration():
    (one,) = charges(
        told("believed", suspicions=(Suspicion("constant_score", "all 3"),)), verdict()
    )
    assert one == Charge("declaration", "constant_score", "suspicion[name=constant_score]", "all 3")


@pytest.mark.parametrize("name", ["auc", "beauty/auc", "/auc"])
def test_rule_that_accuses_of_nothing_known_is_refused(name):
    policy = Policy("p", (AUC, replace(AUC, id=name)), "0" * 64)
    with pytest.raises(ConfigError, match="begins with one of: performance"):
        check_policy(policy)


def trial(planted, *accusations, error=None):
    subject = Subject(f"s{planted}", "S", "says", "plain", planted)
    return Trial(subject, 1, tuple(Charge(a, f"{a}/r", "f", "w") for a in accusations), error=error)


def test_defect_is_found_under_its_own_name_only():
    assert trial("site", "performance", "site").right
    assert not trial("site", "performance").right
    assert not trial("site").right
    assert not trial("site", "site", error="disk").right


def test_defect_with_a_rule_of_its_own_is_found_by_that_rule_only():
    subject = replace(trial("declaration").subject, rule="rows_sum_to_one")
    for rule, right in (("rows_sum_to_one", True), ("constant_score", False)):
        charge = Charge("declaration", rule, f"suspicion[name={rule}]", "why")
        assert Trial(subject, 1, (charge,)).right is right


def test_sound_one_is_right_if_it_was_audited_and_accused_of_nothing():
    assert trial(None).right
    assert not trial(None, "calibration").right
    assert not trial(None, error="disk").right


def test_shares_have_exact_intervals():
    trials = [trial("site", "site")] * 18 + [trial("site")] * 2 + [trial(None)] * 10
    share = found(trials)
    # R 4: binom.test(18, 20)$conf.int
    assert (share.k, share.n) == (18, 20)
    assert (share.low, share.high) == pytest.approx((0.6830173, 0.9876515), abs=1e-6)
    # R 4: binom.test(0, 10)$conf.int
    wrong = accused(trials)
    assert (wrong.k, wrong.n, wrong.low) == (0, 10, 0.0)
    assert wrong.high == pytest.approx(0.3084971, abs=1e-6)
    assert accused(trials[:20]).value is None
