import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.stats.groups.heterogeneity import Effects, Options, logit_effect, random_effects

R = json.loads((Path(__file__).parents[2] / "fixtures" / "heterogeneity.json").read_text())
NAMES = {"REML": "REML", "DL": "DerSimonian-Laird", "PM": "Paule-Mandel"}


def of(sample, **options):
    return random_effects(Effects(sample["y"], sample["v"]), Options(**options))


@pytest.mark.parametrize("sample", R["samples"], ids=["varied", "alike", "a perfect site"])
def test_logits_are_those_of_metafor(sample):
    found = [logit_effect(k / n, n) for k, n in zip(sample["k"], sample["n"], strict=True)]
    assert [y for y, _ in found] == pytest.approx(sample["y"])
    assert [v for _, v in found] == pytest.approx(sample["v"])


@pytest.mark.parametrize("sample", R["samples"], ids=["varied", "alike", "a perfect site"])
@pytest.mark.parametrize("method", NAMES)
@pytest.mark.parametrize("test", ["knha", "adhoc"])
def test_random_effects_are_those_of_metafor(sample, method, test):
    found = of(sample, tau2=NAMES[method], at_least_fixed=test == "adhoc", prediction="Higgins")
    fit = next(f for f in sample["fits"] if (f["method"], f["test"]) == (method, test))
    near = lambda x: pytest.approx(x, rel=1e-5, abs=1e-8)  # noqa: E731
    assert (found.mean.value, found.mean.low, found.mean.high) == near(
        (fit["value"], fit["low"], fit["high"])
    )
    assert found.tau2.value == near(fit["tau2"])
    assert (found.q, found.p_value) == near((fit["q"], fit["p"]))
    assert (found.tau2.low, found.tau2.high) == near(fit["tau2_limits"])
    assert found.i2.value == near(fit["i2"])
    assert (found.i2.low, found.i2.high) == near(fit["i2_limits"])
    assert (found.new_site.low, found.new_site.high) == near(fit["prediction"])
    assert [left.value for left in found.without] == near(fit["left_out"])


def test_the_logit_scale_turns_back_into_shares():
    sample = R["samples"][0]
    plain, share = of(sample), of(sample, scale="logit")
    for name in ("value", "low", "high"):
        logit = getattr(plain.new_site, name)
        assert getattr(share.new_site, name) == pytest.approx(1 / (1 + np.exp(-logit)))
    assert "logit" in share.mean.method
    assert share.tau2 == plain.tau2


@given(st.integers(0, 10**6), st.integers(3, 12), st.sampled_from(sorted(NAMES.values())))
@settings(max_examples=60, deadline=None)
def test_limits_hold_the_value_and_shifting_sites_shifts_the_mean(seed, sites, method):
    rng = np.random.default_rng(seed)
    values, variances = rng.normal(size=sites) * rng.choice([0.01, 1, 10]), rng.random(sites) + 0.01
    found = random_effects(Effects(values, variances), Options(method))
    assert found.mean.low <= found.mean.value <= found.mean.high
    assert found.new_site.low <= found.mean.low <= found.mean.high <= found.new_site.high
    assert 0 <= found.i2.low <= found.i2.value <= found.i2.high <= 1
    moved = random_effects(Effects(values + 3, variances), Options(method))
    assert moved.mean.value == pytest.approx(found.mean.value + 3, abs=1e-6)
    assert moved.tau2.value == pytest.approx(found.tau2.value, rel=1e-5, abs=1e-8)


@pytest.mark.heavy
def test_planted_variance_is_found_and_a_new_site_is_predicted():
    rng, runs = np.random.default_rng(3), 400
    means, inside, tau2 = 0, 0, []
    for _ in range(runs):
        truth, variances = rng.normal(1, 0.5, 9), rng.uniform(0.02, 0.2, 9)
        values = truth[:8] + rng.normal(size=8) * variances[:8] ** 0.5
        found = random_effects(Effects(values, variances[:8]))
        means += found.mean.low <= 1 <= found.mean.high
        inside += found.new_site.low <= truth[8] <= found.new_site.high
        tau2.append(found.tau2.value)
    assert np.mean(tau2) == pytest.approx(0.25, abs=0.03)
    assert 0.92 < means / runs < 0.98
    assert 0.93 < inside / runs < 0.99


def test_two_sites_are_too_few_and_a_wrong_table_says_what_is_wrong():
    found = random_effects(Effects(np.zeros(2), np.ones(2)))
    assert found.mean.undefined == "2 sites, 3 needed for random effects"
    assert found.p_value is None
    with pytest.raises(ValueError, match="positive"):
        Effects(np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match="finite"):
        Effects(np.full(3, np.inf), np.ones(3))
    with pytest.raises(ValueError, match="3 values but 2"):
        Effects(np.zeros(3), np.ones(2))
    with pytest.raises(ValueError, match="share"):
        logit_effect(1.2, 10)


def test_with_many_sites_both_predictions_agree_and_with_few_the_uncertainty_of_tau2_widens():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.8, 400) + 0.3 * rng.normal(size=400)
    variances = np.full(400, 0.09)

    def width(sites, prediction):
        effects = Effects(values[:sites], variances[:sites])
        found = random_effects(effects, Options(prediction=prediction)).new_site
        return found.high - found.low

    both = "confidence distribution", "Higgins"
    assert width(400, both[0]) == pytest.approx(width(400, both[1]), rel=0.02)
    assert width(6, both[0]) > 1.1 * width(6, both[1])
