"""The package of docs/how-to/add-an-image-format.md, installed and used by an ordinary audit."""

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
    return install("add-an-image-format.md", "npy_films.py")


@pytest.fixture(scope="module")
def study(drawn_study, short_audit, tmp_path_factory):
    """The drawn study as it is, and once more with 12 bits in NumPy files, every third inverted."""
    folder = tmp_path_factory.mktemp("npy")
    shutil.copyfile(drawn_study / "weights.safetensors", folder / "weights.safetensors")
    for kind in ("png", "npy"):
        shutil.copytree(drawn_study / "study", folder / kind)
        declared = {"format": "manifest", "root": kind, "manifest": "manifest.csv"}
        declared |= {"patient": "patient", "groups": []}
        content = yaml.safe_dump(short_audit | {"data": declared})
        (folder / f"{kind}.yaml").write_text(content, encoding="utf-8")
    manifest = folder / "npy" / "manifest.csv"
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        path = folder / "npy" / row["image"]
        values = np.round(np.asarray(Image.open(path).convert("L")) * (4095 / 255))
        path.unlink()
        name = f"{path.stem}_monochrome1.npy" if number % 3 == 0 else f"{path.stem}.npy"
        stored = 4095 - values if number % 3 == 0 else values
        np.save(path.with_name(name), stored.astype(np.uint16))
        row["image"] = str(path.with_name(name).relative_to(folder / "npy"))
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return folder


def found(folder):
    findings = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    return findings, {
        one["metric"]: one["estimate"]["value"]
        for one in findings["findings"]
        if not one.get("scope", {}).get("method") and one["metric"] in {"auc", "sensitivity"}
    }


def test_films_of_a_source_are_audited_as_the_same_films_in_png(installed, xaudit_of, study):
    for kind in ("png", "npy"):
        xaudit_of(installed, "check", study / f"{kind}.yaml")
        xaudit_of(installed, "run", study / f"{kind}.yaml", "--out", study / f"{kind}_out")
    (one, plain), (other, read) = found(study / "png_out"), found(study / "npy_out")
    assert one["study"]["cases"] == other["study"]["cases"] == other["accountability"]["scored"]
    assert read == pytest.approx(plain, abs=0.01)
    assert one["suspicions"] == other["suspicions"]
    xaudit_of(installed, "card", study / "npy_out")
    xaudit_of(installed, "verify", study / "npy_out")


def test_what_a_source_cannot_read_is_a_row(installed, xaudit_of, study):
    broken = next((study / "npy" / "images").glob("*.npy"))
    np.save(broken, np.zeros((4, 4, 4, 4), dtype=np.uint16))
    xaudit_of(installed, "run", study / "npy.yaml", "--out", study / "broken")
    findings, _ = found(study / "broken")
    assert findings["accountability"]["unreadable"] == 1
    assert "expected rows and columns, got 4 axes" in (study / "broken/findings.json").read_text()
