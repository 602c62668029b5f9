from collections import Counter

import pytest
from pydantic import ValidationError

from xaudit.audit.config.statistics_config import InterimConfig
from xaudit.audit.plan.interim_plan import interim_note, larger, plan_interim, unread
from xaudit.audit.store.store import CaseRow
from xaudit.core.record.policy import Policy, Rule
from xaudit.gate.policies.policy import read_policy
from xaudit.stats.multiple.group_sequential import boundaries


def study(count=400, per_patient=1):
    return [
        CaseRow(
            f"c{n}", f"p{n // per_patient}", n // per_patient % 4 == 0,
            {"site": "small" if n < 40 else "large"}, None, 0, "none", False,
        )
        for n in range(count)
    ]  # fmt: skip


def test_every_look_has_the_mixture_of_the_study():
    cases = study()
    shards, interim = plan_interim(cases, InterimConfig(), 3)
    by_id = {one.case_id: one for one in cases}
    assert interim.cases == (100, 200, 300, 400)
    assert interim.fractions == (0.25, 0.5, 0.75, 1.0)
    assert interim.limits == boundaries(interim.fractions, "obrien_fleming")
    assert interim.shards[-1] == len(shards)
    for first, last in zip((0, *interim.shards), interim.shards, strict=False):
        part = [by_id[one] for ids in shards[first:last] for one in ids]
        assert len(part) == 100
        assert sum(one.label for one in part) == 25
        assert Counter(one.groups["site"] for one in part)["small"] in range(8, 13)
    assert sorted(one for ids in shards for one in ids) == sorted(by_id)


def test_cases_of_a_patient_come_to_the_same_analysis():
    cases = study(per_patient=5)
    shards, interim = plan_interim(cases, InterimConfig(), 3)
    patient = {one.case_id: one.patient for one in cases}
    parts = [
        {patient[one] for ids in shards[first:last] for one in ids}
        for first, last in zip((0, *interim.shards), interim.shards, strict=False)
    ]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 80


def test_order_is_random_and_fixed_by_the_seed():
    one, again, other = (plan_interim(study(), InterimConfig(), seed) for seed in (3, 3, 4))
    assert one == again
    assert one[0] != other[0]


def test_too_few_patients_for_two_analyses_are_analyzed_once():
    assert plan_interim(study(2), InterimConfig(fractions=(0.01, 1)), 3) is None
    assert plan_interim(study(), InterimConfig(fractions=(1,)), 3) is None


def test_interim_analyses_cost_cases_and_pocock_more_of_them():
    cheap, dear = (larger(InterimConfig(spending=one)) for one in ("obrien_fleming", "pocock"))
    assert 1.01 < cheap < 1.03
    assert 1.15 < dear < 1.25


def test_note_names_cases_and_boundaries():
    note = interim_note(plan_interim(study(), InterimConfig(), 3)[1])
    assert "after 100, 200, 300 and 400 cases" in note
    assert "z = 4.33, 2.96, 2.36 and 2.01" in note


def test_rules_that_only_a_finished_audit_answers_are_named():
    from pathlib import Path

    assert unread(read_policy(Path("pack:ci-fast"))) == ()
    assert unread(read_policy(Path("pack:release"))) == (
        "fracture-decides",
        "nothing-else-decides",
        "maps-mean-something",
    )
    rules = (
        Rule("gap", "sensitivity_gap", floor=-0.2),
        Rule("hit", "hit", {"method": "gradcam"}, floor=0.5),
        Rule("degraded", "degraded_auc", floor=0.7),
        Rule("stable", "stability", floor=0.5),
        Rule("failed", "failed_share", ceiling=0.1),
    )
    assert unread(Policy("p", rules, "")) == ("degraded", "stable")


@pytest.mark.parametrize("given", [(), (0.5,), (0.5, 0.5, 1), (1, 0.5), (-0.1, 1), (0.5, 1.2)])
def test_wrong_fractions_are_refused(given):
    with pytest.raises(ValidationError):
        InterimConfig(fractions=given)
