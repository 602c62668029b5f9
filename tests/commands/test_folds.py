"""A cross-validation as a table of predictions, from its file to its card."""

import csv
import json
import re

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

HEAD = """
name: Folds
data:
  table: table.csv
  columns: {id: id, patient: patient, label: y, score: score, fold: fold, site: site}
  folds: %s
detector:
  format: predictions
  name: drawn
  operating_points: [{name: half, probability: 0.5, origin: fixed}]
statistics: {draws: 200}
"""


@pytest.fixture
def rows():
    rng = np.random.default_rng(4)
    return [
        {"id": f"c{i}", "patient": f"p{i // 2}", "y": int(y), "fold": (i // 2) % 4,
         "site": "abcd"[(i // 2) % 4], "score": round(float(1 / (1 + np.exp(-z))), 6)}
        for i, (y, z) in enumerate(
            (y, rng.normal() + 2 * y - 1) for y in rng.integers(2, size=400)
        )
    ]  # fmt: skip


@pytest.fixture
def write(tmp_path):
    def write(rows, design="stratified"):
        with (tmp_path / "table.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        (tmp_path / "audit.yaml").write_text(HEAD % design, encoding="utf-8")
        return tmp_path / "audit.yaml"

    return write


def test_folds_are_averaged_and_pooled(xaudit, tmp_path, rows, write):
    code, _out, err = xaudit("run", write(rows, "leave_one_site_out"), "--out", tmp_path / "out")
    assert code == 0, err
    found = json.loads((tmp_path / "out" / "findings.json").read_text("utf-8"))["findings"]
    by_name = {one["metric"]: one["estimate"]["value"] for one in found if "fold" in one["metric"]
               or one["scope"] == {"analysis": "scored"}}  # fmt: skip
    areas = [
        roc_auc_score([row["y"] for row in rows if row["fold"] == fold],
                      [row["score"] for row in rows if row["fold"] == fold])
        for fold in range(4)
    ]  # fmt: skip
    assert by_name["auc_fold_mean"] == pytest.approx(np.mean(areas))
    pooled = roc_auc_score([row["y"] for row in rows], [row["score"] for row in rows])
    assert by_name["auc"] == pytest.approx(pooled)
    code, _out, err = xaudit("card", tmp_path / "out")
    assert code == 0, err
    card = (tmp_path / "out" / "card.md").read_text("utf-8")
    assert "Cross-validation (leave one site out)" in card
    assert "Mean of folds" in card


def test_a_patient_in_two_folds_is_named_by_its_cases(xaudit, rows, write):
    rows[1]["fold"] = 3
    code, out, err = xaudit("check", write(rows))
    assert code == 0, err
    said = re.sub(r"\s+", " ", out)
    assert "patient_in_two_folds: c0" in said
    assert "c0 in fold 0, c1 in fold 3" in said


def test_what_contradicts_the_declaration_is_refused(xaudit, rows, write):
    rows[4]["site"] = rows[5]["site"] = "a"
    rows[9]["fold"] = ""
    code, _out, err = xaudit("check", write(rows, "leave_one_site_out"))
    assert code == 2
    assert "one site for each fold" in err
    assert "expected a fold, got nothing" in err
    code, _out, err = xaudit("check", write([{**row, "fold": 1} for row in rows]))
    assert code == 2
    assert "two folds or more, got 1" in err


def test_folds_that_are_not_stratified_are_refused_or_named(xaudit, rows, write):
    apart = [{**row, "fold": row["y"] if n < 300 else 2} for n, row in enumerate(rows)]
    code, _out, err = xaudit("check", write(apart))
    assert code == 2
    assert "table.csv fold '0' has 0 fractures in" in err
    assert "say folds: k_fold" in err
    code, _out, err = xaudit("check", write(apart, "k_fold"))
    assert code == 0, err
    drawn = sorted(rows, key=lambda row: row["y"])
    dealt = [{**row, "patient": row["id"], "fold": n % 4} for n, row in enumerate(drawn)]
    code, out, err = xaudit("check", write(dealt))
    assert code == 0, err
    assert "fold_not_stratified" not in out
    moved = [{**row, "fold": 0} if row["fold"] == 1 and n < 20 else row
             for n, row in enumerate(dealt)]  # fmt: skip
    code, out, err = xaudit("check", write(moved))
    assert code == 0, err
    assert "fold_not_stratified: fold '0' has" in re.sub(r"\s+", " ", out)


def test_a_fold_called_nan_is_no_fold(xaudit, rows, write):
    rows[9]["fold"] = "nan"
    code, _out, err = xaudit("check", write(rows))
    assert code == 2
    assert "line 11, column 'fold': expected a fold, got nothing" in err


def test_folds_need_a_column_and_a_design(xaudit, rows, write):
    file = write(rows)
    text = file.read_text("utf-8")
    file.write_text(text.replace("  folds: stratified\n", ""), encoding="utf-8")
    code, _out, err = xaudit("check", file)
    assert code == 2
    assert "declared together" in err
