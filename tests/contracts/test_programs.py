"""Whole audits of one detector as weights, as TorchScript and as `.pt2`: the same findings."""

import json
import os
import shutil
import warnings

import pytest
import torch
import yaml
from safetensors.torch import load_file

from xaudit.core.message import in_english
from xaudit.models.architectures import build_network

pytestmark = pytest.mark.heavy  # three audits

METHODS = {
    "gradcam": {},
    "integrated_gradients": {"steps": 4, "max_steps": 4},
    "lime": {"samples": 40, "segments": 16},
}
POLICY = {
    "name": "of a program",
    "rules": [
        {"id": "auc", "metric": "auc", "floor": 0.0, "reason": "any"},
        {"id": "random", "metric": "randomization_similarity", "where": {"method": "lime"},
         "ceiling": 1.0, "reason": "maps are of this network"},
    ],
}  # fmt: skip
OF_SCORES = ("auc", "sensitivity", "specificity", "brier")
NEARLY = 2e-3
"""Of findings between 0 and 1: rounding moves a superpixel or a rank here and there."""


def program_of(weights, path, how):
    network = build_network("xaudit.models.reference:small_cnn", {})
    network.load_state_dict(load_file(weights))
    network.eval()
    example = torch.rand(2, 1, 224, 160)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if how == "pt2":
            sides = ({0: torch.export.Dim.DYNAMIC},)
            torch.export.save(torch.export.export(network, (example,), dynamic_shapes=sides), path)
        else:
            torch.jit.save(torch.jit.trace(network, example), path)


@pytest.fixture(scope="module")
def audits(drawn_study, short_audit, xaudit_of, tmp_path_factory):
    """Folder of the finished audit of each kind."""
    made = {}
    for how in ("torch", "torchscript", "pt2"):
        folder = shutil.copytree(drawn_study, tmp_path_factory.mktemp(how) / "audit")
        (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY), encoding="utf-8")
        detector = dict(short_audit["detector"])
        if how != "torch":
            del detector["architecture"]
            detector |= {"format": "pt2" if how == "pt2" else "torchscript", "weights": "model.any"}
            program_of(folder / "weights.safetensors", folder / "model.any", how)
        content = short_audit | {
            "detector": detector, "policy": "policy.yaml", "robustness": {"cases": 0, "maps": 0},
            "data": {"format": "manifest", "root": "study", "patient": "patient"},
            "explain": short_audit["explain"] | {
                "cases": 3, "methods": METHODS, "micro_batch": 4,
                "checks": {"cases": 1, "subsets": 16, "repeats": 0, "disturbances": []},
            },
        }  # fmt: skip
        (folder / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        xaudit_of(os.environ, "run", folder / "audit.yaml", "--out", folder / "out")
        made[how] = folder / "out"
    return made


def findings(folder):
    return in_english(json.loads((folder / "findings.json").read_text("utf-8")))


def values(folder, methods):
    return {
        (one["metric"], json.dumps(one["scope"], sort_keys=True)): one["estimate"]["value"]
        for one in findings(folder)["findings"]
        if one["estimate"]["value"] is not None
        and (one["scope"].get("method") in methods or one["metric"] in OF_SCORES)
    }


@pytest.mark.parametrize(
    ("how", "methods", "near"),
    [
        ("pt2", set(METHODS), 1e-6),
        ("torchscript", {"integrated_gradients", "lime"}, NEARLY),
    ],
)
def test_findings_are_those_of_the_weights(how, methods, near, audits):
    own, other = values(audits["torch"], methods), values(audits[how], methods)
    # Without Grad-CAM there is nothing to compare with it.
    assert other.keys() <= own.keys()
    assert how == "torchscript" or other.keys() == own.keys()
    assert len(other) > 40
    wrong = {key: (own[key], other[key]) for key in other
             if abs(own[key] - other[key]) > near * max(1, abs(own[key]))}  # fmt: skip
    assert not wrong


def test_what_a_program_does_not_offer_is_said(audits):
    left = "features, which these methods need; they were left out: gradcam."
    for how, folder in audits.items():
        found = findings(folder)
        warned = [one for one in found["detector"]["warnings"] if left in one]
        assert len(warned) == (how == "torchscript")
        gaps = [
            one["estimate"]["undefined"]
            for one in found["findings"]
            if one["metric"] == "randomization_similarity" and one["scope"]["layers"] == "all"
        ]
        assert len(gaps) == (2 if how == "torchscript" else 3)
        # Parameters of a program are to be had, unless it was frozen.
        assert not any("not possible for this format" in (one or "") for one in gaps)


@pytest.mark.parametrize("how", ["torchscript", "pt2"])
def test_gate_card_and_verify(how, audits, xaudit_of):
    # So few cases end inconclusive at best.
    xaudit_of(os.environ, "gate", audits[how], code=4)
    verdict = json.loads((audits[how] / "verdict.json").read_text("utf-8"))
    outcomes = {one["rule"]["id"]: one["verdict"] for one in verdict["outcomes"]}
    assert outcomes["random"] == "inconclusive"
    xaudit_of(os.environ, "card", audits[how])
    card = (audits[how] / "card.html").read_text("utf-8")
    assert f"format:{'pt2' if how == 'pt2' else 'torchscript'}" in card
    xaudit_of(os.environ, "verify", audits[how])
