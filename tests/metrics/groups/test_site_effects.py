import numpy as np
import pytest
from scipy.special import logit

from xaudit.metrics.groups.site_effects import site_effects
from xaudit.metrics.scores.discrimination import Predictions
from xaudit.stats.groups.heterogeneity import Effects, Options, logit_effect, random_effects

RNG = np.random.default_rng


def _study(spread, sites=8, n=400, per_patient=1, seed=0):
    rng = RNG(seed)
    site = np.repeat(np.arange(sites), n)
    labels = rng.random(sites * n) < 0.5
    logits = rng.normal(size=sites * n) + (1 + spread * rng.normal(size=sites)[site]) * labels
    names = tuple(f"p{i // per_patient}" for i in range(sites * n))
    return Predictions(logits, labels, names), {f"site {s}": site == s for s in range(sites)}


def test_one_case_for_each_patient_is_plain_counts():
    p, sites = _study(0.5)
    found = site_effects(p, sites, "sensitivity")
    pairs = []
    for own in sites.values():
        table = p.subset(own).table
        pairs.append(logit_effect(table.tp / (table.tp + table.fn), table.tp + table.fn))
    expected = random_effects(Effects(*zip(*pairs, strict=True)), Options(scale="logit"))
    assert found.found.mean.value == pytest.approx(expected.mean.value)
    assert found.found.tau2.value == pytest.approx(expected.tau2.value)
    assert found.found.mean.n == 3200


def test_planted_differences_of_sites_are_found_in_the_auc():
    alike, apart = (site_effects(*_study(s), "auc").found for s in (0.0, 0.7))
    assert alike.i2.value < 0.4
    assert apart.i2.value > 0.8
    assert apart.p_value < 1e-6
    assert apart.new_site.high - apart.new_site.low > 2 * (apart.mean.high - apart.mean.low)


def test_copies_of_cases_show_no_more_than_the_patients():
    p, sites = _study(0.3)
    twice = Predictions(
        np.repeat(p.logits, 2), np.repeat(p.labels, 2), tuple(np.repeat(p.patients, 2))
    )
    copied = {name: np.repeat(own, 2) for name, own in sites.items()}
    for metric in ("specificity", "auc"):
        once, again = site_effects(p, sites, metric), site_effects(twice, copied, metric)
        assert again.found.tau2.value == pytest.approx(once.found.tau2.value, rel=0.05)
        assert again.found.mean.high == pytest.approx(once.found.mean.high, abs=0.002)


def test_a_perfect_site_stays_and_one_without_positives_is_named():
    p, sites = _study(0.0, sites=5, n=60)
    logits, labels = p.logits.copy(), p.labels.copy()
    logits[:60] = np.where(labels[:60], 9.0, -9.0)
    labels[60:120] = False
    changed = Predictions(logits, labels, p.patients)
    for metric in ("sensitivity", "auc"):
        found = site_effects(changed, sites, metric)
        assert found.sites == ("site 0", "site 2", "site 3", "site 4")
        assert "2" in found.left_out["site 1"]
        assert len(found.found.without) == 4
        without_perfect = logit(found.found.without[0].value)
        assert without_perfect < logit(found.found.mean.value)


def test_a_patient_in_two_sites_is_named():
    p, sites = _study(0.0, sites=3, n=30)
    names = (*p.patients[:30], "p0", *p.patients[31:])
    with pytest.raises(ValueError, match=r"'p0' \(row 30\) is in sites 'site 0' and 'site 1'"):
        site_effects(Predictions(p.logits, p.labels, names), sites, "auc")
    with pytest.raises(ValueError, match="unknown metric 'recall'"):
        site_effects(p, sites, "recall")
