"""The section on annotators: every figure of theirs is printed, in each language."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from simulated_readings import POINT, material_of, simulated

from xaudit.audit.annotators.agreement import _agreement
from xaudit.audit.annotators.ceiling import _ceiling
from xaudit.audit.annotators.maps import _maps
from xaudit.audit.plan.metrics import all_metrics
from xaudit.audit.scores.readings import ANNOTATOR, DICE, DRAWN, MATCHED
from xaudit.audit.scores.score import AREA_CHANCE
from xaudit.audit.store.files import read_findings
from xaudit.audit.store.store import ProbeRow
from xaudit.report.language.translation import speaking
from xaudit.report.sections.annotators import annotators
from xaudit.report.view import numbers
from xaudit.report.view.lookup import Lookup

SAMPLE = Path(__file__).parents[3] / "reports" / "sample"


@pytest.fixture(scope="module")
def look(tmp_path_factory):
    rng = np.random.default_rng(2)
    _, said, logits, people = simulated(rng, [(0.9, 0.9), (0.8, 0.95), (0.7, 0.7)])
    more = [
        ProbeRow(f"c{at:04d}", "", metric, "reader 1 and reader 2", level, value, None)
        for at in range(40)
        for metric, level, value in (
            (DRAWN, "", 2.0), (DICE, "", 0.5 + at / 100), (MATCHED, "0.1", 1.0),
            (MATCHED, "0.25", float(at % 2)), (MATCHED, "0.5", 0.0),
        )
    ]  # fmt: skip
    more += [
        ProbeRow(f"c{at:04d}", method, metric, facet, f"reader {who}", 0.01 * at * who, None)
        for at in range(40)
        for who in (1, 2)
        for method, facet in (("gradcam", ANNOTATOR), (AREA_CHANCE, ANNOTATOR),
                              ("", f"reader {3 - who}"))
        for metric in (("mass", "hit") if method else ("mass",))
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("audit")
    material = replace(material_of(said, logits, people, folder, more=more), methods=["gradcam"])
    sample = read_findings(SAMPLE)
    return Lookup(
        replace(
            sample,
            metrics=tuple(all_metrics()),
            findings=(*_agreement(material), *_ceiling(material), *_maps(material)),
            detector=replace(sample.detector, operating_points=(POINT,)),
        )
    )


def test_every_figure_of_the_annotators_is_printed(look):
    section = annotators(look)
    cells = {cell for table in section.tables for row in table.rows for cell in row}
    for finding in look.findings.findings:
        said = look.cell(finding.metric, **finding.scope)
        assert said in cells or look.said(finding.metric, **finding.scope) in section.lead
    labels, outlines, beside, maps, rules = section.tables
    assert labels.rows[0][0] == "readers 1 and 2"
    assert outlines.columns[2] == "F1 of lesions, IoU ≥ 0.1"
    assert [row[:2] for row in beside.rows[:3]] == [
        ("reader 1", "the others"), ("detector", "all but reader 1"), ("detector", "reader 1"),
    ]  # fmt: skip
    assert [row[:2] for row in maps.rows[:5]] == [
        ("gradcam", "reader 1"), ("area", "reader 1"), ("reader 1", "the others"),
        ("gradcam", "all but reader 1"), ("area", "all but reader 1"),
    ]  # fmt: skip
    assert maps.rows[1][3] == numbers.NONE
    assert [row[0] for row in rules.rows] == [
        "majority of the annotators", "any annotator", "all annotators",
    ]  # fmt: skip


def test_in_german_no_english_is_left(look):
    with speaking("de"):
        section = annotators(look)
    assert section.title == "Sind sich die Befundenden einig?"
    words = " ".join(cell for table in section.tables for row in table.rows for cell in row)
    assert "reader" not in words
    assert "Befundende 1 und 2" in words


def test_nothing_is_said_of_a_study_of_one_annotator():
    assert annotators(Lookup(read_findings(SAMPLE))) is None
