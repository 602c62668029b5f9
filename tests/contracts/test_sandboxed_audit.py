"""A whole audit of code of strangers in the sandbox: the numbers are those outside."""

import json
import shutil

import pytest
import yaml

from tests.walls import sandbox_or_skip
from xaudit.commands import main

pytestmark = pytest.mark.heavy  # audits

NAME = "strangers_model:build"
MODULE = """
import os
from xaudit.models.reference import small_cnn

LAST = {last}
seen = 0

def build():
    network = small_cnn()
    network.register_forward_pre_hook(counted)
    return network

def counted(_network, images):
    # With it a process answers for so many images, and is gone.
    global seen
    seen += len(images[0])
    if LAST is not None and seen > LAST:
        os._exit(9)
"""
METHODS = {
    "gradcam": {}, "integrated_gradients": {"steps": 4, "max_steps": 4},
    "lime": {"samples": 40, "segments": 16},
}  # fmt: skip


@pytest.fixture
def audit(drawn_study, short_audit, tmp_path, monkeypatch, capsys):
    """Run the audit of a model that answers for so many images: its exit code, and what it said."""
    sandbox_or_skip()
    folder = shutil.copytree(drawn_study, tmp_path / "audit")
    (folder / "code").mkdir()
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

    def run(out, *options, last=None, limit=24):
        (folder / "code" / "strangers_model.py").write_text(MODULE.format(last=last))
        words = [
            "run",
            str(folder / "audit.yaml"),
            "--out",
            str(folder / out),
            "--allow-code",
            NAME,
            "--limit",
            str(limit),
        ]
        code = main([*words, *options])
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


def test_what_was_computed_before_a_model_died_is_kept(audit):
    code, said, out = audit("out", last=600, limit=60)
    assert code == 3, said
    assert "strangers_model" in said or "(in the sandbox)" in said
    assert "ended with exit status 9 before it answered" in said
    kept = sorted(path.parent.name for path in out.glob("shards/*/_DONE"))
    assert kept
    code, said, _ = audit("out", limit=60)
    assert code == 0, said
    assert set(kept) <= {path.parent.name for path in out.glob("shards/*/_DONE")}
    assert main(["verify", str(out)]) == 0
