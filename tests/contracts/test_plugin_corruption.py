"""The package of docs/how-to/add-a-corruption.md, installed and used by an ordinary audit."""

import json
import shutil

import pytest
import yaml

pytestmark = pytest.mark.heavy  # installs a package and audits with it

STUDY = {"format": "manifest", "root": "study", "patient": "patient", "groups": ["sex"]}
POLICY = {
    "name": "of a package",
    "rules": [{
        "id": "lines", "metric": "degraded_auc", "floor": 0.9,
        "where": {"degradation": "grid_lines", "severity": "10"},
    }],
}  # fmt: skip


def test_a_corruption_of_a_package_is_computed_judged_printed_and_verified(
    install, xaudit_of, drawn_study, short_audit, tmp_path
):
    installed = install("add-a-corruption.md", "grid_lines.py")
    folder = shutil.copytree(drawn_study, tmp_path / "audit")
    content = short_audit | {"data": STUDY, "policy": "policy.yaml"}
    content["robustness"] = {"cases": 24, "maps": 2, "corruptions": ["grid_line"]}
    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY), encoding="utf-8")
    file, out = folder / "audit.yaml", folder / "out"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    said = xaudit_of(installed, "run", file, "--out", out, code=2)
    assert "no corruption 'grid_line'; there is: blur, contrast, grid_lines, jpeg" in said
    content["robustness"]["corruptions"] = ["noise", "grid_lines"]
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    xaudit_of(installed, "run", file, "--out", out)
    found = json.loads((out / "findings.json").read_text("utf-8"))
    steps = {
        one["scope"]["severity"]: one["estimate"]["value"]
        for one in found["findings"]
        if one["metric"] == "degraded_auc" and one["scope"]["degradation"] == "grid_lines"
    }
    assert steps.keys() == {"2", "5", "10"}
    assert any(one["metric"] == "degraded_mass" and one["scope"]["degradation"] == "grid_lines"
               for one in found["findings"])  # fmt: skip
    # A dozen sound films are too few for a verdict.
    assert "grid lines, 10" in xaudit_of(installed, "gate", out, code=4)
    xaudit_of(installed, "card", out)
    assert "Grid lines (of 255 gray levels)" in (out / "card.html").read_text("utf-8")
    xaudit_of(installed, "verify", out)
