"""Declarations that do not hold are noticed by `check` and `run`; sound ones are left alone."""

import json
import re
from types import SimpleNamespace

import pytest
import yaml
from safetensors.torch import load_file, save_file
from scipy.special import expit

from xaudit.audit.config.own_module import permitted
from xaudit.audit.config.read_config import Overrides, read_config
from xaudit.audit.plan.plan import detector_spec, make_plan
from xaudit.audit.probes.probing import Foreseen, foresee, notice, probe_of, try_detectors
from xaudit.audit.suspicions.suspicions import FILE, Noticed, keep_noticed, read_noticed
from xaudit.core.record.suspicion import Suspicion
from xaudit.errors import ConfigError, DetectorError
from xaudit.models.load import load_detector
from xaudit.pipeline.check import check_audit
from xaudit.pipeline.conduct import Host, run_audit
from xaudit.pipeline.judge import judge_audit
from xaudit.verify.verify import verify_folder

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
    return torch.cat([shared, logits + shared, shared - 30], dim=1)


def plain():
    return Around(lambda logits: logits)

def sigmoid():
    return Around(torch.sigmoid)

def classes():
    return Around(three)

def softmax():
    return Around(lambda logits: three(logits).softmax(dim=1))

def half():
    return Around(lambda logits: three(logits).bfloat16().softmax(dim=1))

def dropout():
    return Around(lambda logits: functional.dropout(logits, 0.5))

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
_NAMES = re.findall(r"^def (\w+)\(\)", NETWORKS, re.MULTILINE)
OWN = Overrides(allow_code=tuple(f"planted_outputs:{name}" for name in _NAMES), sandbox=False)


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


def loaded(path):
    config = permitted(*read_config(path), OWN)
    plan = make_plan(config, None)
    return plan, load_detector(detector_spec(config))


def run(path, out="out"):
    return run_audit(path, path.parent / out, OWN, None, lambda step: None)


SOFTMAX = {"kind": "softmax", "positive": 1}


@pytest.mark.parametrize(
    ("name", "output", "found"),
    [
        ("plain", None, []),
        ("classes", SOFTMAX, []),
        ("sigmoid", {"kind": "probability"}, []),
        ("softmax", SOFTMAX | {"kind": "probabilities"}, []),
        ("half", SOFTMAX | {"kind": "probabilities"}, []),
        ("half", SOFTMAX, ["rows_sum_to_one"]),
        ("sigmoid", None, ["scores_in_unit_interval", "threshold_beyond_scores"]),
        ("softmax", SOFTMAX, ["rows_sum_to_one"]),
        ("softmax", SOFTMAX | {"kind": "multi_label"},
         ["rows_sum_to_one", "threshold_beyond_scores"]),
        ("dropout", None, ["score_not_repeatable"]),
        ("batch", None, ["score_depends_on_batch"]),
        ("place", None, ["score_depends_on_batch"]),
        ("constant", None, ["constant_score"]),
        ("inverted", None, ["inverted_scores"]),
        ("clamped", None, ["saturated_score"]),
    ],
)  # fmt: skip
def test_check_suspects_what_does_not_hold_and_nothing_else(planted, name, output, found):
    assert [one.name for one in foresee(*loaded(planted(name, output)))] == found


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
        check_audit(path, OWN, None)
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
def test_the_right_declaration_gives_the_logits_of_the_network(planted, name, output):
    right = probe_of(*loaded(planted("plain"))).said.logits
    found = probe_of(*loaded(planted(name, output))).said.logits
    # Near 1 a sigmoid in float32 has lost digits that no head brings back.
    told = right < 8
    assert told.sum() > 8
    assert found[told] == pytest.approx(right[told], abs=0.01)
    assert expit(found) == pytest.approx(expit(right), abs=1e-5)


def test_a_suspicion_is_kept_and_caps_the_verdict_until_it_is_acknowledged(planted):
    path = planted("batch")
    folder = path.parent / "out"
    before = run(path)
    (one,) = before.suspicions
    assert (one.name, one.acknowledged) == ("score_depends_on_batch", False)
    assert judge_audit(folder).overall == "inconclusive"
    assert not differences(folder)
    planted("batch", acknowledge=["score_depends_on_batch"])
    after = run(path)
    assert [one.acknowledged for one in after.suspicions] == [True]
    assert after.findings == before.findings
    assert not (folder / "verdict.json").exists()
    assert judge_audit(folder).overall == "pass"
    assert not differences(folder)
    (folder / FILE).write_text(json.dumps({"found": [], "acknowledged": []}))
    lines = differences(folder)
    assert any(line.startswith(FILE) for line in lines)
    assert any(line.startswith("findings.json: suspicions") for line in lines)


def differences(folder):
    return [line for check in verify_folder(folder) for line in check.differences]


def test_a_run_that_goes_on_keeps_what_was_noticed(tmp_path):
    noticed = keep_noticed(tmp_path, Noticed((Suspicion("constant_score", "text"),)))
    # Without a detector: nothing is asked again.
    assert notice(Foreseen(), (), tmp_path) == noticed
    answered = notice(Foreseen(), ("constant_score",), tmp_path)
    assert answered == read_noticed(tmp_path) == Noticed(noticed.found, ("constant_score",))


def test_suspicions_that_are_torn_are_asked_anew(tmp_path, monkeypatch):
    found = (Suspicion("constant_score", "text"),)
    monkeypatch.setattr("xaudit.audit.probes.probing._seen", lambda *_: (found, ()))
    part = SimpleNamespace(plan=None, engine=SimpleNamespace(detector=None))
    keep_noticed(tmp_path, Noticed())
    assert try_detectors((part,), tmp_path) == Foreseen()
    (tmp_path / FILE).write_bytes(b"")
    # What nobody asked would pass for what nobody suspects.
    assert try_detectors((part,), tmp_path) == Foreseen(found)


def test_a_run_tells_what_it_suspects_before_it_computes(planted):
    path, told = planted("inverted"), []

    def notify(suspicions):
        assert not list((path.parent / "out").glob("shards/*"))
        told.append([one.name for one in suspicions])

    again = []
    arguments = path, path.parent / "out", OWN, None, lambda step: None
    findings = run_audit(*arguments, Host(notify))
    assert told == [["inverted_scores"]] == [[one.name for one in findings.suspicions]]
    run_audit(*arguments, Host(again.append))
    assert not again


def test_every_detector_of_a_cross_validation_is_asked(planted):
    path = planted("plain")
    content = yaml.safe_load(path.read_text("utf-8"))
    folder, weights = path.parent, content["detector"].pop("weights")
    state = load_file(folder / weights)
    state["inner.evidence.weight"] *= 0
    save_file(state, folder / "other.safetensors")
    content["detector"]["folds"] = {
        "column": "sex", "design": "k_fold",
        "weights": {"M": weights, "F": "other.safetensors"},
    }  # fmt: skip
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    names = [one.name for one in check_audit(path, OWN, None).suspicions]
    assert "constant_score" in names


def test_a_name_that_nothing_is_suspected_by_is_refused_with_the_others(planted):
    with pytest.raises(ConfigError, match=r"acknowledge.*\['dropout'\]; there is: constant_score"):
        check_audit(planted("plain", acknowledge=["dropout"]), OWN, None)
