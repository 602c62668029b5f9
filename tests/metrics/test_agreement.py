import numpy as np
import pytest
from scipy.stats import spearmanr

from xaudit.core.metric import METRICS, Undefined
from xaudit.metrics.agreement import consensus

AGREEMENT = METRICS["agreement"]


def _maps(seed, shape=(40, 33)):
    rng = np.random.default_rng(seed)
    inside = np.ones(shape, bool)
    inside[:, 26:] = False
    return (
        rng.normal(size=shape).astype(np.float32),
        rng.normal(size=shape).astype(np.float32),
        inside,
    )


def test_agreement_is_spearman_over_cells():
    for seed in range(4):
        first, second, inside = _maps(seed)
        cells = [[], []]
        for top in range(0, 40, 8):
            for left in range(0, 32, 8):
                block = np.s_[top : top + 8, left : left + 8]
                if inside[block].mean() >= 0.5:
                    for row, values in zip(cells, (first, second), strict=True):
                        row.append(np.where(inside, np.maximum(values, 0), 0)[block].mean())
        expected = spearmanr(*cells).statistic
        assert AGREEMENT(first, second, inside) == pytest.approx(expected)


def test_same_map_agrees_with_itself_and_opposite_ones_do_not():
    ramp = np.add.outer(np.arange(32.0), np.arange(32.0)).astype(np.float32) + 1
    inside = np.ones((32, 32), bool)
    assert AGREEMENT(ramp, 5 * ramp, inside) == pytest.approx(1)
    assert AGREEMENT(ramp, ramp.max() + 1 - ramp, inside) == pytest.approx(-1)
    assert isinstance(AGREEMENT(ramp, np.ones_like(ramp), inside), Undefined)
    with pytest.raises(ValueError, match="one size"):
        AGREEMENT(ramp, ramp[1:], inside)


def test_consensus_is_where_both_are_strong_and_loudness_does_not_count():
    first, second = np.zeros((16, 16), np.float32), np.zeros((16, 16), np.float32)
    first[2, 2], first[8, 8], second[8, 8], second[12, 3] = 5, 4, 4, 5
    inside = np.ones((16, 16), bool)
    together = consensus([first, second], inside)
    assert np.unravel_index(together.argmax(), together.shape) == (8, 8)
    np.testing.assert_allclose(consensus([first * 100, second], inside), together)
    inside[:, 12:] = False
    assert not consensus([first, second], inside)[:, 12:].any()
    assert isinstance(consensus([first], inside), Undefined)
