from dataclasses import replace

import pytest

from xaudit.audit.plan.profile import draw_cases
from xaudit.audit.store.store import CaseRow
from xaudit.core.record.policy import Policy, Rule
from xaudit.errors import ConfigError
from xaudit.gate.judging.sizes import planned_need


def study(count=2000, prevalence=0.3, per_patient=1, small_site=100):
    return [
        CaseRow(
            f"c{n}", f"p{n // per_patient}", n % 10 < prevalence * 10,
            {"site": "small" if n < small_site else "large"}, None, 0, "none", False,
        )
        for n in range(count)
    ]  # fmt: skip


def policy(*rules):
    return Policy("p", rules, "0" * 64)


SENSITIVITY = Rule("sens", "sensitivity", floor=0.8)
SPECIFICITY = Rule("spec", "specificity", floor=0.7)


def draw(cases, *rules, limit="ci"):
    return draw_cases(cases, limit, policy(*rules), (10, 30), 1)


def test_sample_is_the_smallest_that_decides_and_keeps_the_prevalence():
    drawn = draw(study(), SENSITIVITY, SPECIFICITY)
    needed = planned_need(SENSITIVITY, 0.3).positives
    positives = sum(case.label for case in drawn.cases)
    assert needed <= positives <= needed + 8
    assert drawn.limit == len(drawn.cases) < 2000
    assert positives / len(drawn.cases) == pytest.approx(0.3, abs=0.01)
    assert drawn.notes == ("Sized so that sens, spec can be decided with 80 % power.",)


def test_what_no_sample_can_decide_is_said_and_does_not_size_the_rest():
    every = Rule("every-site", "sensitivity", {"group": "site", "level": "*"}, floor=0.8)
    drawn = draw(study(), SENSITIVITY, every)
    assert any(
        "every-site in site small cannot be decided" in note
        and "108 patients with a fracture and 0 without needed" in note
        and "30 patients with a fracture and 70 without there" in note
        for note in drawn.notes
    )
    assert drawn.limit < 2000
    large = sum(case.label for case in drawn.cases if case.groups["site"] == "large")
    assert large >= planned_need(SENSITIVITY, 0.3).positives


def test_rules_about_what_is_not_recorded_size_the_sample_too():
    empty = [replace(one, groups={"site": ""}) for one in study()]
    rule = Rule("s", "sensitivity", {"group": "site", "level": "not recorded"}, floor=0.8)
    needed = planned_need(rule, 0.3).positives
    assert needed <= sum(case.label for case in draw(empty, rule).cases) <= needed + 8


def test_patients_are_counted_not_their_cases():
    single, clustered = (draw(study(per_patient=n), SENSITIVITY).limit for n in (1, 10))
    assert clustered > 1.2 * single
    patients = {c.patient for c in draw(study(per_patient=10), SENSITIVITY).cases if c.label}
    assert len(patients) >= planned_need(SENSITIVITY, 0.3).positives


def test_study_that_is_too_small_is_audited_as_a_whole():
    drawn = draw(study(count=100), SENSITIVITY)
    assert (len(drawn.cases), drawn.limit) == (100, None)
    assert "even by the whole study" in drawn.notes[0]


def test_rules_without_a_size_are_named():
    drawn = draw(study(), SENSITIVITY, Rule("cal", "ece", ceiling=0.1))
    assert drawn.notes[-1] == "No size was planned for cal."
    assert draw(study(), Rule("cal", "ece", ceiling=0.1)).limit is None


def test_minimum_for_a_verdict_is_kept():
    easy = Rule("easy", "sensitivity", floor=0.05)
    assert sum(case.label for case in draw(study(), easy).cases) >= 30


def test_profile_without_a_policy_is_refused():
    with pytest.raises(ConfigError, match="name one with `policy:`"):
        draw_cases(study(), "ci", None, (10, 30), 1)


def test_draw_sees_neither_scores_nor_pixels():
    ids = [case.case_id for case in draw(study(), SENSITIVITY).cases]
    scored = [replace(case, logit=float(n)) for n, case in enumerate(study())]
    assert [case.case_id for case in draw(scored, SENSITIVITY).cases] == ids


def test_limits_as_before():
    assert draw(study(), limit=None).limit is None
    assert len(draw(study(), limit=50).cases) == 50
