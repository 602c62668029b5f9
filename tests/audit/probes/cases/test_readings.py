"""Readings of annotators as an audit stores them."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from xaudit.audit.probes.cases.readings import AnnotatorReadings
from xaudit.audit.scores.probe_tables import READINGS, read_probed
from xaudit.audit.scores.readings import ANNOTATOR, DICE, DRAWN, LABEL, MATCHED, Readings
from xaudit.audit.store.store import CaseRow, MapRow
from xaudit.core.case import CaseIssue
from xaudit.core.detector import InputSpec
from xaudit.data.consensus import Consensus
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study


@pytest.fixture
def annotated(tmp_path):
    root = tmp_path / "study"
    root.mkdir()
    for name in "abc":
        Image.fromarray(np.full((40, 50), ord(name), np.uint8)).save(root / f"{name}.png")
    (root / "manifest.csv").write_text(
        "id;image;label;annotator;patient;boxes\n"
        "a;a.png;1;Smith;p;[[1,1,10,10]]\na;a.png;1;Jones;p;[[6,1,10,10],[30,30,4,4]]\n"
        "b;b.png;0;Smith;q;\nb;b.png;1;Jones;q;\n"
        "c;c.png;0;Smith;r;\nc;c.png;1;Jones;r;[[1,1,100,10]]\n"
    )
    consensus = Consensus("any", "union")
    text = (root / "manifest.csv").read_text().replace("[1,1,100,10]", "[1,1,20,10]")
    (root / "manifest.csv").write_text(text)
    return load_study(DataSpec("manifest", root, consensus=consensus))


def test_what_is_stored_names_nobody_and_holds_every_overlap(annotated, carried_out, tmp_path):
    issue = CaseIssue("d", "annotators_tie", "", "excluded")
    study = SimpleNamespace(cases=annotated.cases, issues=(issue,))
    plan = SimpleNamespace(study=study, config=SimpleNamespace(seed=1, probes={}))
    engine = SimpleNamespace(detector=SimpleNamespace(input=None))
    rows = carried_out(AnnotatorReadings, (plan, engine), SimpleNamespace(cases=()), tmp_path)
    assert read_probed(tmp_path) == {READINGS: rows}
    assert not {"Smith", "Jones"} & {text for row in rows for text in (row.facet, row.level)}
    calls = {(row.case_id, row.level): row.value for row in rows if row.metric == LABEL}
    assert calls["b", "reader 1"] == 1.0, "Jones is first by name"
    assert calls["b", "reader 2"] == 0.0
    values = {(row.case_id, row.metric, row.level): row.value for row in rows}
    assert values["a", DICE, ""] == pytest.approx(2 * 50 / 216)
    assert values["a", DRAWN, ""] == 3
    assert (values["a", MATCHED, "0.25"], values["a", MATCHED, "0.5"]) == (1, 0)
    assert values["c", DRAWN, ""] == 1
    assert ("b", DRAWN, "") not in values, "Jones sees a fracture and says nothing of its place"
    assert Readings.of(rows, ()).ties == 1


def test_maps_are_scored_on_what_each_annotator_outlined(annotated, carried_out, tmp_path):
    """In the detector's input grid, half of the image's: also where consensus and label differ."""
    map_ = np.zeros((20, 25), np.float32)
    map_[2, 2:9] = 1
    cases = tuple(
        CaseRow(one.case_id, one.patient, one.label, {}, 0.0, 0, "none", one.case_id != "b")
        for one in annotated.cases
    )
    maps = (MapRow("a", "cam", {}), MapRow("c", "cam", {}, degenerate="is zero"))
    results = SimpleNamespace(cases=cases, maps=maps, array=lambda case, method: map_)
    plan = SimpleNamespace(study=annotated, config=SimpleNamespace(seed=1, probes={}))
    spec = InputSpec(20, 25, "gray", 1, mean=(0.0,), std=(1.0,))
    engine = SimpleNamespace(detector=SimpleNamespace(input=spec))
    rows = carried_out(AnnotatorReadings, (plan, engine), results, tmp_path)
    made = {(row.case_id, row.metric, row.method, row.facet, row.level): row for row in rows}
    # Boxes of 10 pixels from 1 on touch pixels 0 to 5 of the grid, from 6 on 3 to 7.
    jones, smith = made["a", "mass", "cam", ANNOTATOR, "reader 1"], \
        made["a", "mass", "cam", ANNOTATOR, "reader 2"]  # fmt: skip
    assert (jones.value, smith.value) == (pytest.approx(5 / 7), pytest.approx(4 / 7))
    assert made["c", "mass", "cam", ANNOTATOR, "reader 1"].undefined == "the map is zero"
    assert made["c", "mass", "area_chance", ANNOTATOR, "reader 1"].value > 0
    assert not [key for key in made if key[0] == "b" and key[1] in {"mass", "hit"}]
    record = SimpleNamespace(sample=("a", "b"))
    units = AnnotatorReadings.workload(SimpleNamespace(study=annotated, record=record), ())
    assert units == {"readings": 3, "maps on readings": 1}, "nobody outlined b"
    assert made["a", "mass", "", "reader 2", "reader 1"].value == pytest.approx(0.5, abs=0.2)
