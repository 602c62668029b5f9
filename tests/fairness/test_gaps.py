import numpy as np
import pytest

from xaudit.fairness.disparity import gap_to_rest
from xaudit.fairness.gaps import drawn_gaps
from xaudit.metrics.discrimination import Predictions
from xaudit.stats.weights import patient_counts

METRICS = ("sensitivity", "specificity", "ppv", "npv", "auc")


def study():
    rng = np.random.default_rng(0)
    labels = rng.random(600) < 0.5
    return Predictions(rng.normal(size=600) + 1.5 * labels, labels, np.arange(600) % 200, 0.7)


@pytest.fixture(scope="module")
def drawn():
    p = study()
    levels = {("x", "a"): np.arange(600) < 150, ("x", "b"): np.arange(600) >= 150}
    counts = np.concatenate(list(patient_counts(200, np.random.default_rng(2), 1500)))
    return p, levels, drawn_gaps(METRICS, p, levels, counts.astype(np.float32))


@pytest.mark.parametrize("name", METRICS)
def test_gaps_drawn_together_agree_with_those_drawn_alone(drawn, name):
    p, levels, replicates = drawn
    alone = gap_to_rest(name, p, levels["x", "a"], np.random.default_rng(5), 1000)
    together = gap_to_rest(
        name, p, levels["x", "a"], np.random.default_rng(5), replicates=replicates[name, ("x", "a")]
    )
    assert together.value == pytest.approx(alone.value)
    assert (together.n, together.clusters, together.method) == (
        alone.n, alone.clusters, alone.method,
    )  # fmt: skip
    width = alone.high - alone.low
    assert (together.low, together.high) == pytest.approx((alone.low, alone.high), abs=width / 8)


@pytest.mark.parametrize("name", METRICS)
def test_two_levels_have_opposite_gaps(drawn, name):
    replicates = drawn[2]
    np.testing.assert_allclose(
        replicates[name, ("x", "a")], -replicates[name, ("x", "b")], atol=1e-12
    )


def test_a_level_that_is_seldom_drawn_has_no_interval(drawn):
    p, _, _ = drawn
    levels = {("x", "rare"): p.patients == 3, ("x", "rest"): p.patients != 3}
    counts = np.concatenate(list(patient_counts(200, np.random.default_rng(2), 400)))
    found = drawn_gaps(["sensitivity"], p, levels, counts.astype(np.float32))
    assert np.isnan(found["sensitivity", ("x", "rare")]).mean() == pytest.approx(
        np.exp(-1), abs=0.1
    )
