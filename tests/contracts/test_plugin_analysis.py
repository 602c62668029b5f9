"""The package of docs/how-to/add-an-analysis.md, installed and used by an ordinary audit."""

import json
import shutil

import pytest
import yaml

from tests.contracts.conftest import EXAMPLES

pytestmark = pytest.mark.heavy  # installs a package and audits with it
RULES = [
    {"id": "close", "metric": "close_calls", "where": {"operating_point": "half"},
     "ceiling": 0.001, "reason": "a bound that no detector meets"},
]  # fmt: skip


def test_an_analysis_of_a_package_is_stored_judged_printed_and_verified(
    install, xaudit_of, tmp_path
):
    installed = install("add-an-analysis.md", "close.py")
    folder = shutil.copytree(EXAMPLES, tmp_path / "examples")
    policy = {"name": "of a package", "rules": RULES}
    (folder / "small-policy.yaml").write_text(yaml.safe_dump(policy), encoding="utf-8")
    out = tmp_path / "audit"
    xaudit_of(installed, "run", folder / "small-predictions.yaml", "--out", out)
    content = json.loads((out / "findings.json").read_text("utf-8"))
    found = [one for one in content["findings"] if one["metric"] == "close_calls"]
    assert len(found) > 1
    assert all(0 <= one["estimate"]["value"] <= 1 for one in found)
    assert "even the lower limit" in xaudit_of(installed, "gate", out, code=1)
    xaudit_of(installed, "card", out)
    card = (out / "card.html").read_text(encoding="utf-8")
    assert "Measured by the package close" in card
    xaudit_of(installed, "verify", out)
