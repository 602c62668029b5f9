"""The package of docs/how-to/add-a-method.md, installed beside xaudit and used."""

import subprocess
import sys

import pytest

USE = """
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import Context, make_explainer
from xaudit.core.detector import InputSpec
from xaudit.explain.schedule import Job, explain_all
from xaudit.testing import planted_case
import numpy as np, torch

class Port:
    target_layer = None
    capabilities = frozenset({"gradients"})
    input = InputSpec(16, 16, channels=1)
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
def installed(install):
    return install("add-a-method.md", "vanilla.py")


def test_xaudit_lists_the_method_of_a_package(installed, xaudit_of):
    listed = xaudit_of(installed, "methods")
    assert all(name in listed for name in ("vanilla_gradient", "gradcam", "shap"))


def test_method_of_a_package_explains(installed):
    command = [sys.executable, "-c", USE]
    result = subprocess.run(command, env=installed, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "used {'factor': 2.0}" in result.stdout
