"""A saved audit is judged and printed on a laptop without the detector's libraries."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "reports" / "sample"
BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"blocked: {{name}}", name=name)

sys.meta_path.insert(0, Blocker())
"""
BLOCKED = {"torch", "torchvision", "captum", "shap", "lime", "timm", "pytorch_grad_cam", "skimage"}


@pytest.fixture
def without_torch(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(BLOCKER.format(blocked=BLOCKED), encoding="utf-8")

    def run(*arguments):
        environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
        command = [sys.executable, "-m", "xaudit", *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def audit(tmp_path):
    return Path(shutil.copytree(SAMPLE, tmp_path / "audit"))


def test_blocker_blocks(without_torch, tmp_path):
    result = without_torch("methods")
    assert result.returncode != 0
    assert "blocked: torch" in result.stderr or "blocked" in result.stderr


def test_gate_judges(without_torch, audit):
    result = without_torch("gate", audit)
    assert result.returncode in {0, 1, 4}, result.stderr
    assert "demo-release" in result.stdout


def test_card_prints(without_torch, audit):
    (audit / "card.html").unlink()
    result = without_torch("card", audit)
    assert result.returncode == 0, result.stderr
    assert (audit / "card.html").read_bytes() == (SAMPLE / "card.html").read_bytes()


def test_predictions_are_audited(without_torch, tmp_path):
    config = ROOT / "examples" / "small-predictions.yaml"
    result = without_torch("run", config, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out" / "findings.json").exists()


@pytest.mark.parametrize("command", ["metrics", "schema"])
def test_listing_works(without_torch, command):
    assert without_torch(command).returncode == 0


@pytest.mark.heavy
def test_audit_is_verified_compared_and_exported(without_torch, tmp_path):
    config = ROOT / "examples" / "small-predictions.yaml"
    assert without_torch("run", config, "--out", tmp_path / "out").returncode == 0
    for arguments in (
        ("verify", tmp_path / "out"),
        ("verify", SAMPLE / "card.html"),
        ("compare", tmp_path / "out", tmp_path / "out", "--out", tmp_path / "changes.html"),
        ("export", tmp_path / "out", "--format", "cyclonedx"),
        ("card", tmp_path / "out", "--pages", tmp_path / "cases"),
    ):
        result = without_torch(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
