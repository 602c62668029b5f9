"""The release detector against the other one as baseline, both directions, beside scikit-learn."""

import shutil

import numpy as np
import pytest
from fracatlas_files import NEEDS_FRACATLAS, STUDY, WEIGHTS
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar

from tests.real.conftest import NONE, written
from xaudit.audit.config.read_config import Overrides
from xaudit.compare.same_cases import SameCases, SavedAudit
from xaudit.pipeline.conduct import run_audit
from xaudit.pipeline.judge import judge_audit

pytestmark = NEEDS_FRACATLAS


@pytest.fixture(scope="module")
def repository(localizing, plain, tmp_path_factory):
    """Both detectors audited on all 600 images, with room for verdicts."""
    folder = tmp_path_factory.mktemp("repository")
    for audit in (localizing, plain):
        shutil.copytree(audit, folder / audit.parent.name.removeprefix("fracatlas-"))
    return folder


def outcomes(repository, new, old):
    verdict = judge_audit(repository / new, baseline=repository / old)
    assert verdict.baseline.cases == 600
    assert not verdict.changed_after_run
    return {one.rule.id: one for one in verdict.outcomes}


def test_both_directions(repository):
    up = outcomes(repository, "localizing", "plain")
    down = outcomes(repository, "plain", "localizing")
    words = {name: (up[name].verdict, down[name].verdict) for name in up}
    assert words == {
        "auc": ("pass", "pass"),
        "sensitivity": ("fail", "pass"),
        "specificity": ("pass", "fail"),
        "free-threshold": ("inconclusive", "inconclusive"),
        "same-study": ("pass", "pass"),
        "failed": ("pass", "pass"),
    }
    assert "chosen on this study" in up["free-threshold"].why
    for name in ("auc", "sensitivity", "specificity"):
        one, other = up[name].estimate, down[name].estimate
        assert one.value == pytest.approx(-other.value, abs=0.01), name


def test_sample_for_a_pipeline_stops_where_the_decision_is_clear(repository, tmp_path):
    policy = tmp_path / "ci.yaml"
    policy.write_text(
        "name: ci\nrules:\n"
        "  - {id: auc, metric: auc, floor: 0.75}\n"
        "  - {id: sensitivity, metric: sensitivity, non_inferior: 0.1}\n",
        encoding="utf-8",
    )
    overrides = Overrides(
        STUDY.resolve(), WEIGHTS["plain"].resolve(), cases=0, baseline=repository / "localizing",
        policy=policy,
    )  # fmt: skip
    out = tmp_path / "out"
    config = written(tmp_path, "plain", explain=NONE, robustness={"cases": 0, "maps": 0})
    run_audit(config, out, overrides, "ci", lambda step: None)
    verdict = judge_audit(out, baseline=repository / "localizing")
    whole = judge_audit(repository / "plain", policy, repository / "localizing")
    assert verdict.interim.stopped
    assert verdict.interim.made[-1].cases == verdict.baseline.cases < verdict.interim.of_cases < 600
    assert not verdict.changed_after_run
    words = [[one.verdict for one in some.outcomes] for some in (verdict, whole)]
    assert words == [["pass", "pass"]] * 2
    for part, full in zip(verdict.outcomes, whole.outcomes, strict=True):
        assert part.estimate.low <= full.estimate.value <= part.estimate.high
        assert part.estimate.level == verdict.interim.level


def test_differences_equal_other_libraries(repository):
    same = SameCases.of(*(SavedAudit.read(repository / name) for name in WEIGHTS))
    up = outcomes(repository, "localizing", "plain")
    (new, old), labels = same.worst_scores, same.labels
    ranked = [np.nan_to_num(side, posinf=1e9, neginf=-1e9) for side in (new, old)]
    areas = [roc_auc_score(labels, side) for side in ranked]
    assert up["auc"].estimate.value == pytest.approx(areas[0] - areas[1], abs=1e-12)
    right = [side[labels] > 0 for side in (new, old)]
    gap = right[0].mean() - right[1].mean()
    assert up["sensitivity"].estimate.value == pytest.approx(gap, abs=1e-12)
    table = [[int((a & b).sum()) for b in (right[1], ~right[1])] for a in (right[0], ~right[0])]
    exact = mcnemar(table, exact=True).pvalue
    assert exact < 1e-4
    # Copies of one image count as one patient, so the test is the clustered one.
    assert "clustered McNemar" in up["sensitivity"].why
