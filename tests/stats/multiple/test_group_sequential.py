"""Boundaries beside published ones, and beside the multivariate normal distribution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from xaudit.stats.multiple.group_sequential import (
    ALPHA,
    LARGEST,
    boundaries,
    crossing,
    inflation,
    repeated_level,
    sequential_p,
    spent,
)

FIVE = (0.2, 0.4, 0.6, 0.8, 1.0)


def joint(fractions, limits, drift=0.0):
    """Chance that no boundary is crossed, from the joint distribution of Z at the analyses."""
    t = np.array(fractions)
    covariance = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    mean = drift * np.sqrt(t)
    return float(stats.multivariate_normal(mean, covariance).cdf(np.array(limits)))


@pytest.mark.parametrize(
    ("spending", "published"),
    [
        # gsDesign, gsDesign(k = 5, test.type = 1, alpha = 0.025, sfu = sfLDOF and sfLDPocock).
        ("obrien_fleming", (4.8769, 3.3570, 2.6803, 2.2898, 2.0310)),
        ("pocock", (2.4380, 2.4268, 2.4102, 2.3966, 2.3860)),
    ],
)
def test_boundaries_are_the_published_ones(spending, published):
    assert boundaries(FIVE, spending) == pytest.approx(published, abs=1e-4)


@pytest.mark.parametrize("shape", ["constant", "falling"])
def test_constants_and_inflation_of_jennison_and_turnbull(shape):
    """Tables 2.1 to 2.4 (2000), five analyses, two-sided 5 %: constants 2.413 and 2.040."""
    limits = [2.413 if shape == "constant" else 2.040 / t**0.5 for t in FIVE]
    assert sum(crossing(FIVE, limits)) == pytest.approx(0.025, abs=5e-5)
    published = 1.228 if shape == "constant" else 1.028
    assert inflation(FIVE, limits) == pytest.approx(published, abs=1e-3)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
@pytest.mark.parametrize("drift", [0.0, 2.8])
def test_crossing_agrees_with_the_joint_distribution(spending, drift):
    fractions = (0.3, 0.45, 0.8, 1.0)
    limits = boundaries(fractions, spending)
    crossed = sum(crossing(fractions, limits, drift))
    assert crossed == pytest.approx(1 - joint(fractions, limits, drift), abs=2e-5)
    if drift == 0:
        assert crossed == pytest.approx(ALPHA, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(
    st.sets(st.integers(2, 49), min_size=1, max_size=5),
    st.sampled_from(["obrien_fleming", "pocock"]),
    st.floats(0.001, 0.2),
)
def test_error_is_spent_as_declared(parts, spending, alpha):
    fractions = (*(one / 50 for one in sorted(parts)), 1.0)
    limits = boundaries(fractions, spending, alpha)
    crossed = np.cumsum(crossing(fractions, limits))
    for fraction, limit, sum_ in zip(fractions, limits, crossed, strict=True):
        assert limit == LARGEST or sum_ == pytest.approx(spent(fraction, spending, alpha), abs=1e-9)
    assert crossed[-1] <= alpha + 1e-9
    assert limits[-1] >= stats.norm.isf(alpha) - 1e-9


def test_one_look_is_the_usual_test():
    for spending in ("obrien_fleming", "pocock"):
        assert boundaries([1.0], spending) == pytest.approx([1.959964], abs=1e-6)
        assert sequential_p(0.01, [1.0], spending) == pytest.approx(0.01, rel=1e-3)
    assert repeated_level(1.959964) == pytest.approx(0.95, abs=1e-7)
    assert inflation([1.0], [1.959964]) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_sequential_p_is_alpha_at_the_boundary_and_never_too_small(spending):
    fractions = (0.25, 0.5, 0.75, 1.0)
    limits = boundaries(fractions, spending)
    for number, limit in enumerate(limits[1:], 2):
        at = sequential_p(float(stats.norm.sf(limit)), fractions[:number], spending)
        assert at == pytest.approx(ALPHA, rel=1e-3)
    # Whichever look has the smallest one: below 0.025 with probability 0.025.
    rng = np.random.default_rng(4)
    steps = rng.normal(size=(2000, 4)) * 0.5
    z = np.cumsum(steps, axis=1) / np.sqrt(fractions)
    below = (z >= np.array(limits)).any(axis=1)
    for row, hit in [
        *((one, True) for one in z[below][:4]),
        *((one, False) for one in z[~below][:4]),
    ]:
        ps = [sequential_p(float(stats.norm.sf(one)), fractions[: n + 1], spending)
              for n, one in enumerate(row)]  # fmt: skip
        assert (min(ps) < ALPHA) == hit
    assert below.mean() == pytest.approx(ALPHA, abs=0.011)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_certain_p_values_have_an_answer(p):
    assert sequential_p(p, [0.5, 1.0], "pocock") == pytest.approx(p, abs=1e-6)


@pytest.mark.parametrize("fractions", [(), (0.5, 0.5, 1), (0.0, 1.0), (0.5, 1.1), (0.8, 0.4)])
def test_fractions_must_rise_within_the_study(fractions):
    with pytest.raises(ValueError, match="rise within"):
        boundaries(fractions, "pocock")
    with pytest.raises(ValueError, match="expected a fraction"):
        spent(1.5, "pocock")
