import numpy as np
import pytest
from credibility_oracles import entropy_of_histogram

from xaudit.core.metric import METRICS, Undefined
from xaudit.metrics.maps.randomization import (
    complexity_rise,
    edge_similarity,
    histogram_entropy,
    randomization_hog,
    randomization_similarity,
    randomization_ssim,
    randomized_auprc_gap,
    randomized_hit_gap,
    randomized_mass_gap,
    smoothed,
)

INSIDE = np.ones((24, 24), bool)
RNG = np.random.default_rng(0)
MAP, OTHER = RNG.normal(size=(2, 24, 24))


def test_a_map_that_stays_or_only_turns_its_sign_is_not_about_the_network():
    assert randomization_similarity(MAP, MAP, INSIDE) == pytest.approx(1)
    assert randomization_similarity(MAP, -MAP, INSIDE) == pytest.approx(1)
    assert edge_similarity(MAP, -3 * MAP, INSIDE) == pytest.approx(1)
    assert randomization_similarity(MAP, OTHER, INSIDE) < 0.15


def test_pictures_are_compared_with_their_signs():
    for similarity in (randomization_ssim, randomization_hog):
        assert similarity(MAP, 2 * MAP, INSIDE) == pytest.approx(1)
        assert similarity(MAP, OTHER, INSIDE) < 0.5
    assert randomization_ssim(MAP, -MAP, INSIDE) < 0


def test_entropy_agrees_with_the_obvious_version():
    for values in (MAP.ravel(), OTHER.ravel() ** 3):
        assert histogram_entropy(values) == pytest.approx(entropy_of_histogram(values), abs=0.02)


def test_a_map_that_spreads_has_a_positive_rise():
    focused = np.zeros((24, 24))
    focused[4:7, 5:9] = RNG.random((3, 4))
    assert complexity_rise(focused, MAP, INSIDE) > 1
    assert complexity_rise(MAP, focused, INSIDE) < -0.5
    assert complexity_rise(MAP, MAP, INSIDE) == 0


def test_mass_on_lesions_is_set_against_that_of_random_parameters():
    lesions = np.zeros((1, 24, 24), bool)
    lesions[0, 3:9, 4:8] = True
    focused, spread = lesions[0] * 1.0, np.ones((24, 24))
    for own, gap_of in (("mass", randomized_mass_gap), ("auprc", randomized_auprc_gap),
                        ("hit", randomized_hit_gap)):  # fmt: skip
        maps = np.abs(MAP), np.abs(OTHER)
        expected = [METRICS[own](values, lesions, INSIDE) for values in maps]
        assert gap_of(*maps, lesions, INSIDE) == pytest.approx(expected[0] - expected[1])
        assert isinstance(gap_of(focused, -spread, lesions, INSIDE), Undefined)
    gap = randomized_mass_gap(focused, spread, lesions, INSIDE)
    assert gap == pytest.approx(1 - lesions.mean())
    assert randomized_mass_gap(spread, focused, lesions, INSIDE) == pytest.approx(-gap)
    for first, second in ((-spread, spread), (spread, -spread)):
        assert isinstance(randomized_mass_gap(first, second, lesions, INSIDE), Undefined)


def test_degenerate_maps_have_no_figure():
    flat = np.zeros((24, 24))
    for pair in ((flat, MAP), (MAP, flat), (MAP, np.full_like(flat, np.inf))):
        assert isinstance(complexity_rise(*pair, INSIDE), Undefined)
        assert isinstance(randomization_similarity(*pair, INSIDE), Undefined)


def test_the_mean_of_noisy_maps():
    assert np.allclose(smoothed(np.stack([MAP, OTHER])), (MAP + OTHER) / 2)
    with pytest.raises(ValueError, match="maps"):
        smoothed(MAP)
