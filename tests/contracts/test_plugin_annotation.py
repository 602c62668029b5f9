"""The package of docs/how-to/add-an-annotation-form.md, installed and used by an ordinary audit."""

import csv
import json
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image

pytestmark = pytest.mark.heavy  # installs a package and audits with it


@pytest.fixture(scope="module")
def installed(install):
    return install("add-an-annotation-form.md", "ellipses.py")


def ellipse_of(path):
    """The ellipse that has the box of a mask."""
    rows, columns = np.nonzero(np.asarray(Image.open(path).convert("L")))
    (top, bottom), (left, right) = ((one.min(), one.max()) for one in (rows, columns))
    return [(left + right) / 2, (top + bottom) / 2, (right - left + 1) / 2, (bottom - top + 1) / 2]


@pytest.fixture(scope="module")
def study(drawn_study, short_audit, tmp_path_factory):
    """The drawn study with an ellipse in place of each mask."""
    folder = tmp_path_factory.mktemp("ellipses")
    shutil.copyfile(drawn_study / "weights.safetensors", folder / "weights.safetensors")
    shutil.copytree(drawn_study / "study", folder / "study")
    manifest = folder / "study" / "manifest.csv"
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        masks = [one.strip() for one in row.pop("masks").split(";") if one.strip()]
        drawn = [list(map(float, ellipse_of(folder / "study" / one))) for one in masks]
        row["ellipses"] = json.dumps(drawn) if drawn else ""
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    declared = {"format": "manifest", "root": "study", "manifest": "manifest.csv"}
    declared |= {"patient": "patient", "groups": []}
    content = yaml.safe_dump(short_audit | {"data": declared})
    (folder / "audit.yaml").write_text(content, encoding="utf-8")
    return folder, sum(len(json.loads(row["ellipses"] or "[]")) for row in rows)


def test_lesions_of_a_form_are_scored_drawn_and_verified(installed, xaudit_of, study):
    folder, lesions = study
    xaudit_of(installed, "check", folder / "audit.yaml")
    xaudit_of(installed, "run", folder / "audit.yaml", "--out", folder / "out")
    findings = json.loads((folder / "out" / "findings.json").read_text(encoding="utf-8"))
    assert findings["study"]["lesions"] == lesions > 0
    masses = [one for one in findings["findings"] if one["metric"] == "mass"]
    assert any(one["estimate"]["value"] for one in masses)
    xaudit_of(installed, "card", folder / "out")
    xaudit_of(installed, "verify", folder / "out")


def test_a_wrong_cell_is_told_with_its_line(installed, xaudit_of, study):
    folder, _ = study
    shutil.copytree(folder / "study", folder / "wrong")
    manifest = folder / "wrong" / "manifest.csv"
    lines = manifest.read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if "[[" in line)
    lines[at] = lines[at][: lines[at].index("[[")] + '[[5, 5, 0, 2]]"'
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = xaudit_of(installed, "check", folder / "audit.yaml", "--data", folder / "wrong", code=2)
    assert f"line {at + 1}: ellipses: expected half axes above 0" in told
