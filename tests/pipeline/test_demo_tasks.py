"""Demos of networks that draw: audited, judged, printed and verified; with smaller budgets."""

import numpy as np
import pytest
import yaml
from coco_boxes import STATS, evaluated

from xaudit.audit.config.read_config import Overrides
from xaudit.audit.scores.drawn_boxes import read_drawn
from xaudit.audit.scores.probe_tables import read_probed
from xaudit.core.boxes import Boxes
from xaudit.metrics.boxes.matching import Truths
from xaudit.pipeline.card import write_cards
from xaudit.pipeline.conduct import run_audit
from xaudit.pipeline.demo import prepare_demo
from xaudit.pipeline.judge import judge_audit
from xaudit.scrub.copy import scrubbed, write_copy
from xaudit.verify.verify import verify_folder

pytestmark = pytest.mark.heavy


def audited(folder, task):
    """The demo without robustness, and four films explained."""
    path = prepare_demo(folder, task)
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    config["explain"] |= {"cases": 4, "methods": {"gradcam": {}}}
    config["robustness"] = {"cases": 0, "maps": 0}
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return run_audit(path, folder, Overrides(), None, lambda _: None)


def test_boxes(tmp_path):
    findings = audited(tmp_path / "demo", "detection")
    found = {one.metric: one.estimate for one in findings.findings if "group" not in one.scope}
    assert found["auc"].value > 0.95
    assert found["lesion_sensitivity"].value > 0.8
    assert found["false_boxes_per_normal_image"].value < 0.2
    drawn = read_drawn(read_probed(tmp_path / "demo")["boxes"])
    ids = sorted({*drawn.found, *drawn.lesions})
    films = [drawn.found.get(one, Boxes.none()) for one in ids]
    lesions = [Truths.of(drawn.lesions.get(one, Boxes.none())) for one in ids]
    # Films on which nothing is drawn or annotated change no average precision.
    value = evaluated(films, lesions).stats[STATS["average_precision_50"]]
    assert found["average_precision_50"].value == pytest.approx(value, abs=1e-6)
    assert findings.boxes
    assert set(findings.boxes) <= {case.case_id for case in findings.gallery}
    _finished(tmp_path / "demo", "Do its boxes find the lesions?", "lesions-found")
    copy = write_copy(scrubbed(tmp_path / "demo"), tmp_path / "demo", tmp_path / "copy")
    written = (copy / "findings.json").read_text(encoding="utf-8")
    assert not [one for one in findings.boxes if one in written]


def test_masks(tmp_path):
    findings = audited(tmp_path / "demo", "segmentation")
    found = {one.metric: one.estimate for one in findings.findings if "group" not in one.scope}
    assert found["dice"].value > 0.55
    assert found["lesionwise_sensitivity"].value > 0.8
    assert found["normal_segmented"].value < 0.1
    assert np.isfinite(found["hd95_px"].value)
    _finished(tmp_path / "demo", "Does it paint the lesions?", "lesions-found")


def _finished(folder, heading, rule):
    verdict = judge_audit(folder)
    assert {one.verdict for one in verdict.outcomes if one.rule.id == rule} == {"pass"}
    assert heading in write_cards(folder).read_text(encoding="utf-8")
    assert not [one for one in verify_folder(folder) if one.differences]
