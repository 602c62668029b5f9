"""A whole audit of code of strangers in the sandbox: the numbers are those outside."""

import json
import shutil
import threading
import time

import pytest
import yaml

from tests.walls import sandbox_or_skip
from xaudit.commands import main

pytestmark = pytest.mark.heavy  # audits

NAME = "strangers_model:build"
MODULE = """
import os
from pathlib import Path
from xaudit.models.reference import small_cnn

SWITCH = Path(__file__).with_name("switch.py")

def build():
    network = small_cnn()
    network.register_forward_pre_hook(asked)
    return network

def asked(_network, _images):
    if SWITCH.read_text() == "die":
        os._exit(9)
"""
METHODS = {
    "gradcam": {}, "integrated_gradients": {"steps": 4, "max_steps": 4},
    "lime": {"samples": 40, "segments": 16},
}  # fmt: skip


@pytest.fixture
def audit(drawn_study, short_audit, tmp_path, monkeypatch, capsys):
    """Run the audit of a model: its exit code, and what it said."""
    sandbox_or_skip()
    folder = shutil.copytree(drawn_study, tmp_path / "audit")
    (folder / "code").mkdir()
    (folder / "code" / "strangers_model.py").write_text(MODULE, encoding="utf-8")
    (folder / "code" / "switch.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(folder / "code")
    content = short_audit | {
        "data": {"format": "manifest", "root": "study", "patient": "patient", "groups": ["sex"]},
        "detector": short_audit["detector"] | {"architecture": NAME},
        "explain": short_audit["explain"] | {
            "cases": 2, "methods": METHODS,
            "checks": {"cases": 1, "subsets": 0, "repeats": 0, "disturbances": [], "cascade": 1},
        },
    }  # fmt: skip
    (folder / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")

    def run(out, *options, limit=24):
        words = [
            "run",
            str(folder / "audit.yaml"),
            "--out",
            str(folder / out),
            "--allow-code",
            NAME,
        ]
        code = main([*words, "--limit", str(limit), *options])
        return code, "".join(capsys.readouterr()), folder / out

    return run


def told(out):
    findings = json.loads((out / "findings.json").read_text("utf-8"))
    return findings, findings.pop("provenance")


def test_findings_are_those_outside_and_the_card_says_what_held(audit):
    code, said, inside = audit("inside")
    assert code == 0, said
    code, said, outside = audit("outside", "--no-sandbox")
    assert code == 0, said
    (found, provenance), (expected, other) = told(inside), told(outside)
    assert "seccomp" in provenance.pop("sandbox")
    assert "sandbox" not in other
    found, expected = by_scope(found), by_scope(expected)
    assert {"randomization_similarity", "hit", "auc"} <= {metric for metric, _ in found}
    differing = [
        key for key in expected.keys() | found.keys()
        if key not in found or key not in expected or not same(found[key], expected[key])
    ]  # fmt: skip
    # What the last layer reads does not cross the border.
    assert {metric.startswith("feature_shift") for metric, _ in differing} == {True}, differing
    for out, words in ((inside, "no network, no files but its own"), (outside, "none; it ran")):
        assert main(["card", str(out)]) == 0
        assert words in (out / "card.html").read_text("utf-8")
        assert main(["verify", str(out)]) == 0


def by_scope(findings):
    """Metric and scope → estimate."""
    return {
        (one["metric"], json.dumps(one["scope"], sort_keys=True)): one["estimate"]
        for one in findings["findings"]
    }


def same(one, two, within=1e-4):
    """Batches are cut by the speed of a machine, so last digits differ between two runs."""
    if isinstance(one, float) and isinstance(two, float):
        return abs(one - two) <= within * max(1.0, abs(one))
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(same, one, two))
    return one == two


def test_what_was_computed_before_a_model_died_is_kept(audit, tmp_path):
    out, switch = tmp_path / "audit" / "out", tmp_path / "audit" / "code" / "switch.py"

    def kept():
        return {path.parent.name for path in out.glob("shards/*/_DONE")}

    def turn():
        # A file that the model sees; the first shard is complete.
        while not kept() and not over.is_set():
            time.sleep(0.01)
        switch.write_text("die", encoding="utf-8")

    over = threading.Event()
    turning = threading.Thread(target=turn)
    turning.start()
    code, said, _ = audit("out", "--cases", "0", limit=72)
    over.set()
    turning.join()
    assert code == 3, said
    assert "(in the sandbox): ended with exit status 9 before it answered" in said
    before = kept()
    assert before
    switch.write_text("", encoding="utf-8")
    code, said, _ = audit("out", "--cases", "0", limit=72)
    assert code == 0, said
    assert before < kept()
    assert main(["verify", str(out)]) == 0
