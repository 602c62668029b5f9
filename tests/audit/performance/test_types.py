"""Types of fracture against all normal cases: by hand, and planted."""

from dataclasses import replace

import numpy as np
import pytest
from simulated_readings import POINT, material_of
from sklearn.metrics import roc_auc_score

from xaudit.audit.analyses.port import SUBTLETY, TYPES, analyzed, tables_of
from xaudit.audit.config.data_config import SubtletyConfig
from xaudit.audit.performance.types import _subtlety, _types, check_types, type_issues
from xaudit.audit.plan.metrics import metrics_of
from xaudit.errors import ConfigError
from xaudit.fairness.groups import levels

SEPARATION = {"oblique": 3.0, "hairline": 0.5}


def material(folder, rng, patients=200, images=2):
    sick = np.repeat(rng.random(patients) < 0.5, images)
    kinds = np.repeat(rng.choice(["oblique", "hairline"], patients), images)
    kinds = np.where(sick, kinds, "")
    shift = np.array([SEPARATION.get(kind, 0.0) for kind in kinds])
    logits = rng.normal(shift - 1, 1.0)
    people = np.repeat([f"p{n:03d}" for n in range(patients)], images)
    made = material_of([], logits, people, folder, labels=sick)
    rows = tuple(
        replace(row, groups={"kind": kind or "not recorded"})
        for row, kind in zip(made.results.cases, kinds, strict=True)
    )
    return replace(made, results=replace(made.results, cases=rows), types=("kind",)), kinds


def found(material):
    return {one.id: one for one in _types(material)}


def test_each_type_is_set_against_all_normal_cases(tmp_path):
    made, kinds = material(tmp_path, np.random.default_rng(3))
    logits = np.array([row.logit for row in made.results.cases])
    normal = logits[kinds == ""]
    for kind in SEPARATION:
        own, scope = logits[kinds == kind], f"analysis=scored,group=kind,level={kind}"
        area = found(made)[f"auc_of_type[{scope}]"]
        labels = np.r_[np.ones(len(own)), np.zeros(len(normal))]
        expected = roc_auc_score(labels, np.r_[own, normal])
        assert area.estimate.value == pytest.approx(expected)
        assert (area.positives, area.estimate.n) == (len(own), len(own) + len(normal))
        share = found(made)[f"sensitivity_of_type[{scope},operating_point=half]"].estimate
        assert (share.k, share.n) == ((own > POINT.logit).sum(), len(own))
    assert len(found(made)) == 2 * 3, "normal cases are no type"


def test_what_has_no_score_counts_as_missed_in_the_worst_case(tmp_path):
    made, kinds = material(tmp_path, np.random.default_rng(3))
    rows = list(made.results.cases)
    lost = np.flatnonzero(kinds == "oblique")[:20]
    for at in lost:
        rows[at] = replace(rows[at], logit=None)
    made = replace(made, results=replace(made.results, cases=tuple(rows)))
    scope = "group=kind,level=oblique,operating_point=half]"
    shares = [found(made)[f"sensitivity_of_type[analysis={name},{scope}"].estimate
              for name in ("scored", "worst_case")]  # fmt: skip
    assert shares[0].k == shares[1].k
    assert shares[0].n == shares[1].n - 20


def test_few_of_a_type_are_counted_and_have_no_figure(tmp_path):
    made, kinds = material(tmp_path, np.random.default_rng(3))
    rare = set(np.flatnonzero(kinds == "oblique")[8:])
    kept = tuple(row for at, row in enumerate(made.results.cases) if at not in rare)
    made = replace(made, results=replace(made.results, cases=kept))
    few = found(made)["sensitivity_of_type[analysis=scored,group=kind,level=oblique,"
                      "operating_point=half]"]  # fmt: skip
    assert "8 positives" in few.estimate.undefined


def test_intervals_cover_the_planted_area(tmp_path):
    """Of two normal variables of one spread the area is known; images of a patient differ."""
    from scipy.stats import norm

    rng, covered = np.random.default_rng(11), 0
    truth = norm.cdf(SEPARATION["hairline"] / np.sqrt(2))
    for _ in range(100):
        made, _ = material(tmp_path, rng, patients=120)
        one = found(made)["auc_of_type[analysis=scored,group=kind,level=hairline]"].estimate
        covered += one.low <= truth <= one.high
    assert 89 <= covered <= 100


def test_they_are_there_where_types_are_declared_alone(tmp_path):
    made, _ = material(tmp_path, np.random.default_rng(3))
    assert TYPES in tables_of(made)
    assert TYPES not in tables_of(replace(made, types=()))
    assert "auc_of_type" not in {one.name for one in metrics_of(["cases"])}
    assert "auc_of_type" in {one.name for one in metrics_of(["cases", TYPES])}
    assert "types of fracture" in {one.name for one, _ in analyzed(made, ["cases", TYPES])}


def test_columns_that_are_no_types_are_refused():
    labels = np.array([True, True] + [False] * 10)
    kinds = ["oblique", "none", *["none"] * 7, "", "", "hairline"]
    rows = [{"kind": kind, "sex": "f" if at % 2 else "m"} for at, kind in enumerate(kinds)]
    columns = levels(rows)
    check_types(("kind",), labels, columns)
    check_types((), labels, {})
    (issue,) = type_issues(("kind",), labels, columns, [str(at) for at in range(12)])
    assert (issue.case_id, issue.effect) == ("11", "noted")
    assert issue.detail == "the label says no fracture, kind says hairline"
    with pytest.raises(ConfigError) as caught:
        check_types(("sex", "type"), labels, columns)
    assert (
        "'sex' is nothing that fractures alone have: 5 of 10 normal cases"
        in caught.value.problems[0]
    )
    assert "no group 'type'; there is: kind, sex" in caught.value.problems[1]


def test_a_hairline_has_its_figures_in_the_declared_order(tmp_path):
    """The figures of a type, under the name of subtlety."""
    made, _ = material(tmp_path, np.random.default_rng(3))
    declared = SubtletyConfig(column="kind", levels=("oblique", "hairline"))
    of_types, subtle = found(made), list(_subtlety(replace(made, subtlety=declared)))
    assert [one.id.replace("subtlety", "type") for one in subtle] != list(of_types)
    assert {one.id.replace("subtlety", "type") for one in subtle} == set(of_types)
    for one in subtle:
        estimate = of_types[one.id.replace("subtlety", "type")].estimate
        assert (one.estimate.value, one.estimate.n) == (estimate.value, estimate.n)
    levels_there = list(dict.fromkeys(one.scope["level"] for one in subtle))
    assert levels_there == ["oblique", "hairline"]
    assert SUBTLETY in tables_of(replace(made, subtlety=declared))
    assert SubtletyConfig.model_validate("kind").ordered(["b", "a"]) == ["b", "a"]


def test_a_level_of_subtlety_that_no_case_has_is_named():
    labels = np.array([True, True, False, False])
    columns = levels([{"seen": one} for one in ("plain", "hairline", "", "")])
    check_types((), labels, columns, SubtletyConfig(column="seen", levels=("plain", "hairline")))
    for declared, expected in (
        (SubtletyConfig(column="seen", levels=("hairlin",)), "no case has 'hairlin'; 'seen' has"),
        (SubtletyConfig(column="sean"), "data.subtlety: no group 'sean'; there is: seen"),
    ):
        with pytest.raises(ConfigError, match=expected):
            check_types((), labels, columns, declared)
