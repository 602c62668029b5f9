"""Sites that differ in their images: from what a run keeps to findings, gate and card."""

import numpy as np
import pytest

from xaudit.audit.maps.site_shift import KINDS, PARTS, difference_name, site_shift_findings
from xaudit.audit.plan.metrics import all_metrics
from xaudit.audit.scores.case_features import DETECTOR, IMAGE, case_features
from xaudit.audit.store.files import read_findings, read_json
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, Shard, Store
from xaudit.data.pixels.image_statistics import IMAGE_STATISTICS
from xaudit.gate.judging.verdict import judge
from xaudit.gate.policies.policy import read_policy

NAMES = [f"{name}_{part}" for name in KINDS for part in PARTS]


def run_of(folder, homes, shift=0.0, *, features=True, patients=None, lost=()):
    """A run whose cases have drawn numbers; those of site "A" are brighter."""
    rng = np.random.default_rng(3)
    statistics = rng.normal(size=(len(homes), len(IMAGE_STATISTICS))).astype(np.float32)
    statistics[:, 0] += shift * (np.array(homes) == "A")
    detector = rng.normal(size=(len(homes), 7)).astype(np.float32)
    rows = [
        CaseRow(f"c{number}", patients[number] if patients else f"p{number}", number % 2 == 0,
                {"site": home}, None if number in lost else 0.5, 0, "none", False)
        for number, home in enumerate(homes)
    ]  # fmt: skip
    statistics[list(lost)] = np.nan
    store, places = Store(folder), {}
    for number, start in enumerate(range(0, len(rows), 24)):
        part = slice(start, start + 24)
        arrays = {IMAGE: statistics[part], DETECTOR: detector[part, : 7 if features else 0]}
        store.write(number, Shard(cases=rows[part], arrays=arrays))
        places |= {row.case_id: (number, at) for at, row in enumerate(rows[part])}
    return Results(store, tuple(rows), (), (), places)


def findings(results, column="site", seed=1):
    made = list(site_shift_findings(results, column, "patient", (10, 30), seed))
    return {(one.metric, one.scope.get("level")): one for one in made}


def test_brighter_site_is_found_and_named(tmp_path):
    found = findings(run_of(tmp_path, ["A", "B", "C"] * 40, shift=2.0))
    assert found["image_shift_auc_p", "A"].estimate.value == pytest.approx(0.003)
    assert found["image_shift_auc", "A"].estimate.low > 0.7
    assert found["feature_shift_auc_p", "A"].estimate.value > 0.05
    brighter = found["image_mean_difference", "A"]
    assert brighter.estimate.low > 0.5
    assert brighter.scope == {
        "group": "site", "level": "A", "compared": "rest", "analysis": "scored",
    }  # fmt: skip
    others = [
        one.estimate
        for (name, level), one in found.items()
        if name.endswith("_difference") and level == "A" and "mean" not in name
    ]
    assert all(one.low < 0 < one.high for one in others)


def test_findings_are_the_same_when_made_again(tmp_path):
    results = run_of(tmp_path, ["A", "B"] * 30, shift=1.0)
    assert findings(results) == findings(results)
    assert findings(results) != findings(results, seed=2)


def test_sites_that_cannot_be_compared_say_why(tmp_path):
    one = findings(run_of(tmp_path / "one", ["A"] * 40))
    assert {name for name, _ in one} == set(NAMES)
    assert all("1 site with scored cases, 2 needed" in f.estimate.undefined for f in one.values())
    tied = run_of(tmp_path / "tied", ["A", "B"] * 20, patients=[f"p{n // 2}" for n in range(40)])
    assert "at several sites" in findings(tied)["image_shift_auc", None].estimate.undefined
    none = run_of(tmp_path / "none", ["", ""] * 20)
    assert "0 sites" in findings(none)["image_shift_auc", None].estimate.undefined
    assert findings(none, column=None) == {}


def test_small_sites_have_a_reason_and_middling_ones_a_caution(tmp_path):
    found = findings(run_of(tmp_path, ["A"] * 5 + ["B"] * 20 + ["C"] * 60))
    for name in NAMES:
        assert "5 patients on one side, 10 needed" in found[name, "A"].estimate.undefined
        assert "20 patients on one side, 30 needed" in found[name, "B"].estimate.caution
    # All others of C are 25 patients.
    assert "25 patients on one side" in found["image_shift_auc", "C"].estimate.caution
    assert found[difference_name("mean"), "A"].estimate.value is None


def test_detector_without_features_has_a_reason_and_images_are_compared(tmp_path):
    found = findings(run_of(tmp_path, ["A", "B"] * 30, features=False))
    assert "last layer" in found["feature_shift_auc", None].estimate.undefined
    assert found["image_shift_auc", "A"].estimate.value is not None


def test_cases_without_a_score_or_a_site_are_left_out(tmp_path):
    found = findings(run_of(tmp_path, ["A", "B", "unknown"] * 30, lost=(0, 3, 7)))
    assert found["image_shift_auc", "A"].estimate.n == 57
    assert {level for _, level in found} == {"A", "B"}


def test_run_without_these_arrays_has_a_reason(tmp_path):
    results = run_of(tmp_path, ["A", "B"] * 12)
    Store(tmp_path).write(0, Shard(cases=list(results.cases)))
    assert case_features(results, results.cases, IMAGE) is None
    assert (
        "kept no image statistics" in findings(results)["image_shift_auc", None].estimate.undefined
    )


def test_every_figure_is_listed_with_its_question():
    listed = {facts.name: facts for facts in all_metrics()}
    assert {*NAMES, *map(difference_name, IMAGE_STATISTICS)} <= listed.keys()
    assert listed["image_shift_auc"].family == "shift"


def test_a_run_keeps_numbers_of_every_scored_case(finished):
    results = Results.load(Store(finished), read_json(finished / "plan.json", PlanRecord))
    scored = [row for row in results.cases if row.logit is not None]
    statistics, features = (case_features(results, scored, name) for name in (IMAGE, DETECTOR))
    assert statistics.shape == (len(scored), len(IMAGE_STATISTICS))
    assert features.shape[0] == len(scored)
    assert features.shape[1] > 1
    shown = {one.metric for one in read_findings(finished).findings}
    assert set(NAMES) <= shown


def test_a_policy_judges_it_and_never_passes_what_is_missing(finished, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "name: alike\nrules:\n  - {id: alike, metric: image_shift_auc, ceiling: 0.99, "
        "where: {group: site, level: '*', compared: rest}}\n",
        encoding="utf-8",
    )
    found = read_findings(finished)
    verdict = judge(read_policy(policy), found, None)
    judged = {one.scope["level"]: one for one in verdict.outcomes}
    assert judged.keys() == {"Alder", "Birch", "Cedar", "Dogwood"}
    small = [one.verdict for one in judged.values() if "10 needed" in one.why]
    assert small
    assert set(small) <= {"inconclusive", "fail"}
