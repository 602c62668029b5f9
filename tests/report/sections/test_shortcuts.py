from dataclasses import replace

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.report.sections.shortcuts import shortcuts
from xaudit.report.view.lookup import Lookup


def test_fracture_is_set_against_everything_else(audit):
    first = Estimate(0.8, 0.7, 0.9, "patient bootstrap", n=40)
    scope = {"removed": "marker", "method": "gradcam"}
    extra = [
        Finding("lesion_first", {}, first),
        Finding("artifact_enrichment", scope, Estimate(3.0, 2.0, 4.0, "patient bootstrap", n=40)),
        Finding("artifact_enrichment", {**scope, "label": "normal"},
                Estimate(5.0, 4.0, 6.0, "patient bootstrap", n=20)),
    ]  # fmt: skip
    kept = [one for one in audit[0].findings if one.metric != "artifact_enrichment"]
    section = shortcuts(Lookup(replace(audit[0], findings=(*kept, *extra))))
    assert "similar anatomy: 80 % (70–90)." in section.lead
    (table,) = (one for one in section.tables if one.caption.startswith("Evidence on artifacts"))
    assert [row[0] for row in table.rows] == ["gradcam", "gradcam, no fracture"]
    assert "5" in table.rows[1][1]
    silent = shortcuts(Lookup(replace(audit[0], findings=tuple(kept))))
    assert "anything else does" not in silent.lead
