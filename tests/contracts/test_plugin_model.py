"""The package of docs/how-to/add-a-model-format.md: a whole audit of a model without torch."""

import json
import shutil

import numpy as np
import pytest
import yaml

from xaudit.core.message import in_english
from xaudit.data.file_hash import file_sha256

pytestmark = pytest.mark.heavy  # installs a package and audits with it

STUDY = {"format": "manifest", "root": "study", "patient": "patient", "groups": ["sex"]}
SCORED = {
    "lime": {"samples": 60},
    "shap": {"samples": 60},
    "rise": {"samples": 60},
    "occlusion": {},
}
WARNINGS = [
    "The detector offers no features and gradients, which these methods need; they were left out: "
    "gradcam.",
    "The detector offers no gradients, which these methods need; they were left out: "
    "integrated_gradients.",
]
POLICY = {
    "name": "of a model",
    "rules": [
        {"id": "auc", "metric": "auc", "floor": 0.0, "reason": "any"},
        {"id": "looks", "metric": "hit", "where": {"method": "gradcam"}, "floor": 0.0,
         "reason": "nobody can say"},
        {"id": "random", "metric": "randomization_similarity", "ceiling": 0.5,
         "where": {"method": "rise"}, "reason": "maps are of this network"},
    ],
}  # fmt: skip


def test_a_model_that_tells_scores_alone_is_audited_to_its_end(
    install, xaudit_of, drawn_study, short_audit, tmp_path
):
    installed = install("add-a-model-format.md", "blocks.py")
    folder = shutil.copytree(drawn_study, tmp_path / "audit")
    rng = np.random.default_rng(0)
    np.savez(folder / "model.npz", weights=rng.normal(size=(7, 5)), bias=np.array(0.1))
    content = short_audit | {"data": STUDY, "policy": "policy.yaml"}
    content["explain"] = content["explain"] | {
        "methods": {"gradcam": {}, "integrated_gradients": {}, **SCORED},
        "cases": 6, "checks": {"cases": 2, "smooth": 1}, "shortcuts": 3, "gallery": True,
    }  # fmt: skip
    content["robustness"] = {"cases": 6, "maps": 2, "corruptions": ["noise"]}
    declared = {key: value for key, value in content["detector"].items() if key != "architecture"}
    file, out = folder / "audit.yaml", folder / "out"
    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY), encoding="utf-8")

    def written(**changes):
        detector = declared | {"format": "blocks", "weights": "model.npz"} | changes
        file.write_text(yaml.safe_dump(content | {"detector": detector}), encoding="utf-8")

    written(arguments={"scales": 2.0})
    said = xaudit_of(installed, "run", file, "--out", out, code=2)
    assert "format blocks has no such option; there is: scale" in said
    written(architecture="torchvision:resnet18")
    said = xaudit_of(installed, "run", file, "--out", out, code=2)
    assert "the file is the whole model; leave out architecture" in said
    written(arguments={"scale": 2.0})
    said = xaudit_of(installed, "check", file)
    assert "gradcam left out: the detector offers no features and gradients" in said
    xaudit_of(installed, "run", file, "--out", out)
    findings = in_english(json.loads((out / "findings.json").read_text("utf-8")))
    assert [one for one in WARNINGS if one in findings["detector"]["warnings"]] == WARNINGS
    assert findings["detector"]["weights_sha256"] == file_sha256(folder / "model.npz")
    assert findings["detector"]["parameters"] is None
    made = {one["name"]: one["maps"] for one in findings["methods"] if not one["reference"]}
    assert made == dict.fromkeys(SCORED, 6)
    assert findings["accountability"]["explained"] == 6
    metrics = {one["metric"] for one in findings["findings"]}
    assert {"deletion", "stability", "degraded_auc", "lesion_effect"} <= metrics
    # What cannot be checked is a gap with a name, and no method is believed without it.
    gaps = [one["estimate"] for one in findings["findings"]
            if one["metric"] == "randomization_similarity"]  # fmt: skip
    assert len(gaps) == len(SCORED)
    assert all("not possible for this format" in one["undefined"] for one in gaps)
    assert {one["verdict"] for one in findings["explanations"]} == {"not_shown"}
    said = xaudit_of(installed, "gate", out, code=4)
    assert "looks" in said
    verdict = in_english(json.loads((out / "verdict.json").read_text("utf-8")))
    outcomes = {one["rule"]["id"]: one["verdict"] for one in verdict["outcomes"]}
    assert outcomes["random"] == "inconclusive"
    xaudit_of(installed, "card", out, "--language", "de")
    card = (out / "card.html").read_text("utf-8")
    assert "Der Detektor bietet keine Gradienten" in card
    xaudit_of(installed, "verify", out)
