"""The first of the real detectors on real radiographs, against independent computations."""

import json

import numpy as np
import pytest
import torch
from fracatlas_files import NEEDS_FRACATLAS, ROOT, STUDY, WEIGHTS
from PIL import Image, ImageOps
from safetensors.torch import load_file
from scipy.stats import mannwhitneyu
from sklearn.metrics import confusion_matrix, roc_auc_score

from xaudit.audit.store.files import read_findings, read_json
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.explain.numerics.libraries import library
from xaudit.torchvision_operators import torchvision_models

pytestmark = NEEDS_FRACATLAS


@pytest.fixture(scope="module")
def audit(localizing):
    plan = read_json(localizing / "plan.json", PlanRecord)
    return read_findings(localizing), Results.load(Store(localizing), plan)


@pytest.fixture(scope="module")
def network():
    network = torchvision_models().mobilenet_v2(weights=None, num_classes=1)
    network.load_state_dict(load_file(WEIGHTS["localizing"]))
    return network.eval()


def test_auc_and_decisions_equal_scikit_learn_and_scipy(audit):
    findings, results = audit
    rows = [row for row in results.cases if row.logit is not None]
    labels = np.array([row.label for row in rows])
    logits = np.array([row.logit for row in rows])
    value = findings.find("auc", analysis="scored").estimate.value
    assert value == pytest.approx(roc_auc_score(labels, logits), abs=1e-12)
    statistic = mannwhitneyu(logits[labels], logits[~labels]).statistic
    assert value == pytest.approx(statistic / (labels.sum() * (~labels).sum()), abs=1e-12)
    for point in findings.detector.operating_points:
        scope = {"analysis": "scored", "operating_point": point.name}
        found = findings.find("sensitivity", **scope).estimate
        left = findings.find("specificity", **scope).estimate
        tn, fp, fn, tp = confusion_matrix(labels, logits > point.logit).ravel()
        assert (found.k, found.n, left.k, left.n) == (tp, tp + fn, tn, tn + fp)


def test_figures_are_those_that_came_with_the_detector(audit):
    findings, _ = audit
    assert findings.find("auc", analysis="scored").estimate.value == pytest.approx(0.917, abs=2e-3)
    scope = {"analysis": "scored", "operating_point": "default"}
    assert findings.find("sensitivity", **scope).estimate.value == pytest.approx(0.48, abs=0.01)
    assert findings.find("specificity", **scope).estimate.value == pytest.approx(1.0, abs=0.005)


def test_logits_equal_those_of_a_plain_pipeline(audit, network):
    """Pillow's own box filter and a fresh network, beside the audit's path."""
    _, results = audit
    rows = [row for row in results.cases if row.logit is not None][::37]
    ours, plain = [], []
    for row in rows:
        folder = "Fractured" if row.label else "Non_fractured"
        image = ImageOps.exif_transpose(Image.open(STUDY / "images" / folder / row.case_id))
        gray = image.convert("L").convert("F")
        scale = 224 / max(gray.size)
        width, height = (max(1, round(side * scale)) for side in gray.size)
        square = Image.new("F", (224, 224), 0.0)
        small = gray.resize((width, height), Image.Resampling.BOX)
        square.paste(small, ((224 - width) // 2, (224 - height) // 2))
        pixels = torch.from_numpy(np.asarray(square) / 127.5 - 1)[None, None].expand(-1, 3, -1, -1)
        with torch.inference_mode():
            plain.append(float(network(pixels)[0, 0]))
        ours.append(row.logit)
    np.testing.assert_allclose(ours, plain, atol=0.15)
    assert np.corrcoef(ours, plain)[0, 1] > 0.9995


def test_every_defect_of_the_study_is_accounted_for(audit):
    findings, results = audit
    where = findings.accountability
    assert (where.listed, where.unreadable, where.scored) == (600, 6, 594)
    kinds = [issue.kind for issue in where.issues]
    assert kinds.count("exif_rotated") == 2
    assert kinds.count("duplicate") == 2
    lost = {row.case_id for row in results.cases if row.logit is None}
    assert lost == {one.case_id for one in where.issues if one.effect == "unreadable"}
    # Six normal films cannot be read, and count as false alarms in the worst case.
    scope = {"operating_point": "default"}
    scored = findings.find("specificity", analysis="scored", **scope).estimate
    worst = findings.find("specificity", analysis="worst_case", **scope).estimate
    assert (worst.k, worst.n) == (scored.k, scored.n + 6)


def test_maps_are_those_of_the_libraries_on_the_raw_network(audit, network):
    """Grad-CAM of the plain network, which wants x / 127.5 − 1."""
    _, results = audit
    usable = {one.case_id for one in results.maps if one.method == "gradcam" and not one.degenerate}
    row = next(row for row in results.cases if row.case_id in usable)
    image = results.array(row.case_id, "image").astype(np.float32) / 255
    pixels = torch.from_numpy(image * 2 - 1)[None].expand(-1, 3, -1, -1).clone()
    cam = library("pytorch_grad_cam").GradCAM(network, [network.features])
    theirs = cam(pixels.requires_grad_(True), targets=[lambda output: output[0]])[0]
    cam.activations_and_grads.release()
    ours = np.maximum(results.array(row.case_id, "gradcam"), 0)
    network.zero_grad()
    assert theirs.max() > 0
    assert np.corrcoef(theirs.ravel(), ours.ravel())[0, 1] > 0.97


def test_findings_name_no_folder_of_this_machine(audit):
    findings, _results = audit
    text = json.dumps([issue.detail for issue in findings.accountability.issues])
    assert str(STUDY.resolve()) not in text
    assert str(ROOT) not in text
