"""The package of docs/how-to/add-a-metric.md, installed and used by an ordinary audit."""

import json
import re
import shutil

import pytest
import yaml

pytestmark = pytest.mark.heavy  # installs a package and audits with it

NAMES = ("strongest_on_lesion", "youden")
STUDY = {"format": "manifest", "root": "study", "patient": "patient", "groups": ["sex"]}
POLICY = {
    "name": "of a package",
    "rules": [
        {"id": "youden", "metric": "youden", "where": {"operating_point": "default"},
         "floor": 0.99, "reason": "a bound that the detector misses"},
        {"id": "strongest", "metric": "strongest_on_lesion", "where": {"method": "gradcam"},
         "floor": 0.0, "reason": "any"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def installed(install):
    return install("add-a-metric.md", "sharp.py")


@pytest.fixture(scope="module")
def audit(installed, xaudit_of, drawn_study, short_audit, tmp_path_factory):
    folder = shutil.copytree(drawn_study, tmp_path_factory.mktemp("metric") / "audit")
    content = short_audit | {"data": STUDY, "policy": "policy.yaml"}
    (folder / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY), encoding="utf-8")
    xaudit_of(installed, "run", folder / "audit.yaml", "--out", folder / "out")
    return folder / "out"


def estimates(audit, name):
    """Scope, as text → estimate."""
    content = json.loads((audit / "findings.json").read_text(encoding="utf-8"))
    return {
        json.dumps(one["scope"], sort_keys=True): one["estimate"]
        for one in content["findings"]
        if one["metric"] == name
    }


def scope(**keys):
    return json.dumps(keys, sort_keys=True)


def test_metrics_of_a_package_are_listed(installed, xaudit_of):
    listed = xaudit_of(installed, "metrics")
    assert all(name in listed for name in NAMES)


def test_a_metric_of_maps_is_computed_and_stored(audit):
    found = estimates(audit, "strongest_on_lesion")
    scored = found[scope(method="gradcam", analysis="scored")]
    worst = found[scope(method="gradcam", analysis="worst_case")]
    assert 0 < worst["value"] <= scored["value"] <= 1
    assert scope(method="center_gaussian", analysis="scored") in found


def test_a_metric_of_scores_is_computed_and_stored_for_every_group(audit):
    point = scope(operating_point="default", analysis="scored")
    parts = [estimates(audit, name)[point]["value"] for name in ("sensitivity", "specificity")]
    found = estimates(audit, "youden")
    assert found[point]["value"] == pytest.approx(sum(parts) - 1)
    assert found[point]["low"] < found[point]["value"] < found[point]["high"]
    groups = {one for one in estimates(audit, "sensitivity") if '"level"' in one}
    assert groups
    assert groups <= set(found)


def test_they_are_judged_printed_translated_and_verified(installed, xaudit_of, audit):
    judged = xaudit_of(installed, "gate", audit, code=1)
    assert re.search(r"■ +youden", judged)
    xaudit_of(installed, "card", audit)
    card = (audit / "card.html").read_text(encoding="utf-8")
    assert "Measured by the package sharp" in card
    assert all(name in card for name in NAMES)
    xaudit_of(installed, "verify", audit)
    xaudit_of(installed, "card", audit, "--language", "de")
    german = (audit / "card.html").read_text(encoding="utf-8")
    assert "Wie weit ist der Detektor an dieser Schwelle vom Raten entfernt?" in german
