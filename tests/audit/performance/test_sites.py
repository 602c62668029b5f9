import numpy as np
import pytest

from xaudit.audit.performance.sites import site_findings
from xaudit.core.detector import OperatingPoint
from xaudit.metrics.scores.discrimination import Predictions, sensitivity

POINT = OperatingPoint("tuned", 0.0, "fixed", "")


def hospitals(seed, spread, count, each=120):
    """Sites whose detector is shifted by a normal draw; one image of each patient."""
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(count), each)
    labels = rng.random(len(site)) < 0.5
    logits = np.where(labels, 1.0, -1.0) + rng.logistic(size=len(site))
    logits = logits + rng.normal(0, spread, count)[site]
    sites = {f"h{one}": site == one for one in range(count)}
    return Predictions(logits, labels, tuple(map(str, range(len(site))))), sites


def findings(predictions, sites):
    return list(site_findings(predictions, (POINT,), sites, "site"))


def test_every_site_is_left_out_once_for_each_measure():
    found = findings(*hospitals(5, 1.0, count=4))
    left = [one.scope["level"] for one in found if one.scope.get("compared") == "without"]
    assert left == ["h0", "h1", "h2", "h3"] * 3
    whole = next(one for one in found if one.metric == "sensitivity_site_mean")
    assert whole.scope == {"group": "site", "analysis": "scored", "operating_point": "tuned"}


def test_few_sites_carry_no_verdict_and_many_do():
    few, many = (findings(*hospitals(6, 0.5, count)) for count in (4, 9))
    assert all("5 needed for a verdict" in one.estimate.caution for one in few)
    assert not any(one.estimate.caution for one in many)


def test_mean_of_equal_sites_is_that_of_all_cases_and_a_new_site_is_wider():
    predictions, sites = hospitals(2, 0.0, count=8)
    by_name = {one.metric: one.estimate for one in findings(predictions, sites)
               if "compared" not in one.scope}  # fmt: skip
    mean, new = by_name["sensitivity_site_mean"], by_name["sensitivity_new_site"]
    assert mean.value == pytest.approx(sensitivity(predictions).value, abs=0.02)
    assert new.low < mean.low < mean.high < new.high


def test_patients_at_several_sites_are_a_reason():
    predictions, sites = hospitals(4, 0.0, count=4)
    tied = Predictions(predictions.logits, predictions.labels, ("one",) * len(predictions))
    (finding,) = findings(tied, sites)
    assert "sites have to be independent" in finding.estimate.undefined
