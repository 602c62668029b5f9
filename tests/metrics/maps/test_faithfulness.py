import credibility_oracles as oracles
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xaudit.core.metric import Undefined
from xaudit.metrics.maps.faithfulness import (
    area_under,
    baseline_spread,
    comprehensiveness,
    deletion,
    faithfulness_correlation,
    image_reliability,
    infidelity,
    insertion,
    sufficiency,
    symmetric_relevance_gain,
)

SHARES = np.array([0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1])
seeds = given(st.integers(0, 10**6))
few = settings(max_examples=40, deadline=None)


def _curve(rng):
    return np.concatenate([[0.9], rng.random(len(SHARES) - 2), [0.1]])


@seeds
@few
def test_areas_agree_with_a_fine_sum(seed):
    curve = _curve(np.random.default_rng(seed))
    assert area_under(SHARES, curve) == pytest.approx(oracles.polygon_area(SHARES, curve), abs=1e-5)
    assert 0 <= deletion(SHARES, curve) <= 1


@seeds
@few
def test_the_gain_turns_its_sign_with_the_order_and_a_random_order_gains_nothing(seed):
    rng = np.random.default_rng(seed)
    one, other = _curve(rng), _curve(rng)
    gain = symmetric_relevance_gain(SHARES, one, other)
    assert gain == pytest.approx(-symmetric_relevance_gain(SHARES, other, one))
    assert gain == pytest.approx(insertion(SHARES, other) - deletion(SHARES, one))
    assert symmetric_relevance_gain(SHARES, one, one) == 0


def test_the_best_and_the_worst_order():
    at_once = np.array([1, *[0] * (len(SHARES) - 1)], float)
    to_the_last = np.array([*[1] * (len(SHARES) - 1), 0], float)
    assert symmetric_relevance_gain(SHARES, at_once, to_the_last) == pytest.approx(0.95)
    assert comprehensiveness(SHARES, at_once) == 1
    assert sufficiency(SHARES, to_the_last) == 0
    assert sufficiency(SHARES, at_once) == 1


def test_comprehensiveness_and_sufficiency_by_hand():
    shares = np.array([0, 0.2, 0.5, 0.8, 1])
    scores = np.array([0.9, 0.6, 0.4, 0.3, 0.1])
    assert comprehensiveness(shares, scores) == pytest.approx(0.9 - (0.6 + 0.4) / 2)
    # Kept are 0.5 and 0.2, so 0.5 and 0.8 are gone; keeping nothing does not count.
    assert sufficiency(shares, scores) == pytest.approx(0.9 - (0.4 + 0.3) / 2)


def test_a_score_that_does_not_fall_cannot_be_explained():
    flat = np.full(len(SHARES), 0.5)
    for score in (
        deletion(SHARES, flat),
        insertion(SHARES, flat),
        comprehensiveness(SHARES, flat),
        sufficiency(SHARES, flat),
        symmetric_relevance_gain(SHARES, flat, flat),
        symmetric_relevance_gain(SHARES, flat, _curve(np.random.default_rng(0))),
        symmetric_relevance_gain(SHARES, _curve(np.random.default_rng(0)), flat),
    ):
        assert isinstance(score, Undefined)
        assert "0.500" in score.reason


@pytest.mark.parametrize(
    ("shares", "scores", "said"),
    [
        ([0, 0.5, 1], [1, 0], "for each share"),
        ([0, 0.5, 0.9], [1, 0.5, 0], "from 0 to 1"),
        ([0, 0.5, 0.5, 1], [1, 0.5, 0.4, 0], "from 0 to 1"),
        ([0, 0.5, 1], [1, np.nan, 0], "finite"),
    ],
)
def test_what_is_no_curve_is_refused(shares, scores, said):
    with pytest.raises(ValueError, match=said):
        deletion(np.array(shares, float), np.array(scores, float))


def test_a_curve_without_small_shares_says_so():
    with pytest.raises(ValueError, match="one half"):
        comprehensiveness(np.array([0, 0.7, 1]), np.array([1, 0.4, 0]))


