"""The section on types of fracture."""

from dataclasses import replace
from pathlib import Path

from xaudit.audit.store.files import read_findings
from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.report.language.translation import speaking
from xaudit.report.sections.types import subtlety, types
from xaudit.report.view.lookup import Lookup

SAMPLE = Path(__file__).parents[3] / "reports" / "sample"
AT = {"operating_point": "half", "analysis": "scored"}


def test_every_type_has_a_row_and_the_specificity_stands_once():
    scope = {"group": "kind", "level": "hairline"}
    made = (
        Finding("specificity", AT, Estimate(0.8, 0.7, 0.9, "Wilson", k=80, n=100)),
        Finding("auc_of_type", {**scope, "analysis": "scored"},
                Estimate(0.7, 0.6, 0.8, "DeLong", n=140), positives=40),
        Finding("sensitivity_of_type", {**scope, **AT},
                Estimate(0.5, 0.4, 0.6, "Wilson", k=20, n=40)),
        Finding("auc_of_type", {"group": "kind", "level": "oblique", "analysis": "scored"},
                Estimate.missing("3 positives", n=103), positives=3),
    )  # fmt: skip
    sample = read_findings(SAMPLE)
    points = (OperatingPoint("half", 0.0, "fixed", ""),)
    detector = replace(sample.detector, operating_points=points)
    look = Lookup(replace(sample, findings=made, detector=detector))
    (table,) = types(look).tables
    assert [row[:2] for row in table.rows] == [("hairline", "40"), ("oblique", "3")]
    assert "20/40" in table.rows[0][3]
    assert "3 positives" in table.rows[1][2]
    assert table.note.count("80/100") == 1
    with speaking("de"):
        assert types(look).title == "Welche Frakturen findet er?"
    assert types(Lookup(sample)) is None


def test_subtlety_has_rows_in_the_declared_order_and_maps_beside():
    def of(metric, level, **more):
        scope = {"group": "seen", "level": level, "analysis": "scored", **more}
        return Finding(metric, scope, Estimate(0.5, 0.4, 0.6, "Wilson", k=20, n=40), positives=40)

    sample = read_findings(SAMPLE)
    method = next(one.name for one in sample.methods if not one.reference)
    made = [of("auc_of_subtlety", level) for level in ("plain", "hairline")]
    section = subtlety(Lookup(replace(sample, findings=tuple(made))))
    (table,) = section.tables
    assert [row[:2] for row in table.rows] == [("plain", "40"), ("hairline", "40")]
    made += [of(metric, "hairline", method=method) for metric in ("mass", "hit")]
    _, maps = subtlety(Lookup(replace(sample, findings=tuple(made)))).tables
    assert [row[0] for row in maps.rows] == [f"hairline, {method}"]
    assert all("20/40" in cell for cell in maps.rows[0][1:])
    assert subtlety(Lookup(sample)) is None
    with speaking("de"):
        assert subtlety(Lookup(replace(sample, findings=tuple(made)))).tables[0].columns[0] == (
            "Erkennbarkeit"
        )
