import numpy as np
import pytest

from xaudit.explain.numerics.quadrature import clenshaw_curtis, new_points, refinements


@pytest.mark.parametrize("steps", [2, 4, 10, 32])
def test_polynomials_are_integrated_exactly(steps):
    points, weights = clenshaw_curtis(steps)
    for degree in range(steps + 1):
        assert weights @ points**degree == pytest.approx(1 / (degree + 1), abs=1e-12)


def test_known_weights():
    np.testing.assert_allclose(clenshaw_curtis(2)[1], [1 / 6, 4 / 6, 1 / 6])
    np.testing.assert_allclose(clenshaw_curtis(4)[1] * 30, [1, 8, 12, 8, 1])


def test_refinements_double_within_the_maximum():
    assert refinements(8, 40) == [8, 16, 32]
    assert refinements(8, 8) == [8]


def test_points_of_all_refinements_together_are_those_of_the_last():
    levels = refinements(4, 32)
    together = np.concatenate([new_points(levels, index)[0] for index in range(len(levels))])
    points, weights = clenshaw_curtis(32)
    np.testing.assert_allclose(np.sort(together)[::-1], points[1:-1])
    last = np.concatenate([new_points(levels, index)[1][-1] for index in range(len(levels))])
    order = np.argsort(-together)
    np.testing.assert_allclose(last[order], weights[1:-1])
