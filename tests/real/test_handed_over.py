"""The real localizing detector, handed over in every format: one audit each, and one outcome.

Scores, findings, verdicts and cards are held against those of its weights.
"""

import json
import re
import sys

import exports
import numpy as np
import pytest
import torch
import yaml
from fracatlas_files import NEEDS_FRACATLAS, ROOT, STUDY, WEIGHTS
from safetensors.torch import load_file
from score_server import Behavior, serving

from tests.walls import boxed_where_possible
from xaudit.audit.config.read_config import Overrides
from xaudit.audit.store.files import read_json
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.core.message import in_english
from xaudit.pipeline.card import write_cards
from xaudit.pipeline.conduct import run_audit
from xaudit.pipeline.judge import judge_audit
from xaudit.torchvision_operators import torchvision_models

pytestmark = NEEDS_FRACATLAS

SAVED = {"torchscript": exports.torchscript, "pt2": exports.pt2, "onnx": exports.onnx}
FEW = {
    "gradcam": {},
    "integrated_gradients": {"steps": 4, "max_steps": 4},
    "shap": {"samples": 20, "segments": 8},
    "lime": {"samples": 20, "segments": 8},
}
FORMATS = (*SAVED, "http", "command")
GRADIENTS, MASKS = {"gradcam", "integrated_gradients"}, {"lime", "shap"}
OFFERED = {
    "torch": GRADIENTS | MASKS, "pt2": GRADIENTS | MASKS, "onnx": GRADIENTS | MASKS,
    "torchscript": MASKS | {"integrated_gradients"}, "http": MASKS, "command": MASKS,
}  # fmt: skip
SCORED, EXPLAINED = 12, 1
SIDE = 112
"""A quarter of the pixels that the detector learned from: formats are compared, not films."""
POLICY = """\
name: handed-over
rules:
  - {id: auc, metric: auc, floor: 0.5}
  - {id: sensitivity, metric: sensitivity, where: {operating_point: default}, floor: 0.9}
  - {id: failed, metric: failed_share, ceiling: 0.5}
  - {id: random, metric: randomization_similarity, where: {method: lime}, ceiling: 0.9}
"""
NEAR, NEARLY = 2e-3, 2e-2
"""Of findings; nearly those of a program that is run unfolded: its gradients rank pixels anew."""
# Draws of weights go by the names of layers, which a program and a graph do not have.
DRAWN = ("randomiz", "complexity_rise")
OF_SCORES = ("Does it find fractures?", "Do its probabilities mean what they say?")
# No network of torch: the program starts in a moment.
PROGRAM = """
import json, sys
import numpy as np, onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options)
(entry,) = session.get_inputs()
while line := sys.stdin.buffer.readline():
    shape = json.loads(line)["shape"]
    planes = np.frombuffer(sys.stdin.buffer.read(4 * int(np.prod(shape))), "<f4").reshape(shape)
    scores = session.run(None, {entry.name: planes})[0]
    print(json.dumps({"scores": scores.tolist()}), flush=True)
"""


def network():
    made = torchvision_models().mobilenet_v2(weights=None, num_classes=1)
    made.load_state_dict(load_file(WEIGHTS["localizing"]))
    return made.eval().requires_grad_(False)


def audit_file(folder, name, **detector):
    """That of the example with another detector, and little of everything."""
    content = yaml.safe_load((ROOT / "examples" / "fracatlas.yaml").read_text("utf-8"))
    content["detector"] = {**content["detector"], **detector}
    content["detector"]["input"] |= {"height": SIDE, "width": SIDE}
    if detector:
        del content["detector"]["architecture"]
        if "arguments" not in detector:
            del content["detector"]["arguments"]
        if "weights" not in detector:
            del content["detector"]["weights"]
    checks = {"cases": 1, "subsets": 16, "repeats": 0, "disturbances": []}
    content |= {
        "policy": "policy.yaml", "robustness": {"cases": 0, "maps": 0},
        "device": str(ROOT / "examples" / content["device"]),
        "explain": {
            "cases": EXPLAINED, "methods": FEW, "checks": checks, "shortcuts": 0,
            "gallery": False, "micro_batch": 8,
        },
        "statistics": content["statistics"] | {"draws": 200},
    }  # fmt: skip
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def handed_over(folder):
    """Format → what an audit file says of the detector, and its server where there is one."""
    made, example = network(), torch.rand(2, 3, SIDE, SIDE)
    said = {"torch": {}}
    for kind, save in SAVED.items():
        save(made, example, folder / f"model.{kind}")
        said[kind] = {"format": kind, "weights": str(folder / f"model.{kind}")}
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    words = f"{sys.executable} {folder / 'program.py'} {{weights}}"
    said["command"] = {
        "format": "command", "weights": said["onnx"]["weights"], "arguments": {"command": words}
    }  # fmt: skip

    def score(planes):
        with torch.inference_mode():
            return made(torch.from_numpy(np.array(planes))).numpy()

    return said, score


