"""Whole audits of every layout: init, the answers of a person, check, run, card."""

import json

import pytest
import yaml

from tests.data.layouts import BOXES, LAYOUTS, UNLOCALIZED, written
from xaudit.phantom.demo import REFERENCE_WEIGHTS

DETECTOR = {
    "name": "reference",
    "architecture": "xaudit.models.reference:small_cnn",
    "input": {"height": 32, "width": 24, "channels": 1, "mean": [0.35], "std": [0.25]},
    "operating_points": [{"name": "default", "logit": 0.0, "origin": "fixed"}],
}
SHORT = {
    "explain": {
        "cases": 0,
        "gallery": False,
        "methods": {},
        "checks": {"cases": 0},
        "shortcuts": 0,
        "micro_batch": 8,
    },
    "robustness": {"cases": 0, "maps": 0},
    "statistics": {"draws": 200},
}
ANSWERS = {"unannotated": "normal"}


def answered(path, positive):
    """The audit file that init wrote, with the answers of a person."""
    content = yaml.safe_load(path.read_text("utf-8"))
    data = content["data"]
    if positive:
        assert data["positive"] == "?"
        data["positive"] = positive
    for name, value in data.get("options", {}).items():
        data["options"][name] = ANSWERS[name] if value == "?" else value
    detector = DETECTOR | {"weights": content["detector"]["weights"]}
    return {"name": content["name"], "data": data, "detector": detector, **SHORT}


# Of two forms of one format, the tests of the reader know the second.
WHOLE = [name for name, (_, format, _) in LAYOUTS.items() if name == format]


@pytest.mark.heavy
@pytest.mark.parametrize("name", WHOLE)
def test_a_layout_is_audited_to_its_card(name, xaudit, tmp_path):
    written(name, tmp_path / "study")
    audit, out = tmp_path / "audit.yaml", tmp_path / "out"
    code, _, errors = xaudit(
        "init", tmp_path / "study", "--model", REFERENCE_WEIGHTS, "--out", audit
    )
    assert code == 0, errors
    assert (tmp_path / "init-examples.png").is_file()
    if LAYOUTS[name][2]:
        # Nobody has said yet what means fractured.
        code, _, errors = xaudit("check", audit)
        assert code == 2
        assert "data.positive" in errors
    content = answered(audit, LAYOUTS[name][2])
    audit.write_text(yaml.safe_dump(content), encoding="utf-8")
    for command in (["check", audit], ["run", audit, "--out", out], ["card", out]):
        code, _, errors = xaudit(*command)
        assert code == 0, errors
    study = json.loads((out / "findings.json").read_text("utf-8"))["study"]
    lesions = 0 if name in UNLOCALIZED else 3
    cases = len(BOXES) + (name == "mura")
    assert (study["cases"], study["positives"], study["lesions"]) == (cases, 3, lesions)
    assert (out / "card.html").is_file()


def test_a_format_can_be_named(xaudit, tmp_path):
    written("voc", tmp_path / "study")
    written("labelme", tmp_path / "study" / "JPEGImages")
    audit = tmp_path / "audit.yaml"
    model = ("--model", REFERENCE_WEIGHTS, "--out", audit)
    code, _, errors = xaudit("init", tmp_path / "study", *model)
    assert code == 2
    assert "labelme or voc; say which with --format NAME" in errors
    code, _, errors = xaudit("init", tmp_path / "study", "--format", "voc", *model)
    assert code == 0, errors
    assert yaml.safe_load(audit.read_text("utf-8"))["data"]["format"] == "voc"


def test_names_of_files_and_classes_stay_in_their_comment(xaudit, tmp_path):
    root = written("coco", tmp_path / "study")
    source = root / "annotations" / "instances.json"
    content = json.loads(source.read_text("utf-8"))
    content["categories"][1]["name"] = "metal # positive: [metal]"
    source.write_text(json.dumps(content), encoding="utf-8")
    source.rename(source.with_name("a\n  positive: [metal]\n.json"))
    audit = tmp_path / "audit.yaml"
    code, _, errors = xaudit("init", root, "--model", REFERENCE_WEIGHTS, "--out", audit)
    assert code == 0, errors
    data = yaml.safe_load(audit.read_text("utf-8"))["data"]
    assert (data["positive"], data["options"]) == ("?", {"unannotated": "?"})
