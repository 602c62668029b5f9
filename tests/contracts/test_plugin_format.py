"""The package of docs/how-to/add-a-data-format.md, installed and used by an ordinary audit."""

import csv
import json
import shutil

import pytest
import yaml

pytestmark = pytest.mark.heavy  # installs a package and audits with it


@pytest.fixture(scope="module")
def installed(install):
    return install("add-a-data-format.md", "folders.py")


@pytest.fixture(scope="module")
def study(drawn_study, tmp_path_factory):
    """The drawn study with a folder for each class, and a circle in place of each lesion."""
    folder = tmp_path_factory.mktemp("folders")
    circles = {}
    for kind in ("fractured", "normal"):
        (folder / "study" / kind).mkdir(parents=True)
    with (drawn_study / "study" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            fractured = row["label"] in {"1", "fractured", "true"}
            name = f"{row['patient']}-{number}"
            kind = "fractured" if fractured else "normal"
            shutil.copyfile(
                drawn_study / "study" / row["image"], folder / "study" / kind / f"{name}.png"
            )
            if fractured:
                circles[name] = [[100.0, 80.0, 20.0]]
    circles.popitem()
    (folder / "study" / "rings.json").write_text(json.dumps(circles), encoding="utf-8")
    shutil.copyfile(drawn_study / "weights.safetensors", folder / "weights.safetensors")
    return folder


def written(study, content, **data):
    declared = {"format": "folders", "root": "study"} | data
    path = study / "audit.yaml"
    path.write_text(yaml.safe_dump(content | {"data": declared}), encoding="utf-8")
    return path


def test_a_study_of_a_package_is_audited(installed, xaudit_of, study, short_audit):
    audit = written(study, short_audit, options={"circles": "rings.json"})
    assert "no_circle" in xaudit_of(installed, "check", audit)
    xaudit_of(installed, "run", audit, "--out", study / "out")
    findings = json.loads((study / "out" / "findings.json").read_text(encoding="utf-8"))
    assert findings["study"]["cases"] == len(list((study / "study").glob("*/*.png")))
    assert findings["study"]["lesions"] == findings["study"]["positives"] - 1
    masses = [one for one in findings["findings"] if one["metric"] == "mass"]
    assert any(one["estimate"]["value"] for one in masses)
    plan = json.loads((study / "out" / "plan.json").read_text(encoding="utf-8"))
    assert plan["config"]["data"]["options"] == {"circles": "rings.json"}
    xaudit_of(installed, "card", study / "out")
    xaudit_of(installed, "verify", study / "out")


def test_what_a_format_misses_is_told(installed, xaudit_of, study, short_audit):
    xaudit_of(installed, "check", written(study, short_audit), code=2)


def test_formats_of_xaudit_have_no_options(installed, xaudit_of, drawn_study, study, short_audit):
    audit = written(study, short_audit, format="manifest", options={"circles": "x"})
    xaudit_of(installed, "check", audit, code=2)
