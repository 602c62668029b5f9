from dataclasses import replace

import pytest

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.record.finding import Finding, MethodFacts
from xaudit.report.sections.explanations import localization
from xaudit.report.view.lookup import Lookup


def _share(value):
    return Estimate(value, max(0, value - 0.1), min(1, value + 0.1), "patient bootstrap", n=40)


@pytest.fixture
def scored(audit):
    method = Message(
        "{method}; thresholds {first:g} and {second:g} of a map's maximum",
        method="patient bootstrap",
        first=0.4,
        second=0.5,
    )
    frozen = replace(_share(0.3), method=method)
    extra = [
        Finding("pixel_auc", {"method": "gradcam", "analysis": "scored"}, _share(0.9)),
        Finding("iou_frozen", {"method": "gradcam"}, frozen),
        Finding("hit", {"method": "ideal_on_grid", "analysis": "scored"}, _share(0.6)),
        Finding("auprc", {"method": "consensus", "analysis": "scored"}, _share(0.4)),
        Finding("mass", {"method": "lime", "analysis": "converged"}, _share(0.2)),
        Finding("agreement", {"method": "gradcam", "other": "lime"}, _share(0.5)),
    ]
    for reference in ("edge_map", "center_gaussian"):
        scope = {"method": "gradcam", "reference": reference}
        extra.append(Finding("mass_reference_gap", scope, _share(0.25)))
        extra.append(Finding("auprc_reference_gap", scope, _share(0.2)))
    extra.append(Finding("randomized_mass_gap", {"method": "gradcam"}, _share(0.35)))
    extra.append(Finding("randomized_auprc_gap", {"method": "gradcam"}, _share(0.15)))
    for name, values in {"gradcam": (0.9, 0.5), "lime": (0.2, 0.0)}.items():
        for cutoff, value in zip(("0.1", "0.5"), values, strict=True):
            scope = {"method": name, "criterion": "iou", "cutoff": cutoff}
            extra.append(Finding("lesions_found", scope, _share(value)))
    for rate in ("0.5", "1"):
        scope = {"method": "gradcam", "false_marks": rate}
        extra.append(Finding("peaks_find_lesions", scope, _share(0.7)))
    for form in ("mask", "box"):
        scope = {"method": "gradcam", "form": form, "analysis": "scored"}
        extra.append(Finding("mass", scope, _share(0.3)))
    consensus = MethodFacts("consensus", "xaudit", "Where?", {}, 40, 0, 0, 0, reference=True)
    return replace(
        audit[0],
        findings=(*audit[0].findings, *extra),
        methods=(*audit[0].methods, consensus),
        peak_tolerance="5 mm",
    )


def _tables(findings):
    return {table.caption: table for table in localization(Lookup(findings)).tables}


def test_every_part_stands_where_it_was_measured(scored):
    tables = _tables(scored)
    further = tables["Further scores of the same maps"]
    assert "at most 5 mm away" in further.note
    assert "gradcam: thresholds 0.4 and 0.5" in further.note
    gaps = tables["Mass in lesion, minus that of reference maps"]
    assert gaps.columns == ("Method", "edges", "center", "random parameters")
    assert "35" in gaps.rows[0][-1]
    ranked = tables["AUPRC, minus that of reference maps"]
    assert ranked.columns[-1] == "random parameters"
    assert "15" in ranked.rows[0][-1]
    found = tables["Lesions found, by what counts as found"]
    assert [row[0] for row in found.rows] == ["IoU at least: 0.1", "IoU at least: 0.5"]
    assert len(tables["Lesions found by peaks (FROC)"].columns) == 3
    assert [row[0] for row in tables["By form of the annotation"].rows][:2] == [
        "gradcam, mask", "gradcam, box",
    ]  # fmt: skip
    assert [row[0] for row in tables["Over maps that converged alone"].rows] == ["lime"]
    agreement = tables["Do the methods agree?"]
    assert agreement.columns == ("Method", "integrated_gradients", "shap", "lime")
    assert agreement.rows[1][1] == ""
    assert "0.5" in agreement.rows[0][3] or "50" in agreement.rows[0][3]


def test_nothing_is_said_of_what_was_not_measured(audit):
    tables = _tables(audit[0])
    assert set(tables) == {
        "Localization on maps that can be read",
        "Worst case: a missing or degenerate map scores 0",
        "Further scores of the same maps",
    }


def test_grid_is_named_as_what_limits_the_map(scored, audit):
    section = localization(Lookup(scored))
    assert any("feature grid" in text and "60 %" in text for text in section.paragraphs)
    assert not any("feature grid" in text for text in localization(Lookup(audit[0])).paragraphs)


def test_curves_carry_their_names_apart_from_each_other(scored):
    figure = localization(Lookup(scored)).figures[1].svg
    assert figure.count("curve line-") == 2
    heights = [float(part.split('y="')[1].split('"')[0]) for part in figure.split("<text")
               if 'x="372"' in part]  # fmt: skip
    assert len(heights) == 2
    assert abs(heights[0] - heights[1]) >= 14


def test_localization_is_claimed_of_annotated_fractures_alone(audit):
    scope = {"method": "gradcam", "analysis": "worst_case"}
    kept = [one for one in audit[0].findings if one.metric != "mass"]
    sampled = audit[0].accountability.sampled_positives

    def paragraphs(read, *forms):
        made = [Finding("mass", scope, _share(0.3), positives=read)]
        made += [Finding("mass", {**scope, "form": form}, _share(0.3)) for form in forms]
        return " ".join(localization(Lookup(replace(audit[0], findings=(*kept, *made)))).paragraphs)

    labels_alone = f"Localization is read on {sampled - 3} of {sampled} sampled fractures."
    assert labels_alone in paragraphs(sampled - 3)
    assert "sampled fractures" not in paragraphs(sampled)
    assert "Every lesion is annotated as a box" in paragraphs(sampled, "box")
    assert "Every lesion" not in paragraphs(sampled, "box", "mask")
    assert "read on 0 of" in paragraphs(0)
