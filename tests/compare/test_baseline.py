"""Two tables of the same drawn cases, beside plain computations."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from xaudit.audit.config.read_config import Overrides
from xaudit.audit.store.store import ScoreRow
from xaudit.compare.baseline import PairedBaseline
from xaudit.compare.same_cases import SameCases, SavedAudit
from xaudit.errors import ConfigError
from xaudit.pipeline.judge import judge_audit
from xaudit.pipeline.predictions import run_predictions
from xaudit.stats.paired_proportions import paired_difference
from xaudit.stats.roc.auc_difference import paired_auc_difference

CONFIG = """\
name: {name}
seed: 3
data:
  table: {name}.csv
  columns: {{id: id, patient: patient, label: label, score: score}}
  no_prediction: {{column: predicted, values: ["0"]}}
  groups: {{sex: {{column: sex}}}}
detector:
  format: predictions
  name: {name}
  version: "2"
  score: logit
  operating_points:
    - {{name: default, logit: {logit}, origin: {origin}}}
"""


def draw(spread, seed, lost=()):
    """240 cases of 120 patients; what the detector says strays from the truth by ``spread``."""
    truth = np.random.default_rng(0).random(240) < 0.5
    noise = np.random.default_rng(seed).normal(0, spread, 240)
    return [
        {
            "id": f"c{n}", "patient": f"p{n // 2}", "label": int(truth[n]),
            "score": repr(float((2 * truth[n] - 1) + noise[n])),
            "predicted": int(n not in lost), "sex": "FM"[n % 3 == 0],
        }
        for n in range(240)
    ]  # fmt: skip


@pytest.fixture
def audit(tmp_path):
    def make(name, rows, logit=0.0, origin="fixed", limit=None):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        config = tmp_path / f"{name}.yaml"
        config.write_text(CONFIG.format(name=name, logit=logit, origin=origin), "utf-8")
        run_predictions(config, tmp_path / f"{name}-out", Overrides(), limit)
        return tmp_path / f"{name}-out"

    return make


@pytest.fixture
def compared(audit):
    def make(new, old, **options):
        sides = audit("new", new), audit("old", old, **options)
        return PairedBaseline.of(*map(SavedAudit.read, sides))

    return make


def logits(rows):
    return np.array([float(row["score"]) for row in rows])


def test_differences_are_those_of_the_statistics(compared):
    new, old = draw(0.8, 1), draw(1.6, 2)
    baseline = compared(new, old)
    labels = np.array([row["label"] == 1 for row in new])
    patients = [row["patient"] for row in new]
    area = paired_auc_difference(logits(new), logits(old), labels, patients)
    found = baseline.difference("auc", {})
    assert found.difference.value == pytest.approx(area.difference.value, abs=1e-12)
    assert found.difference.low == pytest.approx(area.difference.low, abs=1e-12)
    right = [(logits(rows) > 0)[labels] for rows in (new, old)]
    plain = paired_difference(*right, [p for p, one in zip(patients, labels, strict=True) if one])
    found = baseline.difference("sensitivity", {"operating_point": "default"})
    assert found.p_value == pytest.approx(plain.p_value)
    assert found.difference.high == pytest.approx(plain.difference.high)
    assert baseline.facts.cases == 240


@pytest.mark.parametrize("metric", ["ppv", "npv", "f1", "brier", "accuracy", "specificity"])
def test_other_side_up_is_the_opposite(audit, metric):
    better, worse = audit("new", draw(0.8, 1)), audit("old", draw(1.6, 2))
    one, other = (
        PairedBaseline.of(SavedAudit.read(a), SavedAudit.read(b)).difference(
            metric, {"operating_point": "default"}
        )
        for a, b in ((better, worse), (worse, better))
    )
    assert one.difference.value == pytest.approx(-other.difference.value)
    assert (one.difference.value < 0) == (metric == "brier")
    assert one.difference.low <= one.difference.value <= one.difference.high


def test_group_is_compared_within_itself(compared):
    new, old = draw(0.8, 1), draw(1.6, 2)
    scope = {"operating_point": "default", "group": "sex", "level": "M"}
    found = compared(new, old).difference("sensitivity", scope).difference
    inside = [n for n in range(240) if n % 3 == 0 and new[n]["label"]]
    assert found.n == len(inside)
    shares = [np.mean(logits(rows)[inside] > 0) for rows in (new, old)]
    assert found.value == pytest.approx(shares[0] - shares[1])


def test_case_without_a_score_never_helps(compared):
    truth = [row["label"] for row in draw(1, 1)]
    lost_here = [n for n in range(240) if truth[n]][:10]
    lost_there = [n for n in range(240) if truth[n]][10:20]
    old = draw(1.2, 2, lost=[*lost_there, lost_here[0]])
    scope = {"operating_point": "default"}
    baseline = compared(draw(0.8, 1, lost=lost_here), old)
    found = baseline.difference("sensitivity", scope).difference
    new_right, old_right = logits(draw(0.8, 1)) > 0, logits(old) > 0
    new_right[lost_here], old_right[lost_there], old_right[lost_here[0]] = False, True, False
    positive = np.array(truth, dtype=bool)
    assert found.n == positive.sum()
    assert found.value == pytest.approx(new_right[positive].mean() - old_right[positive].mean())
    scored = baseline.difference("sensitivity", scope | {"analysis": "scored"}).difference
    assert scored.n == positive.sum() - 20
    assert baseline.difference("auc", {}).difference.n == 240


def test_each_detector_has_its_own_threshold(compared):
    rows = draw(0.8, 1)
    found = compared(rows, rows, logit=1.5).difference(
        "specificity", {"operating_point": "default"}
    )
    negatives = logits(rows)[[row["label"] == 0 for row in rows]]
    assert found.difference.value == pytest.approx(
        (negatives <= 0).mean() - (negatives <= 1.5).mean()
    )
    assert found.difference.value < 0


def test_threshold_that_was_chosen_on_the_study_compares_with_nothing(compared):
    baseline = compared(draw(0.8, 1), draw(0.8, 1), origin="chosen_on_study")
    found = baseline.difference("sensitivity", {"operating_point": "default"})
    assert "chosen on the study" in found.difference.undefined
    found = baseline.difference("sensitivity", {"operating_point": "other"})
    assert "declares no operating point" in found.difference.undefined


def test_metric_without_a_comparison_is_said(compared):
    baseline = compared(draw(0.8, 1), draw(0.8, 2))
    assert "no paired" in baseline.difference("ece", {}).difference.undefined
    assert "no paired" in baseline.difference("auc", {"method": "lime"}).difference.undefined
    found = baseline.difference("mass", {"method": "lime"}).difference
    assert "no case with a lesion" in found.undefined


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[:-2], r"it lacks 2 cases \(c238, c239\) of 240"),
        (lambda rows: [*rows, rows[0] | {"id": "c999"}], r"it has 1 case \(c999\)"),
        (
            lambda rows: [rows[0] | {"label": 1 - rows[0]["label"]}, *rows[1:]],
            r"labels of 1 case \(c0\) differ",
        ),
        (lambda rows: [rows[0] | {"patient": "p9"}, *rows[1:]], "of one patient"),
    ],
)
def test_other_cases_are_refused(compared, change, message):
    baseline = compared(draw(0.8, 1), change(draw(1.2, 2)))
    with pytest.raises(ConfigError, match=message):
        baseline.difference("auc", {})
    assert baseline.drift


def test_other_files_under_the_same_names_are_refused(audit):
    new, old = (SavedAudit.read(audit(name, draw(0.8, 1))) for name in ("new", "old"))
    sides = [
        replace(one, record=replace(one.record, files={"study": digit * 64}))
        for one, digit in ((new, "1"), (old, "2"))
    ]
    with pytest.raises(ConfigError, match="111111111111 and 222222222222"):
        SameCases.of(*sides)
    assert SameCases.of(sides[0], sides[0]).note == ""
    assert "images were not compared" in SameCases.of(sides[0], old).note


def test_sample_of_the_baselines_cases_may_be_compared(audit):
    old = SavedAudit.read(audit("old", draw(1.2, 2)))
    new = SavedAudit.read(audit("new", draw(0.8, 1), limit=100))
    assert PairedBaseline.of(new, old).difference("auc", {}).difference.n == 100
    with pytest.raises(ConfigError, match="it lacks 140 cases"):
        PairedBaseline.of(old, new).difference("auc", {})


def explained(audit, scores, lost=()):
    """The audit as if maps had been made of its first 80 cases, each with one lesion."""
    cases = tuple(
        replace(row, sampled=number < 80, lesions=1, label=True)
        for number, row in enumerate(audit.results.cases)
    )
    rows = tuple(
        ScoreRow(row.case_id, "lime", "mass", None if n in lost else scores[n],
                 "degenerate" if n in lost else None)
        for n, row in enumerate(cases[:80])
    )  # fmt: skip
    return replace(audit, results=replace(audit.results, cases=cases, scores=rows))


def test_maps_are_compared_on_cases_that_both_explained(audit):
    rng = np.random.default_rng(1)
    new, old = rng.uniform(0.4, 0.9, 80), rng.uniform(0.2, 0.7, 80)
    sides = [SavedAudit.read(audit(name, draw(0.8, 1))) for name in ("new", "old")]
    mine, theirs = explained(sides[0], new, lost=[3]), explained(sides[1], old, lost=[5, 6])
    baseline = PairedBaseline.of(mine, theirs)
    kept = [n for n in range(80) if n not in (5, 6)]
    worst = np.where(np.arange(80) == 3, 0.0, new)
    found = baseline.difference("mass", {"method": "lime"}).difference
    assert (found.n, found.clusters) == (78, 40)
    assert found.value == pytest.approx((worst - old)[kept].mean())
    assert found.low < found.value < found.high
    kept.remove(3)
    found = baseline.difference("mass", {"method": "lime", "analysis": "scored"}).difference
    assert found.value == pytest.approx((new - old)[kept].mean())
    assert baseline.difference("mass", {"method": "shap"}).difference.value is None


POLICY = """\
name: against
rules:
  - {id: auc, metric: auc, non_inferior: 0.02}
  - {id: better, metric: specificity, superior: 0}
  - {id: sexes, metric: accuracy, where: {group: sex, level: worst}, non_inferior: 0.03}
  - {id: brier, metric: brier, non_inferior: 0.005}
  - {id: study, metric: share_drift, where: {group: sex, level: "*"}, equivalent: 0.05}
"""


def test_both_directions_and_a_first_run(audit, tmp_path):
    better, worse = audit("new", draw(0.5, 1)), audit("old", draw(2.0, 2))
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    up = judge_audit(better, policy, worse)
    assert up.overall == "pass", [one.why for one in up.outcomes]
    assert up.baseline.detector == "old 2"
    down = judge_audit(worse, policy, better)
    words = {one.rule.id: one.verdict for one in down.outcomes}
    assert words == {
        "auc": "fail", "better": "fail", "sexes": "fail", "brier": "fail", "study": "pass",
    }  # fmt: skip
    first = judge_audit(better, policy)
    assert first.baseline is None
    assert {one.verdict for one in first.outcomes} == {"inconclusive"}
    assert all("first run" in one.why for one in first.outcomes)


def test_audit_is_no_baseline_of_itself(audit, tmp_path):
    folder, policy = audit("new", draw(0.8, 1)), tmp_path / "policy.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    with pytest.raises(ConfigError, match="is the audit that is judged"):
        judge_audit(folder, policy, folder / ".." / folder.name)
