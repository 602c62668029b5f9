"""Analyses of xaudit and of other packages."""

from collections import Counter
from dataclasses import replace

import pytest

from xaudit.audit.analyses.derived_metrics import beside
from xaudit.audit.analyses.port import (
    ANALYSES,
    SUBTLETY,
    TABLES,
    TYPES,
    Analysis,
    Material,
    analyses,
    analyzed,
)
from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.plan.metrics import all_metrics, metrics_of
from xaudit.audit.scores.probe_tables import BOXES, EXAMINATIONS, MASKS, READINGS
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding

SOMETIMES = (READINGS, EXAMINATIONS, TYPES, SUBTLETY, BOXES, MASKS)


@pytest.fixture
def material(tmp_path):
    nothing = Results(Store(tmp_path), (), (), (), {})
    return Material(nothing, (), StatisticsConfig(), 1, "patient")


def brought(findings):
    return Analysis(
        "of a package", 500, frozenset({"cases"}), findings,
        lambda: [beside("seen", "What is seen?", "higher", "number")], package="others",
    )  # fmt: skip


def of_package(material, monkeypatch, findings):
    monkeypatch.setitem(ANALYSES._things, "of a package", brought(findings))
    return dict((one.name, tuple(made)) for one, made in analyzed(material, ["cases"]))[
        "of a package"
    ]


def test_findings_have_places_of_their_own_and_figures_one_meaning():
    every = analyses()
    assert [one.order for one in every] == sorted({one.order for one in every})
    assert max(Counter(one.name for one in all_metrics()).values()) == 1


def test_analyses_run_where_their_tables_are(material):
    alone = {one.name for one, _ in analyzed(material, ["cases"])}
    assert {"scores", "label shift", "folds"} <= alone
    assert not {"localization", "robustness", "shortcuts", "site shift"} & alone
    everywhere = {one.name for one, _ in analyzed(material, TABLES)}
    assert not {"annotators", "types of fracture"} & everywhere
    assert {one.name for one, _ in analyzed(material, {*TABLES, *SOMETIMES})} == set(ANALYSES)


def test_metrics_are_those_of_the_tables_that_there_are():
    names = {one.name for one in metrics_of(["cases"])}
    assert {"auc", "ppv", "auc_site_mean", "decision_gain"} <= names
    assert not {"mass", "degraded_auc", "lesion_effect", "feature_shift_auc"} & names


def test_what_several_stand_on_is_made_once(material):
    made = []

    def make(of):
        made.append(of)
        return object()

    assert material.shared(make) is material.shared(make)
    assert made == [material]


def test_findings_of_a_package_are_told_as_its_own(material, monkeypatch):
    found = Finding("seen", {"group": "sex"}, Estimate(0.5, 0.4, 0.6, "drawn", n=9))
    assert of_package(material, monkeypatch, lambda _: [found]) == (found,)
    (facts,) = [one for one in all_metrics() if one.name == "seen"]
    assert (facts.package, facts.family) == ("others", "added")


def fails(_):
    raise KeyError("site")


def strays(_):
    return [Finding("auc", {}, Estimate(1.0, 1.0, 1.0, "made up", n=1))]


@pytest.mark.parametrize(
    ("findings", "why"), [(fails, "KeyError: 'site'"), (strays, "auc is none of its facts")]
)
def test_a_fault_of_a_package_is_a_reason_without_a_value(material, monkeypatch, findings, why):
    (one,) = of_package(material, monkeypatch, findings)
    assert one.metric == "seen"
    assert one.estimate.value is None
    assert one.estimate.undefined == f"the package others failed: {why}"


def test_an_analysis_of_ours_is_not_caught(material, monkeypatch):
    ours = replace(brought(fails), package="")
    monkeypatch.setitem(ANALYSES._things, "of a package", ours)
    with pytest.raises(KeyError):
        tuple(analyzed(material, ["cases"]))