def _subsets(seed, count=30):
    rng = np.random.default_rng(seed)
    marked, falls, areas = rng.normal(size=(3, count))
    return marked, falls + 0.5 * marked, np.abs(areas)


@seeds
@few
def test_correlation_and_infidelity_agree_with_the_obvious_versions(seed):
    marked, falls, areas = _subsets(seed)
    expected = oracles.partial_correlation(marked, falls, areas)
    assert faithfulness_correlation(marked, falls, areas) == pytest.approx(expected, abs=1e-9)
    assert infidelity(marked, falls) == pytest.approx(oracles.infidelity(marked, falls), abs=1e-4)


@seeds
@few
def test_a_positive_factor_changes_nothing_and_order_neither(seed):
    marked, falls, areas = _subsets(seed)
    for factor in (1e-30, 1e30):
        assert infidelity(factor * marked, falls) == pytest.approx(infidelity(marked, falls))
        assert faithfulness_correlation(factor * marked, falls, areas) == pytest.approx(
            faithfulness_correlation(marked, falls, areas)
        )
    assert infidelity(marked[::-1], falls[::-1]) == pytest.approx(infidelity(marked, falls))


def test_an_additive_score_is_predicted_without_error():
    rng = np.random.default_rng(3)
    hidden = rng.random((40, 10)) < 0.5
    worth, area = rng.normal(size=10), rng.random(10)
    marked, falls = hidden @ worth, hidden @ (2 * worth)
    assert infidelity(marked, falls) == pytest.approx(0, abs=1e-12)
    assert faithfulness_correlation(marked, falls, hidden @ area) == pytest.approx(1)
    assert infidelity(-marked, falls) == pytest.approx(1)
    assert faithfulness_correlation(-marked, falls, hidden @ area) == pytest.approx(-1)


def test_infidelity_of_integrated_gradients_on_captums_toy():
    # ReLU(ReLU(x1) - 1 - ReLU(x2)) at (3, 1): attributions (1.5, -0.5), both features removed.
    assert infidelity(np.array([1.5 - 0.5]), np.array([1.0])) == 0


def test_a_constant_map_earns_nothing_by_hiding_larger_regions():
    areas = np.random.default_rng(0).random(20)
    falls = 3 * areas + 0.1 * np.random.default_rng(1).normal(size=20)
    found = faithfulness_correlation(0.7 * areas, falls, areas)
    assert isinstance(found, Undefined)
    assert "size" in found.reason


def test_nothing_to_correlate_is_said():
    marked, falls, areas = _subsets(0)
    assert isinstance(faithfulness_correlation(marked[:3], falls[:3], areas[:3]), Undefined)
    still = np.full(30, 0.2)
    assert isinstance(faithfulness_correlation(marked, still, areas), Undefined)
    assert isinstance(faithfulness_correlation(marked, areas, areas), Undefined)
    assert isinstance(infidelity(marked, np.zeros(30)), Undefined)
    assert infidelity(np.zeros(30), falls) == 1
    with pytest.raises(ValueError, match="each subset"):
        infidelity(marked, falls[1:])
    with pytest.raises(ValueError, match="finite"):
        infidelity(marked, np.full(30, np.nan))


def test_baselines_that_disagree_are_told():
    assert baseline_spread([0.25, -0.25, 0.5]) == 0.75
    assert isinstance(baseline_spread([0.25]), Undefined)


def test_one_image_is_as_reliable_as_its_baselines_agree():
    rng = np.random.default_rng(0)
    true = rng.normal(size=(2000, 1))
    assert image_reliability(np.repeat(true, 4, axis=1)) == pytest.approx(1)
    # Correlation 1/5 between baselines: 4/5 over 1 + 3/5.
    noisy = true + 2 * rng.normal(size=(2000, 4))
    assert image_reliability(noisy) == pytest.approx(0.5, abs=0.05)
    assert isinstance(image_reliability(true[:1]), Undefined)
    assert isinstance(image_reliability(np.ones((5, 3))), Undefined)
