import dataclasses

from xaudit.audit.maps.site_shift import site_shift_facts
from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.report.tables.site_shift import site_shift
from xaudit.report.view.lookup import Lookup

METHOD = "clustered DeLong (Obuchowski 1997), logit"


def shifted(audit, *findings, column="site", alone=False):
    base = audit[0]
    study = dataclasses.replace(
        base.study, site_column=column, levels={"site": {"A": (60, 20), "B": (70, 30)}}
    )
    detector = dataclasses.replace(base.detector, format="predictions" if alone else "network")
    return Lookup(
        dataclasses.replace(
            base,
            study=study,
            detector=detector,
            findings=findings,
            metrics=tuple(site_shift_facts()),
        )
    )


def at(name, value, low, high, level="A"):
    scope = {"group": "site", "level": level, "compared": "rest", "analysis": "scored"}
    return Finding(name, scope, Estimate(value, low, high, METHOD, n=130))


def test_row_says_how_well_by_chance_and_in_what(audit):
    (table,) = site_shift(
        shifted(
            audit,
            at("image_shift_auc", 0.91, 0.85, 0.95),
            at("image_shift_auc_chance", 0.5, 0.41, 0.58),
            at("image_shift_auc_p", 0.002, 0.002, 0.002),
            at("image_shift_mmd_p", 0.0312, 0.0312, 0.0312),
            at("image_noise_difference", -1.27, -1.7, -0.8),
            at("image_mean_difference", 0.3, 0.1, 0.5),
            at("image_spread_difference", 0.1, -0.2, 0.4),
            at("image_quantile_05_difference", 2.0, 1.0, 3.0, level="B"),
        )
    )
    assert table.rows == (
        ("A", "images", "0.91 (0.85–0.95)", "0.50 (0.41–0.58)", "0.002", "0.031",
         "noise −1.27 (−1.70 to −0.80); mean +0.30 (+0.10 to +0.50)"),
    )  # fmt: skip
    assert table.links[0].startswith("#finding=image_shift_auc")
    assert METHOD in table.note


def test_where_nothing_is_shown_it_says_so(audit):
    scope = {"group": "site", "level": "B", "compared": "rest", "analysis": "scored"}
    small = Estimate.missing("5 patients on one side, 10 needed for an estimate", n=20)
    (table,) = site_shift(
        shifted(
            audit,
            at("image_shift_auc", 0.5, 0.4, 0.6),
            at("image_mean_difference", 0.1, -0.2, 0.4),
            Finding("image_shift_auc", scope, small),
            Finding("image_mean_difference", scope, small),
        )
    )
    (first, second) = table.rows
    assert first[-1] == "none is shown to"
    assert "5 patients" in second[2]
    assert second[3:] == ("—", "—", "—", "—")


def test_reason_for_all_sites_stands_in_one_row(audit):
    scope = {"group": "site", "compared": "rest", "analysis": "scored"}
    why = Estimate.missing("1 site with scored cases, 2 needed")
    (table,) = site_shift(shifted(audit, Finding("feature_shift_auc", scope, why)))
    assert table.rows[0][:2] == ("All sites", "detector features")
    assert "2 needed" in table.rows[0][2]


def test_predictions_alone_are_not_applicable_and_without_sites_there_is_nothing(audit):
    (table,) = site_shift(shifted(audit, alone=True))
    assert "Not applicable" in table.rows[0][1]
    assert list(site_shift(shifted(audit, column=None, alone=True))) == []
    assert list(site_shift(shifted(audit))) == []
