import numpy as np
import pytest

from xaudit.audit.sites import site_findings
from xaudit.core.detector import OperatingPoint
from xaudit.errors import ConfigError
from xaudit.fairness.sites import site_heterogeneity
from xaudit.metrics.discrimination import Predictions, auc, sensitivity

POINT = OperatingPoint("tuned", 0.0, "fixed", "")


def hospitals(seed, spread, count=8, each=120):
    """Sites whose detector is shifted by a normal draw; one image of each patient."""
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(count), each)
    labels = rng.random(len(site)) < 0.5
    shift = rng.normal(0, spread, count)[site]
    logits = np.where(labels, 1.0, -1.0) + rng.logistic(size=len(site)) + shift
    sites = {f"h{one}": site == one for one in range(count)}
    return Predictions(logits, labels, tuple(map(str, range(len(site))))), sites


@pytest.mark.parametrize("metric", ["sensitivity", "specificity", "auc"])
def test_equal_sites_show_little_and_unequal_ones_much(metric):
    same = site_heterogeneity(metric, *hospitals(1, 0.0))[0]
    apart, used = site_heterogeneity(metric, *hospitals(1, 1.5))
    assert same.i2.value < 0.5
    if metric != "auc":
        # A shift moves both kinds of images, so ranks inside a site stay.
        assert apart.i2.value > 0.7
        assert apart.new_site.high - apart.new_site.low > 1.3 * (apart.mean.high - apart.mean.low)
    assert len(used) == len(apart.without) == 8


def test_mean_of_equal_sites_is_that_of_all_cases():
    predictions, sites = hospitals(2, 0.0)
    for metric, whole in (("sensitivity", sensitivity), ("auc", auc)):
        found = site_heterogeneity(metric, predictions, sites)[0]
        assert found.mean.value == pytest.approx(whole(predictions).value, abs=0.02)


def test_patients_with_many_images_weigh_as_patients():
    predictions, sites = hospitals(3, 0.0)
    twice = np.repeat(np.arange(len(predictions)), 2)
    doubled = predictions.subset(twice)
    once = site_heterogeneity("sensitivity", predictions, sites)[0]
    again = site_heterogeneity("sensitivity", doubled, {k: v[twice] for k, v in sites.items()})[0]
    assert again.mean.low == pytest.approx(once.mean.low, abs=0.01)
    assert again.mean.high == pytest.approx(once.mean.high, abs=0.01)


def test_sites_with_a_handful_are_left_out():
    predictions, sites = hospitals(4, 0.0, count=4)
    sites["h0"] = sites["h0"] & (np.arange(len(predictions)) < 6)
    found, used = site_heterogeneity("sensitivity", predictions, sites)
    assert used == ("h1", "h2", "h3")
    assert found.mean.clusters == 360
    nothing, used = site_heterogeneity("auc", predictions, {"h0": sites["h0"]})
    assert used == ()
    assert "0 sites" in nothing.mean.undefined


def test_findings_name_the_site_that_is_left_out():
    found = list(site_findings(*_of(hospitals(5, 1.0, count=4)), (10, 30)))
    left = [one.scope["level"] for one in found if one.scope.get("compared") == "without"]
    assert left == ["h0", "h1", "h2", "h3"] * 3
    means = [one for one in found if one.metric == "sensitivity_site_mean"]
    assert means[0].scope == {"group": "site", "analysis": "scored", "operating_point": "tuned"}
    assert all("5 needed for a verdict" in one.estimate.caution for one in means)


def _of(study):
    predictions, sites = study
    return predictions, (POINT,), sites, "site"


def test_unknown_metrics_are_named():
    with pytest.raises(ConfigError, match="no random effects for 'f1'"):
        site_heterogeneity("f1", *hospitals(1, 0.0))
