"""A whole audit of an ONNX file finds what an audit of the network finds that it was made from."""

import json
import os
import shutil
import warnings

import numpy as np
import pytest
import torch
import yaml
from onnx import load, save

from xaudit.core.message import in_english
from xaudit.data.file_hash import file_sha256
from xaudit.models.architectures import build_network
from xaudit.models.weights import read_weights

pytestmark = pytest.mark.heavy  # two audits

STUDY = {"format": "manifest", "root": "study", "patient": "patient", "groups": ["sex"]}
POLICY = {
    "name": "of a model",
    "rules": [{"id": "auc", "metric": "auc", "floor": 0.0, "reason": "any"}],
}
# The draws of weights go by the names of layers, which a graph does not have.
DRAWN = {
    "randomized_mass_gap", "randomization_similarity", "randomization_ssim", "randomization_hog",
    "complexity_rise",
}  # fmt: skip
# Of the figures of both audits: logits agree to 1e-5, and few figures are steeper than that.
NEAR = {"rtol": 1e-3, "atol": 1e-3}


@pytest.fixture(scope="module")
def audits(drawn_study, short_audit, xaudit_of, tmp_path_factory):
    """Folders of two audits, and what `check` said of each."""
    folder = tmp_path_factory.mktemp("onnx") / "audit"
    shutil.copytree(drawn_study, folder)
    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY), encoding="utf-8")
    network = build_network("xaudit.models.reference:small_cnn", {}).eval()
    network.load_state_dict(read_weights(folder / "weights.safetensors"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network, (torch.rand(2, 1, 224, 160),), str(folder / "model.onnx"), dynamo=False,
            input_names=["film"], dynamic_axes={"film": {0: "films"}},
        )  # fmt: skip
    content = short_audit | {"data": STUDY, "policy": "policy.yaml"}
    content["explain"] = content["explain"] | {
        "methods": {"gradcam": {}, "integrated_gradients": {"steps": 8, "max_steps": 8}},
        "cases": 8, "checks": {"cases": 2}, "micro_batch": 8,
    }  # fmt: skip
    content["robustness"] = {"cases": 0}
    content["statistics"] = {"draws": 200, "minimum": [5, 10]}
    onnx = {name: one for name, one in content["detector"].items() if name != "architecture"}
    detectors = {
        "torch": content["detector"],
        "onnx": onnx | {"format": "onnx", "weights": "model.onnx"},
    }
    said = {}
    for name, detector in detectors.items():
        file = folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(content | {"detector": detector}), encoding="utf-8")
        xaudit_of(os.environ, "run", file, "--out", folder / name, "--limit", 40)
        said[name] = folder / name
    return folder, said, onnx, content


def findings(folder):
    return in_english(json.loads((folder / "findings.json").read_text("utf-8")))


def test_the_findings_are_those_of_the_network(audits):
    folder, said, _, _ = audits
    one, other = (findings(said[name]) for name in ("onnx", "torch"))
    assert one["detector"]["architecture"] == "format:onnx"
    assert one["detector"]["weights_sha256"] == file_sha256(folder / "model.onnx")
    by = one["provenance"]["model computed by"]
    assert by.startswith("PyTorch, converted by onnx2torch")
    assert "limits of the model" not in one["provenance"]
    assert {each["name"]: each["maps"] for each in one["methods"]} == {
        each["name"]: each["maps"] for each in other["methods"]
    }
    compared = 0
    for mine, theirs in zip(one["findings"], other["findings"], strict=True):
        assert (mine["metric"], mine["scope"]) == (theirs["metric"], theirs["scope"])
        if mine["metric"] in DRAWN:
            continue
        values = [each["estimate"]["value"] for each in (mine, theirs)]
        assert (values[0] is None) == (values[1] is None), mine
        if values[0] is not None:
            np.testing.assert_allclose(*values, **NEAR, err_msg=str(mine["metric"]))
            compared += 1
    assert compared > 100
    assert any(each["metric"] == "randomization_similarity" for each in one["findings"])


def test_card_gate_and_verify_take_it(audits, xaudit_of):
    _, said, _, _ = audits
    xaudit_of(os.environ, "gate", said["onnx"])
    xaudit_of(os.environ, "card", said["onnx"], "--language", "de")
    assert "format:onnx" in (said["onnx"] / "card.html").read_text("utf-8")
    xaudit_of(os.environ, "verify", said["onnx"])


def test_scores_alone_are_audited_and_the_reason_is_told(audits, xaudit_of):
    folder, _, onnx, content = audits
    limit = "The ONNX model tells scores alone, no gradients and no feature maps: "
    save(load(folder / "model.onnx"), folder / "two.onnx", save_as_external_data=True,
         location="two.data", size_threshold=0)  # fmt: skip
    detector = onnx | {"format": "onnx", "weights": "two.onnx", "arguments": {"convert": False}}
    explain = content["explain"] | {"methods": {"gradcam": {}, "occlusion": {}}, "cases": 2}
    file, out = folder / "alone.yaml", folder / "alone"
    file.write_text(
        yaml.safe_dump(content | {"detector": detector, "explain": explain}), encoding="utf-8"
    )
    told = " ".join(xaudit_of(os.environ, "check", file).split())
    assert limit + "detector.arguments.convert is false." in told
    assert "computed by onnxruntime" in told
    xaudit_of(os.environ, "run", file, "--out", out, "--limit", 12)
    assert (
        findings(out)["detector"]["warnings"][0] == limit + "detector.arguments.convert is false."
    )
    xaudit_of(os.environ, "card", out, "--language", "de")
    card = (out / "card.html").read_text("utf-8")
    assert "Das ONNX-Modell liefert nur Scores" in card
    assert "Der Detektor bietet weder Merkmale noch Gradienten" in card
    files = json.loads((out / "plan.json").read_text("utf-8"))["files"]
    assert files["weights, two.data"] == file_sha256(folder / "two.data")
    weights = ("--weights", folder / "two.onnx")
    xaudit_of(os.environ, "verify", out, *weights)
    with (folder / "two.data").open("r+b") as file:
        file.write(b"other")
    told = xaudit_of(os.environ, "verify", out, *weights, code=1)
    assert "two.data: SHA-256" in " ".join(told.split())
