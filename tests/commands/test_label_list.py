"""The list of labels that scores contradict, from a table to a spreadsheet."""

import csv

import numpy as np
import pytest

AUDIT = """
name: Labels
data:
  table: table.csv
  columns: {id: id, patient: id, label: y, score: score}
detector:
  format: predictions
  name: drawn
  score: probability
  operating_points: [{name: half, probability: 0.5, origin: fixed}]
statistics: {draws: 200}
"""


@pytest.fixture
def audited(xaudit, tmp_path):
    """Runs an audit of a good detector; every tenth label is swapped."""

    def run(positives, name="c"):
        rng = np.random.default_rng(2)
        lines = ["id,y,score"]
        for at in range(200):
            truth = at < positives
            logit = rng.normal(4 if truth else -4, 1)
            label = truth != (at % 10 == 0 and positives > 2)
            lines.append(f"{name}{at:03d},{int(label)},{1 / (1 + np.exp(-logit)):.6f}")
        (tmp_path / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (tmp_path / "audit.yaml").write_text(AUDIT, encoding="utf-8")
        code, _, err = xaudit("run", tmp_path / "audit.yaml", "--out", tmp_path / "out")
        assert code in {0, 4}, err
        return tmp_path / "out"

    return run


def test_swapped_labels_are_listed_the_most_contradicted_first(audited, xaudit):
    folder = audited(80, "=c")
    code, printed, err = xaudit("export", folder, "--format", "labels")
    assert (code, err) == (0, "")
    assert printed.strip().endswith("labels.csv")
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["case"] for row in rows) == [f"'=c{at:03d}" for at in range(0, 200, 10)]
    sure = [abs(float(row["probability"]) - int(row["label"])) for row in rows]
    assert sure == sorted(sure, reverse=True)
    assert {row["remark"].partition(":")[0] for row in rows} == {"look at it"}
    assert xaudit("verify", folder)[0] == 0, "the list is no part of what the run wrote"


def test_one_fracture_tells_nothing_of_labels(audited, xaudit):
    code, _, err = xaudit("export", audited(1), "--format", "labels")
    assert code == 2
    assert "expected two scored cases with a fracture and two without, got 1 and 199" in err


def test_a_scrubbed_copy_has_no_cases(audited, xaudit, tmp_path):
    code, _, err = xaudit("scrub", audited(80), "--out", tmp_path / "copy")
    assert code == 0, err
    code, _, err = xaudit("export", tmp_path / "copy", "--format", "labels")
    assert code == 2
    assert "scrubbed copy" in err
