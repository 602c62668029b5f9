"""The package of docs/how-to/add-a-method.md, installed beside xaudit and used."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "add-a-method.md"
USE = """
from xaudit.explain.evaluator import Evaluator
from xaudit.explain.port import Context, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.testing import planted_case
import numpy as np, torch

class Port:
    target_layer = None
    capabilities = frozenset({"gradients"})
    class input:
        height = width = 16
        channels, color = 1, "gray"
    class module(torch.nn.Module):
        def forward(self, x):
            return 3 * x.sum(dim=(1, 2, 3))
    module = module()

case = planted_case([], (16, 16))
explainer = make_explainer("vanilla_gradient", {"factor": 2.0})
(outcome,) = explain_all(Evaluator(Port(), 4), [Job(case, explainer)], Context(1))
assert outcome.error is None, outcome.error
np.testing.assert_allclose(outcome.attribution.values, 6.0)
print("used", outcome.attribution.params)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the package, as pip leaves it, and the environment that sees it."""
    base = tmp_path_factory.mktemp("plugin")
    text = PAGE.read_text(encoding="utf-8")
    source, target = base / "source", base / "site"
    source.mkdir()
    for name, language in (("vanilla.py", "python"), ("pyproject.toml", "toml")):
        code = re.search(rf"`{name}`:\n\n```{language}\n(.*?)```", text, re.DOTALL)[1]
        (source / name).write_text(code, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
           "--disable-pip-version-check", "--target", target, source]  # fmt: skip
    subprocess.run(pip, check=True, capture_output=True)
    return {**os.environ, "PYTHONPATH": str(target)}


def test_xaudit_lists_the_method_of_a_package(installed):
    command = [sys.executable, "-m", "xaudit", "methods"]
    result = subprocess.run(command, env=installed, capture_output=True, text=True, check=True)
    assert all(name in result.stdout for name in ("vanilla_gradient", "gradcam", "shap"))


def test_method_of_a_package_explains(installed):
    command = [sys.executable, "-c", USE]
    result = subprocess.run(command, env=installed, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "used {'factor': 2.0}" in result.stdout
