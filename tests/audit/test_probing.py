"""Declarations that do not hold are noticed by `check` and `run`; sound ones are left alone."""

import json

import pytest
import yaml
from safetensors.torch import load_file, save_file

from xaudit.audit.check import check_audit
from xaudit.audit.conduct import run_audit
from xaudit.audit.files import read_findings
from xaudit.audit.judge import judge_audit
from xaudit.audit.read_config import Overrides
from xaudit.audit.suspicions import FILE
from xaudit.audit.verify import verify_folder
from xaudit.errors import ConfigError, DetectorError

NETWORKS = """
import torch
from torch.nn import functional
from xaudit.models.reference import small_cnn


class Around(torch.nn.Module):
    def __init__(self, last):
        super().__init__()
        self.inner, self.last = small_cnn(1, 1), last

    def forward(self, images):
        return self.last(self.inner(images))


def three(logits):
    shared = 3 * logits.detach().sin()
    return torch.cat([shared, logits + shared, shared - 9], dim=1)


def plain():
    return Around(lambda logits: logits)

def sigmoid():
    return Around(torch.sigmoid)

def classes():
    return Around(three)

def softmax():
    return Around(lambda logits: three(logits).softmax(dim=1))

def dropout():
    return Around(lambda logits: functional.dropout(logits, 0.1))

def batch():
    return Around(lambda logits: logits - 0.1 * logits.mean(dim=0, keepdim=True))

def place():
    return Around(lambda logits: logits + 0.1 * torch.arange(len(logits))[:, None])

def constant():
    return Around(lambda logits: 0 * logits + 2)

def inverted():
    return Around(torch.neg)

def clamped():
    return Around(lambda logits: logits.clamp(-0.1, 0.1))

def plane():
    return Around(lambda logits: logits[..., None, None].expand(-1, 1, 4, 4))

def broken():
    return Around(lambda logits: logits / 0)
"""


@pytest.fixture
def planted(workspace, monkeypatch, audit_text):
    """An audit file about a network of this page."""
    (workspace / "planted_outputs.py").write_text(NETWORKS, encoding="utf-8")
    monkeypatch.syspath_prepend(workspace)
    weights = workspace / "weights.safetensors"
    save_file({f"inner.{name}": one for name, one in load_file(weights).items()}, weights)

    def write(name, output=None, **changes):
        content = yaml.safe_load(audit_text)
        content["detector"]["architecture"] = f"planted_outputs:{name}"
        content["detector"]["output"] = output or {"kind": "logit"}
        content["explain"] |= {"cases": 0, "shortcuts": 0, "gallery": False}
        content["robustness"] = {"cases": 0}
        path = workspace / "audit.yaml"
        path.write_text(yaml.safe_dump(content | changes), encoding="utf-8")
        return path

    return write


def checked(path):
    return [one.name for one in check_audit(path, Overrides(), None).suspicions]


def run(path, out="out"):
    return run_audit(path, path.parent / out, Overrides(), None, lambda step: None)


SOFTMAX = {"kind": "softmax", "positive": 1}


@pytest.mark.parametrize(
    ("name", "output", "found"),
    [
        ("plain", None, []),
        ("classes", SOFTMAX, []),
        ("sigmoid", {"kind": "probability"}, []),
        ("softmax", SOFTMAX | {"kind": "probabilities"}, []),
        ("sigmoid", None, ["scores_in_unit_interval"]),
        ("softmax", SOFTMAX, ["rows_sum_to_one"]),
        ("softmax", SOFTMAX | {"kind": "multi_label"}, ["rows_sum_to_one"]),
        ("dropout", None, ["score_not_repeatable"]),
        ("batch", None, ["score_depends_on_batch"]),
        ("place", None, ["score_depends_on_batch"]),
        ("constant", None, ["constant_score"]),
        ("inverted", None, ["inverted_scores"]),
        ("clamped", None, ["saturated_score"]),
    ],
)
def test_check_suspects_what_does_not_hold_and_nothing_else(planted, name, output, found):
    assert checked(planted(name, output)) == found


@pytest.mark.parametrize(
    ("name", "output", "message"),
    [
        ("plain", {"kind": "probability"}, "expected numbers from 0 to 1"),
        ("classes", SOFTMAX | {"kind": "probabilities"}, "expected numbers from 0 to 1"),
        ("plane", None, r"shape \(1, 1, 4, 4\) for 1 image, .*segmentation map"),
        ("broken", None, "expected finite numbers"),
        ("classes", None, "one output, the network has 3"),
    ],
)
def test_what_cannot_be_is_refused_by_both(planted, name, output, message):
    path = planted(name, output)
    with pytest.raises(ConfigError, match=message):
        check_audit(path, Overrides(), None)
    with pytest.raises(DetectorError, match=message):
        run(path)


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("sigmoid", {"kind": "probability"}),
        ("classes", SOFTMAX),
        ("softmax", SOFTMAX | {"kind": "probabilities"}),
    ],
)
def test_the_right_declaration_gives_the_figures_of_the_logits(planted, name, output):
    points = [{"name": "default", "probability": 0.5, "origin": "fixed"}]
    right = run(planted("plain"), "right")
    found = run(planted(name, output), "found")
    for metric in ("sensitivity", "specificity", "auc", "brier"):
        scope = {"analysis": "scored"}
        if metric in {"sensitivity", "specificity"}:
            scope["operating_point"] = points[0]["name"]
        one, other = (each.find(metric, **scope).estimate for each in (right, found))
        # The others under three classes take their share of the odds.
        assert other.value == pytest.approx(one.value, abs=0.002), metric
    assert found.suspicions == ()


def test_a_suspicion_is_kept_printed_and_caps_the_verdict_until_it_is_acknowledged(planted):
    path = planted("batch")
    folder = path.parent / "out"
    (one,) = run(path).suspicions
    assert (one.name, one.acknowledged) == ("score_depends_on_batch", False)
    assert judge_audit(folder).overall == "inconclusive"
    assert not [line for check in verify_folder(folder) for line in check.differences]
    before = read_findings(folder)
    planted("batch", acknowledge=["score_depends_on_batch"])
    after = run(path)
    assert [one.acknowledged for one in after.suspicions] == [True]
    assert after.findings == before.findings
    assert not (folder / "verdict.json").exists()
    assert judge_audit(folder).overall == "pass"
    assert not [line for check in verify_folder(folder) for line in check.differences]


def test_what_was_noticed_belongs_to_the_hashes(planted):
    path = planted("batch")
    run(path)
    noticed = path.parent / "out" / FILE
    content = json.loads(noticed.read_text())
    noticed.write_text(json.dumps(content | {"found": []}))
    lines = [line for check in verify_folder(noticed.parent) for line in check.differences]
    assert any(line.startswith(FILE) for line in lines)
    assert any("suspicions" in line for line in lines)


def test_an_interrupted_run_keeps_what_was_noticed(planted, monkeypatch):
    path = planted("dropout")
    with monkeypatch.context() as patch:
        patch.setattr("xaudit.audit.conduct.run_looks", stopped)
        with pytest.raises(KeyboardInterrupt):
            run(path)
    monkeypatch.setattr("xaudit.audit.probing.probe_of", stopped)
    assert [one.name for one in run(path).suspicions] == ["score_not_repeatable"]


def stopped(*_):
    raise KeyboardInterrupt


def test_a_name_that_nothing_is_suspected_by_is_refused_with_the_others(planted):
    with pytest.raises(ConfigError, match=r"acknowledge.*\['dropout'\]; there is: constant_score"):
        check_audit(planted("plain", acknowledge=["dropout"]), Overrides(), None)
