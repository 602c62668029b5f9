from types import SimpleNamespace

import numpy as np
import pytest

from xaudit.audit.config.explain_config import RobustnessConfig
from xaudit.audit.maps.robustness import robustness_findings
from xaudit.audit.probes.robustness import DegradedScores
from xaudit.audit.store.store import DEGRADED, CaseRow, ProbeRow
from xaudit.core.detector import InputSpec, OperatingPoint
from xaudit.data.transforms.corruption import CORRUPTIONS
from xaudit.testing import tiny_study

POINTS = (OperatingPoint("tuned", 0.0, "fixed", ""), OperatingPoint("low", -1.0, "fixed", ""))


def case_row(case_id, label, logit, patient=None):
    return CaseRow(case_id, patient or case_id, label, {}, logit, 0, "none", sampled=False)


def step(case_id, corruption, severity, logit, undefined=None):
    return ProbeRow(case_id, "", DEGRADED, corruption, severity, logit, undefined)


def rows(count=80, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2 == 0
    logits = np.where(labels, 1.5, -1.5) + rng.normal(size=count)
    return [case_row(f"c{n}", bool(labels[n]), float(logits[n])) for n in range(count)]


def by_key(findings):
    return {
        (one.metric, one.scope["degradation"], one.scope["severity"],
         one.scope.get("operating_point")): one.estimate
        for one in findings
    }  # fmt: skip


def test_a_detector_that_fades_loses_sensitivity_and_says_how_much():
    cases = rows()
    degraded = [
        step(row.case_id, "noise", f"{severity:g}", row.logit - severity)
        for severity in (0.5, 2.0)
        for row in cases
    ]
    found = by_key(robustness_findings(degraded, cases, POINTS, "patient", (10, 30)))
    clean = found["degraded_sensitivity", "none", "0", "tuned"].value
    mild, strong = (found["degraded_sensitivity", "noise", one, "tuned"] for one in ("0.5", "2"))
    assert clean > mild.value > strong.value
    gap = found["degraded_sensitivity_gap", "noise", "2", "tuned"]
    assert gap.value == pytest.approx(strong.value - clean)
    assert gap.high < 0
    # A shift leaves the order of the cases alone.
    assert found["degraded_auc_gap", "noise", "2", None].value == 0
    assert ("degraded_auc", "noise", "2", "low") not in found


def test_a_case_without_a_logit_leaves_both_sides_of_its_pair():
    cases = rows()
    degraded = [step(row.case_id, "blur", "1", row.logit) for row in cases]
    degraded[0] = step("c0", "blur", "1", None, "the detector returned nan")
    found = by_key(robustness_findings(degraded, cases, POINTS, "patient", (10, 30)))
    assert found["degraded_sensitivity", "blur", "1", "tuned"].n == 39
    assert found["degraded_sensitivity_gap", "blur", "1", "tuned"].value == 0


def test_few_cases_give_reasons_and_none_give_nothing():
    few = rows(12)
    degraded = [step(row.case_id, "blur", "1", row.logit) for row in few]
    found = by_key(robustness_findings(degraded, few, POINTS, "patient", (10, 30)))
    assert "10 needed" in found["degraded_sensitivity", "blur", "1", "tuned"].undefined
    assert list(robustness_findings([], few, POINTS, "patient", (10, 30))) == []


class Evaluator:
    """Scores an image by its mean; counts."""

    def __init__(self):
        self.images = 0

    def logits(self, images):
        self.images += len(images)
        return images.mean(axis=(1, 2, 3)).astype(np.float64)


@pytest.fixture
def audit(tmp_path):
    study = tiny_study(tmp_path / "study", patients=6, seed=1)
    config = SimpleNamespace(
        robustness=RobustnessConfig(cases=4, corruptions=("noise", "underexposure")), seed=3
    )
    engine = SimpleNamespace(
        evaluator=Evaluator(), detector=SimpleNamespace(input=InputSpec(32, 32))
    )
    plan = SimpleNamespace(config=config, study=study)
    cases = [case_row(one.case_id, one.label, 0.0, one.patient) for one in study.cases]
    return plan, engine, SimpleNamespace(cases=cases), tmp_path


def test_drawn_cases_pass_every_step_once_and_are_kept(audit, carried_out):
    plan, engine, results, folder = audit
    told = []
    found = carried_out(DegradedScores, (plan, engine), results, folder, told.append)
    steps = sum(len(CORRUPTIONS[name].severities) for name in plan.config.robustness.corruptions)
    assert len(found) == 4 * steps == engine.evaluator.images
    assert told[-1].work == told[-1].of_work
    darker = [row for row in found if row.facet == "underexposure"]
    one = [row.value for row in darker if row.case_id == darker[0].case_id]
    assert one == sorted(one, reverse=True)
    again = carried_out(DegradedScores, (plan, engine), results, folder, told.append)
    assert again == found
    assert engine.evaluator.images == 4 * steps


def test_cases_without_a_score_are_not_drawn(audit, carried_out):
    plan, engine, results, folder = audit
    gone = [case_row(row.case_id, row.label, None) for row in results.cases]
    none = SimpleNamespace(cases=gone)
    assert carried_out(DegradedScores, (plan, engine), none, folder) == []
