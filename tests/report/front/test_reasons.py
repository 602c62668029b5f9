from dataclasses import replace

import pytest

from xaudit.core.estimate import Estimate
from xaudit.core.record.policy import Outcome, Rule, Verdict
from xaudit.report.front.reasons import more, reasons
from xaudit.report.view.lookup import Lookup


def share(value):
    return Estimate(value, value - 0.1, value + 0.05, "Wilson", k=round(20 * value), n=20)


def judged(audit, *words, of_one_rule=False):
    """A rule for each word, or one rule with an outcome for each."""
    outcomes = tuple(
        Outcome(
            Rule("every-site" if of_one_rule else f"r{n}", "sensitivity", {"group": "site"},
                 floor=0.8),
            {"analysis": "worst_case", "group": "site", "level": f"S{n}",
             "operating_point": "default"},
            word, f"why {n}", share(0.7),
        )
        for n, word in enumerate(words)
    )  # fmt: skip
    return Lookup(audit[0], Verdict("release", "b" * 64, "fail", outcomes))


def test_a_rule_that_passed_needs_no_reason(audit):
    look = judged(audit, "pass", "pass")
    assert reasons(look) == ()
    assert not more(look)
    assert reasons(Lookup(audit[0])) == ()


def test_failures_come_first_and_each_says_where_and_why(audit):
    look = judged(audit, "inconclusive", "pass", "waived", "fail")
    found = reasons(look)
    assert [one.mark.word for one in found] == ["fail", "inconclusive", "waived"]
    assert found[0].text == "r3 (site S3): 70 % (60–75), 14/20; why 3"
    assert not more(look)


@pytest.mark.parametrize(("count", "rest"), [(5, ""), (6, "and 1 more"), (40, "and 35 more")])
def test_what_has_no_room_is_counted(audit, count, rest):
    look = judged(audit, *["fail"] * count)
    assert len(reasons(look)) == 5
    assert more(look) == rest


def test_outcomes_of_one_rule_are_one_line_about_the_gravest(audit):
    look = judged(audit, "inconclusive", "fail", "pass", "fail", of_one_rule=True)
    (found,) = reasons(look)
    assert found.mark.word == "fail"
    assert found.text == (
        "every-site (site S1): 70 % (60–75), 14/20; why 1 (and 2 more of this rule)"
    )
    assert not more(look)


def test_what_was_not_measured_is_said_without_a_dash(audit):
    look = judged(audit, "inconclusive")
    verdict = look.verdict
    outcome = replace(verdict.outcomes[0], estimate=None, scope={}, why="not measured")
    (found,) = reasons(Lookup(audit[0], replace(verdict, outcomes=(outcome,))))
    assert found.text == "r0: not measured"
