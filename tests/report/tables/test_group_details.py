import dataclasses

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.report.tables.group_details import group_calibration, group_maps
from xaudit.report.view.lookup import Lookup

AT = {"group": "view", "level": "frontal"}


def shown(audit, *findings, alone=False):
    base = audit[0]
    detector = dataclasses.replace(base.detector, format="predictions" if alone else "network")
    study = dataclasses.replace(base.study, levels={"view": base.study.levels["view"]})
    return Lookup(dataclasses.replace(base, detector=detector, study=study, findings=findings))


def found(metric, value, low, high, **scope):
    return Finding(metric, {**AT, **scope}, Estimate(value, low, high, "cluster-robust Wald", n=9))


def test_calibration_of_a_level_stands_beside_its_gap(audit):
    look = shown(
        audit,
        found("brier", 0.12, 0.1, 0.14, analysis="scored"),
        found("brier_gap", -0.03, -0.05, -0.01, analysis="scored", compared="rest"),
    )
    (table,) = group_calibration(look)
    assert table.rows[0][0] == "view frontal"
    assert table.rows[0][1] == "0.120 (0.100–0.140); gap −0.030 (−0.050 to −0.010)"
    assert "not measured" in table.rows[1][1]
    assert "cluster-robust Wald" in table.note
    assert list(group_calibration(shown(audit))) == []


def test_maps_of_a_level_stand_beside_their_gap_method_by_method(audit):
    more = {"method": "shap", "analysis": "scored"}
    look = shown(
        audit,
        found("mass", 0.31, 0.25, 0.37, **more),
        found("mass_gap", -0.1, -0.2, -0.01, compared="rest", **more),
    )
    (table,) = group_maps(look)
    assert table.columns == ("Subgroup", "shap; gap")
    assert table.rows[0] == (
        "view frontal", "31 % (25–37); gap −10 points (−20 to −1)",
    )  # fmt: skip


def test_predictions_alone_have_no_maps(audit):
    look = shown(audit, found("mass_gap", 0.1, 0.0, 0.2, method="shap"), alone=True)
    assert list(group_maps(look)) == []
