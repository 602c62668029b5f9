"""Scores exactly on an operating point: who is called what, and who is told."""

import random
from pathlib import Path

import pytest
from sklearn.metrics import recall_score

from xaudit.audit.config.read_config import Overrides
from xaudit.audit.store.store import CaseRow
from xaudit.audit.suspicions.on_threshold import on_thresholds
from xaudit.core.detector import OperatingPoint
from xaudit.pipeline.predictions import plan_predictions, run_predictions

FILE = """
name: levels
data:
  table: levels.csv
  columns: {id: id, label: label, score: score}
detector:
  format: predictions
  name: d
  score: SCALE
  operating_points:
    - {name: half, SCALE: AT, origin: fixed, note: n, inclusive: INCLUSIVE}
statistics: {draws: 200}
"""


def audit(folder: Path, scores, labels, at, inclusive, scale="probability"):
    rows = [
        f"c{i},{label},{score}" for i, (score, label) in enumerate(zip(scores, labels, strict=True))
    ]
    (folder / "levels.csv").write_text("id,label,score\n" + "\n".join(rows) + "\n")
    text = FILE.replace("SCALE", scale).replace("AT", str(at))
    (folder / "audit.yaml").write_text(text.replace("INCLUSIVE", str(inclusive).lower()))
    return folder / "audit.yaml"


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("at", [0.5, 0.3, 0.1])
def test_both_conventions_equal_an_independent_count(tmp_path, at, inclusive):
    drawn = random.Random(3)
    labels = [drawn.random() < 0.5 for _ in range(80)]
    scores = [drawn.choice([at, at / 2, (1 + at) / 2]) for _ in labels]
    path = audit(tmp_path, scores, map(int, labels), at, inclusive)
    findings = run_predictions(path, tmp_path / "out", Overrides(), None)
    called = [score >= at if inclusive else score > at for score in scores]
    scope = {"analysis": "scored", "operating_point": "half"}
    for metric, positive in (("sensitivity", 1), ("specificity", 0)):
        expected = recall_score(labels, called, pos_label=positive)
        assert findings.find(metric, **scope).estimate.value == pytest.approx(expected)
    (warning,) = findings.detector.warnings
    assert warning.startswith(f"{scores.count(at)} of 80 scores lie exactly on")
    assert ("at or above it" in warning) == inclusive


def test_a_plan_says_it_before_a_run(tmp_path):
    path = audit(tmp_path, [0.0, 1.25, 2.0], [0, 1, 1], 1.25, inclusive=True, scale="logit")
    plan = plan_predictions(path, Overrides(), None)
    (said,) = on_thresholds(plan.rows, plan.points)
    assert "1 of 3 scores" in said
    assert "(c1). They are called positive" in said


def test_the_first_cases_are_named_and_nobody_else_is_told():
    rows = [CaseRow(f"c{i}", "p", i % 2 == 0, {}, 0.0, 0, "none", False) for i in range(8)]
    lost = CaseRow("lost", "p", True, {}, None, 0, "none", False)
    points = [OperatingPoint("on", 0.0, "fixed"), OperatingPoint("off", 1.0, "fixed")]
    (said,) = on_thresholds([*rows, lost], points)
    assert said.startswith(
        "8 of 8 scores lie exactly on the operating point “on”, 4 of them with a fracture "
        "(c0, c1, c2, c3, c4 and 3 more). They are called negative"
    )
