"""What changed between two audits, beside plain counting and planted changes."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from xaudit.audit.store.files import read_json
from xaudit.audit.store.hashes import write_hashes
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.store import Store
from xaudit.compare.compare import ScoreChanges, compare
from xaudit.compare.paired_audits import Paired
from xaudit.core.detector import OperatingPoint
from xaudit.report.changes.changes import build_changes
from xaudit.stats.multiple.multiplicity import holm

POINTS = (
    (OperatingPoint("half", 0.0, "fixed"), OperatingPoint("half", 0.2, "fixed")),
    (OperatingPoint("strict", 1.0, "fixed"), OperatingPoint("strict", 1.0, "fixed")),
)


def paired(old, new, labels, groups=None):
    n = len(labels)
    return Paired(
        ids=tuple(f"case-{i}" for i in range(n)),
        patients=tuple(f"patient-{i // 2}" for i in range(n)),
        labels=np.asarray(labels, dtype=bool),
        groups=tuple(groups or [{}] * n),
        old=np.asarray(old, dtype=float),
        new=np.asarray(new, dtype=float),
        points=POINTS,
        left_out={},
        by_image=n,
        unit="patient",
    )


@pytest.fixture
def drawn():
    rng = np.random.default_rng(4)
    labels = rng.random(200) < 0.4
    old = rng.normal(labels * 1.5 - 0.5)
    new = old + rng.normal(0, 0.7, 200)
    new[[3, 50, 101]] = np.nan
    groups = [{"sex": "female" if i % 3 else "male"} for i in range(200)]
    return paired(old, new, labels, groups)


def only(deltas, metric, **scope):
    (found,) = [one for one in deltas if one.metric == metric and dict(one.scope) == scope]
    return found


def test_counts_equal_plain_ones(drawn):
    for one in ScoreChanges(drawn, (0, 0), 1).agreements():
        point = next(pair for pair in POINTS if pair[0].name == one.scope["operating_point"])
        table = {key: 0 for key in ((True, True), (True, False), (False, True), (False, False))}
        for label, old, new in zip(drawn.labels, drawn.old, drawn.new, strict=True):
            if label == (one.subject == "fracture"):
                table[bool(old > point[0].logit), bool(new > point[1].logit)] += 1
        counts = (one.both, one.only_old, one.only_new, one.neither)
        assert counts == tuple(table.values())


def test_rates_equal_plain_ones_and_a_missing_score_is_wrong_in_the_worst_case(drawn):
    deltas = list(ScoreChanges(drawn, (0, 0), 1).overall())
    for analysis in ("scored", "worst_case"):
        for old_point, new_point in POINTS:
            rights = {"old": [], "new": []}
            for label, old, new in zip(drawn.labels, drawn.old, drawn.new, strict=True):
                if label or (analysis == "scored" and np.isnan(new)):
                    continue
                rights["old"].append(not old > old_point.logit)
                rights["new"].append(not np.isnan(new) and not new > new_point.logit)
            scope = {"operating_point": new_point.name, "analysis": analysis}
            found = only(deltas, "specificity", **scope)
            assert found.old == pytest.approx(np.mean(rights["old"]))
            assert found.new == pytest.approx(np.mean(rights["new"]))
            assert found.difference.value == pytest.approx(found.new - found.old)
            assert found.difference.n == len(rights["old"])


def test_predictive_values_are_those_of_each_detectors_own_calls(drawn):
    found = only(
        ScoreChanges(drawn, (0, 0), 1).overall(), "ppv", operating_point="half", analysis="scored"
    )
    rows = [row for row in zip(drawn.labels, drawn.old, drawn.new, strict=True)
            if not np.isnan(row[2])]  # fmt: skip
    before = [label for label, old, _ in rows if old > 0]
    after = [label for label, _, new in rows if new > 0.2]
    assert found.old == pytest.approx(np.mean(before))
    assert found.new == pytest.approx(np.mean(after))
    assert found.difference.value == pytest.approx(np.mean(after) - np.mean(before))


def test_a_detector_compared_with_itself_does_not_differ(drawn):
    same = replace(drawn, new=drawn.old, points=tuple((old, old) for old, _ in POINTS))
    changes = ScoreChanges(same, (0, 0), 1)
    deltas = [*changes.overall(), *changes.of_groups()]
    assert {one.difference.value for one in deltas} == {0.0}
    assert list(changes.moved()) == []
    assert all(one.only_old == one.only_new == 0 for one in changes.agreements())
    assert not any(one.p_value is not None and one.p_value < 1 for one in deltas)


def test_what_moved_is_named_and_the_largest_step_comes_first():
    labels = [True, True, False, False, True]
    pair = paired([2, -1, -1, 3, 5], [-1, 1, 4, -np.inf, np.nan], labels)
    moved = [one for one in ScoreChanges(pair, (0, 0), 1).moved() if one.operating_point == "half"]
    assert [(one.case_id, one.kind) for one in moved] == [
        ("case-4", "newly_missed"),
        ("case-3", "false_alarm_gone"),
        ("case-2", "new_false_alarm"),
        ("case-0", "newly_missed"),
        ("case-1", "newly_found"),
    ]
    assert moved[0].new_probability is None
    assert moved[1].new_probability == 0


def test_a_group_that_got_worse_is_shown_with_all_groups_counted():
    rng = np.random.default_rng(9)
    labels = np.arange(600) % 2 == 0
    old = np.where(labels, 2.0, -2.0) + rng.normal(0, 0.5, 600)
    groups = [{"cast": "yes" if i < 150 else "no"} for i in range(600)]
    new = old.copy()
    new[:60:2] = -3.0
    changes = ScoreChanges(paired(old, new, labels, groups), (10, 30), 1).of_groups()
    scope = {"group": "cast", "operating_point": "half", "analysis": "scored"}
    hurt = only(changes, "sensitivity", level="yes", **scope)
    assert hurt.difference.high < 0
    assert hurt.p_adjusted < 0.001
    spared = only(changes, "sensitivity", level="no", **scope)
    assert spared.difference.low <= 0 <= spared.difference.high
    tested = [one for one in changes if one.p_value is not None]
    assert [one.p_adjusted for one in tested] == holm([one.p_value for one in tested]).tolist()


def test_small_groups_get_no_figure():
    labels = [True] * 6 + [False] * 40
    groups = [{"site": "a"}] * 46
    deltas = ScoreChanges(
        paired(np.zeros(46), np.ones(46), labels, groups), (10, 30), 1
    ).of_groups()
    found = [one for one in deltas if one.metric == "sensitivity"]
    assert all(one.difference.value is None and one.p_value is None for one in found)
    assert "6 positives, 10 needed" in found[0].difference.undefined


@pytest.fixture
def moved_maps(finished, tmp_path):
    """The same audit, its Grad-CAM maps upside down: the order of their pixels is reversed."""
    folder = tmp_path / "new"
    shutil.copytree(finished, folder)
    store = Store(folder)
    for number in range(len(read_json(folder / "plan.json", PlanRecord).shards)):
        shard = store.read(number)
        shard.arrays = {
            name: -values if name.endswith("gradcam") else values
            for name, values in store.arrays(number).items()
        }
        shard.scores = [
            replace(row, value=0.0)
            if (row.method, row.metric) == ("gradcam", "lesion_hit")
            else row
            for row in shard.scores
        ]
        store.write(number, shard)
    write_hashes(folder)
    return folder


def test_maps_that_moved_are_told_from_those_that_did_not(finished, moved_maps):
    changes = compare(finished, moved_maps)
    alike = {one.method: one for one in changes.maps}
    assert set(alike) == {"gradcam", "integrated_gradients", "shap", "lime"}
    assert alike["gradcam"].similarity.value == pytest.approx(-1)
    assert alike["gradcam"].least[0][1] == pytest.approx(-1)
    assert alike["shap"].similarity.value == pytest.approx(1)
    assert all(one.same_parameters for one in changes.maps)
    assert all(one.similarity.n + one.without <= 6 for one in changes.maps)
    masses = [one for one in changes.deltas if one.metric == "mass"]
    assert [one.difference.value for one in masses] == [0.0] * 4
    lesions = {one.scope["method"]: one for one in changes.agreements if one.subject == "lesion"}
    assert lesions["gradcam"].both == lesions["gradcam"].only_new == 0
    assert lesions["lime"].only_old == lesions["lime"].only_new == 0


def test_comparing_an_audit_with_itself_tells_the_facts(finished):
    changes = compare(finished, finished)
    assert changes.cases == changes.by_image == changes.scored > 0
    assert changes.points == ("default",)
    assert changes.points_left_out == ()
    assert changes.old == changes.new


def test_moves_within_the_tolerance_are_counted(drawn):
    old = drawn.old.copy()
    close, far = 10, 11
    new = np.where(old > 0, old, old - 1.0)
    old[close], new[close] = 1e-6, -1e-6
    old[far], new[far] = 0.5, -0.5
    points = ((POINTS[0][0], POINTS[0][0]),)
    changes = ScoreChanges(replace(drawn, old=old, new=new, points=points), (0, 0), 1)
    assert {one.case_id for one in changes.moved()} == {"case-10", "case-11"}
    assert changes.within(1e-5, "logit") == {"half": 1}
    assert changes.within(1e-7, "probability") == {"half": 0}
    assert changes.within(1.0, "logit") == {"half": 2}


def test_an_audit_states_the_tolerance_to_its_change_report(finished):
    found = compare(finished, finished)
    assert found.tolerance > 0
    assert found.within == {"default": 0}
    page = build_changes(replace(found, within={"default": 2}))
    (moved,) = (one for one in page.sections if one.id == "moved")
    assert moved.paragraphs[0].startswith("At “default” 2 of them moved by no more than another")
