"""A whole audit of examinations of several views, from the folder to the card and the gate."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.walls import sandbox_or_skip
from xaudit.audit.store.record import read_record
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.commands import main

pytestmark = pytest.mark.heavy  # audits

EXAMPLES = Path(__file__).parents[2] / "examples"
NAME = "own_views:build"
MODULE = "from xaudit.models.reference import views_lstm\ndef build():\n    return views_lstm()\n"
POLICY = {
    "name": "views",
    "rules": [{"id": "auc", "metric": "auc", "floor": 0.6, "reason": "Better than chance."}],
}


@pytest.fixture
def study(tmp_path):
    """The example with two views damaged: one of an examination cannot be read."""
    folder = tmp_path / "audit"
    shutil.copytree(EXAMPLES / "small-views", folder / "small-views")
    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY), encoding="utf-8")
    content = yaml.safe_load((EXAMPLES / "small-views.yaml").read_text("utf-8"))
    (folder / "audit.yaml").write_text(
        yaml.safe_dump(content | {"policy": "policy.yaml", "max_failed": 0.2}), encoding="utf-8"
    )
    return folder


def findings(folder):
    told = json.loads((folder / "findings.json").read_text("utf-8"))
    scored = {
        (one["metric"], one["scope"].get("analysis")): one["estimate"]
        for one in told["findings"]
        if one["scope"].keys() <= {"analysis", "operating_point"}
    }
    return told, scored


def test_examinations_from_the_folder_to_the_gate(study, capsys):
    film = study / "small-views" / "images" / "e04_lateral.png"
    film.write_bytes(film.read_bytes()[:60])
    model = str(study / "small-views" / "views_lstm.safetensors")
    words = ["init", str(study / "small-views"), "--model", model, "--out", str(study / "i.yaml")]
    assert main(words) in {0, 2}, capsys.readouterr()
    assert "manifest" in (study / "i.yaml").read_text("utf-8")
    assert main(["check", str(study / "audit.yaml")]) == 0, capsys.readouterr()
    said = capsys.readouterr().out
    assert "24 cases, 12 with a fracture" in said
    out = study / "out"
    assert main(["run", str(study / "audit.yaml"), "--out", str(out)]) == 0, capsys.readouterr()
    told, scored = findings(out)
    assert told["accountability"]["listed"] == 24
    (lost,) = [one for one in told["accountability"]["issues"] if one["effect"] == "unreadable"]
    assert lost["case_id"] == "e04_ap"
    # An examination with a view that cannot be read is none that the detector was right about.
    assert (scored["sensitivity", "scored"]["k"], scored["sensitivity", "scored"]["n"]) == (11, 11)
    worst = scored["sensitivity", "worst_case"]
    assert (worst["k"], worst["n"]) == (11, 12)
    assert main(["gate", str(out)]) == 0
    for language, words in (
        ("en", "an examination of up to 3 images"),
        ("de", "eine Untersuchung"),
    ):
        assert main(["card", str(out), "--language", language]) == 0
        assert words in (out / "card.html").read_text("utf-8")
    assert main(["verify", str(out)]) == 0
    capsys.readouterr()
    data = ["--data", str(study / "small-views")]
    assert main(["export", str(out), "--format", "dicom", *data]) == 2
    assert "several views" in capsys.readouterr().err


def test_a_network_of_ones_own_gives_the_same_in_the_sandbox(study, monkeypatch, capsys):
    sandbox_or_skip()
    (study / "code").mkdir()
    (study / "code" / "own_views.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(study / "code")
    content = yaml.safe_load((study / "audit.yaml").read_text("utf-8"))
    content["explain"] |= {"cases": 4, "shortcuts": 0, "checks": {"cases": 0}}
    content["robustness"] = {"cases": 0, "maps": 0}
    maps = []
    for own in ("xaudit.models.reference:views_lstm", NAME):
        content["detector"]["architecture"] = own
        (study / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        out = study / own.partition(":")[0]
        words = ["run", str(study / "audit.yaml"), "--out", str(out)]
        assert main([*words, "--allow-code", NAME]) == 0, capsys.readouterr()
        results = Results.load(Store(out), read_record(out))
        maps.append({
            (one.case_id, one.method): results.array(one.case_id, one.method)
            for one in results.maps
        })  # fmt: skip
        assert all(one.error is None for one in results.maps)
    first, second = maps
    assert first.keys() == second.keys()
    assert {method for _, method in first} == {"gradcam", "lime"}
    for key, values in first.items():
        np.testing.assert_allclose(values, second[key], rtol=1e-2, atol=1e-4)