def fill(folder):
    """All audits, judged, with their cards."""
    folder.mkdir()
    said, score = handed_over(folder)
    with serving(Behavior(score)) as address:
        said["http"] = {"format": "http", "arguments": {"url": f"{address}/score"}}
        for kind, detector in said.items():
            file = audit_file(folder, kind, **detector)
            weights = WEIGHTS["localizing"].resolve() if kind == "torch" else None
            asked = detector.get("arguments", {}).get("command")
            allowed = (f"service:{address}", f"command:{asked}")
            overrides = Overrides(
                STUDY.resolve(), weights, cases=EXPLAINED, allow_code=allowed,
                sandbox=boxed_where_possible() if kind == "command" else None,
            )  # fmt: skip
            run_audit(file, folder / kind, overrides, SCORED, lambda step: None)
            judge_audit(folder / kind)
            write_cards(folder / kind)


@pytest.fixture(scope="module")
def audits(once):
    return once("fracatlas-handed-over", fill)


def findings(folder):
    return in_english(json.loads((folder / "findings.json").read_text("utf-8")))


def logits(folder):
    rows = Results.load(Store(folder), read_json(folder / "plan.json", PlanRecord)).cases
    return {row.case_id: row.logit for row in rows}


def values(folder, methods):
    """Metric and scope → value, of scores and of the maps of these methods."""
    return {
        (one["metric"], json.dumps(one["scope"], sort_keys=True)): one["estimate"]["value"]
        for one in findings(folder)["findings"]
        if one["estimate"]["value"] is not None
        and one["scope"].get("method") in {None, *methods}
        and not one["metric"].startswith(DRAWN)
    }


def sections(folder):
    """Heading → text, of the card in Markdown."""
    parts = (folder / "card.md").read_text("utf-8").split("\n## ")[1:]
    return {one.splitlines()[0].partition(" ")[2]: one for one in parts}


@pytest.mark.parametrize("kind", FORMATS)
def test_scores_are_those_of_the_weights(kind, audits):
    own, other = logits(audits / "torch"), logits(audits / kind)
    assert own.keys() == other.keys()
    assert len(own) == SCORED
    pairs = [(other[name], own[name]) for name in own if own[name] is not None]
    np.testing.assert_allclose(*zip(*pairs, strict=True), rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", FORMATS)
def test_findings_are_those_of_the_weights(kind, audits):
    own, other = (values(audits / one, OFFERED[kind]) for one in ("torch", kind))
    assert own.keys() == other.keys()
    assert len(other) > 40
    near = NEARLY if kind == "torchscript" else NEAR
    for key, value in other.items():
        np.testing.assert_allclose(value, own[key], rtol=near, atol=near, err_msg=str(key))


@pytest.mark.parametrize("kind", FORMATS)
def test_what_a_format_does_not_offer_is_named(kind, audits):
    found = findings(audits / kind)
    made = {one["name"] for one in found["methods"] if one["maps"] and not one["reference"]}
    assert made == OFFERED[kind]
    warned = " ".join(found["detector"]["warnings"])
    left = re.findall(r"were left out: (\w+)\.", warned)
    assert sorted(left) == sorted(FEW.keys() - made)
    assert found["detector"]["architecture"] == f"format:{kind}"


@pytest.mark.parametrize("kind", FORMATS)
def test_verdict_and_card_agree(kind, audits):
    own, other = (json.loads((audits / one / "verdict.json").read_text("utf-8"))
                  for one in ("torch", kind))  # fmt: skip
    outcomes = [{one["rule"]["id"]: one["verdict"] for one in some["outcomes"]}
                for some in (own, other)]  # fmt: skip
    assert outcomes[0] == outcomes[1]
    own, other = (sections(audits / one) for one in ("torch", kind))
    for heading in OF_SCORES:
        assert other[heading] == own[heading]
    assert f"format:{kind}" in (audits / kind / "card.html").read_text("utf-8")
