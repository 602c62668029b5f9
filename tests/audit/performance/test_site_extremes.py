from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.performance.label_shift import label_shift_findings
from xaudit.audit.performance.performance import Performance
from xaudit.audit.performance.site_extremes import site_extreme_findings
from xaudit.audit.store.store import CaseRow
from xaudit.core.cut import Cut
from xaudit.core.detector import OperatingPoint
from xaudit.metrics.groups.sides import Sides
from xaudit.metrics.scores.discrimination import Predictions

POINT = OperatingPoint("tuned", 0.0, "fixed", "")


def hospitals(sizes, seed=1):
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(len(sizes)), sizes)
    labels = rng.random(len(site)) < 0.5
    logits = np.where(labels, 1.0, -1.0) + rng.normal(size=len(site))
    p = Predictions(logits, labels, tuple(map(str, range(len(site)))))
    return p, {f"h{one}": site == one for one in range(len(sizes))}


def extremes(p, sites):
    levels = Cut(tuple(sites), np.argmax(list(sites.values()), axis=0).astype(np.int32))
    sides = Sides(p, {"site": levels})
    return list(site_extreme_findings(p, (POINT,), sides, "site", list(sites), (10, 30)))


def test_each_site_is_left_out_of_the_pool():
    p, sites = hospitals([120, 130, 140])
    found = {
        one.scope["level"]: one.estimate
        for one in extremes(p, sites)
        if one.metric == "auc_without_site"
    }
    for name, inside in sites.items():
        area = roc_auc_score(p.labels[~inside], p.logits[~inside])
        assert found[name].value == pytest.approx(area)


def test_small_sites_leave_a_caution_on_the_worst():
    def worst(sizes):
        made = extremes(*hospitals(sizes))
        return next(one.estimate for one in made if one.metric == "sensitivity_worst_site")

    assert worst([120, 130]).caution is None
    assert "1 of 3 sites" in worst([120, 130, 8]).caution
    assert "the smallest site has" in worst([120, 130, 40]).caution
    assert extremes(*hospitals([120])) == []


def test_ppv_follows_the_prevalence_of_the_site():
    p, sites = hospitals([200, 200])
    found = {
        one.scope["level"]: one.estimate
        for one in label_shift_findings(p, (POINT,), sites, "site")
        if one.metric == "ppv_at_site_prevalence"
    }
    called = p.logits > 0
    se, alarm = called[p.labels].mean(), called[~p.labels].mean()
    for name, inside in sites.items():
        q = p.labels[inside].mean()
        assert found[name].value == pytest.approx(q * se / (q * se + (1 - q) * alarm))
        assert "taken as known" in found[name].method


def test_sites_that_share_patients_are_not_tested():
    p, sites = hospitals([60, 60])
    tied = replace(p, patients=tuple(str(one % 60) for one in range(120)))
    assert list(label_shift_findings(tied, (POINT,), sites, "site")) == []
    only = {name: inside for name, inside in sites.items() if name == "h0"}
    assert list(label_shift_findings(p, (POINT,), only, "site")) == []


def test_a_site_of_fractures_alone_has_no_expected_ppv():
    p, sites = hospitals([60, 60])
    labels = p.labels | sites["h0"]
    made = label_shift_findings(replace(p, labels=labels), (POINT,), sites, "site")
    found = {one.id: one.estimate for one in made}
    one = found["ppv_at_site_prevalence[analysis=scored,group=site,level=h0,operating_point=tuned]"]
    assert "all or none" in one.undefined


def test_cases_of_no_known_site_are_no_site():
    rows = [
        CaseRow(f"c{n}", f"p{n}", n % 2 == 0, {"site": ("A", "B", "unknown", "")[n % 4]},
                float(n % 5 - 2), 0, "none", False)
        for n in range(240)
    ]  # fmt: skip
    performance = Performance(rows, (POINT,), StatisticsConfig(draws=200), 1, "patient")
    sites = performance.sites("site")
    judged, sides = performance.judged, performance.sides
    made = site_extreme_findings(judged, (POINT,), sides, "site", sites, (10, 30))
    found = [one for one in made if one.metric == "auc_without_site"]
    assert [one.scope["level"] for one in found] == ["A", "B"]
